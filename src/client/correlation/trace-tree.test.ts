/** The tree of a trace: every node once, under what caused it, whatever the nodes say of each other. */
import fc from 'fast-check';
import { node } from './trace-node.testing';
import { traceTree, type TraceBranch } from './trace-tree';

/** `a(b c(d))` */
const shape = (branches: readonly TraceBranch[]): string =>
  branches.map(({ node: { id }, children }) => (children.length === 0 ? id : `${id}(${shape(children)})`)).join(' ');

/** Every branch with the one above it, without recursion. */
function placed(roots: readonly TraceBranch[]): Map<string, string | undefined> {
  const above = new Map<string, string | undefined>();
  const open = roots.map((branch): [TraceBranch, string | undefined] => [branch, undefined]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [branch, parent] = next;
    if (above.has(branch.node.id)) throw new Error(`${branch.node.id} is there twice`);
    above.set(branch.node.id, parent);
    for (const child of branch.children) open.push([child, branch.node.id]);
  }
  return above;
}

it('hangs nodes under what caused them, in the order in which they were told', () => {
  expect(shape(traceTree([node('a'), node('b', 'a'), node('c', 'a'), node('d', 'c'), node('e')]))).toBe('a(b c(d)) e');
});

it('one whose cause is not among them is a root', () => {
  expect(shape(traceTree([node('b', 'gone'), node('c', 'b')]))).toBe('b(c)');
});

it('causes, told from the event up, are a tree from the root down', () => {
  expect(shape(traceTree([node('c', 'b'), node('b', 'a'), node('a')]))).toBe('a(b(c))');
});

it('a circle is cut where it would close', () => {
  expect(shape(traceTree([node('a', 'a')]))).toBe('a');
  expect(shape(traceTree([node('a', 'b'), node('b', 'a')]))).toBe('a(b)');
});

it('a node that is told twice is there once', () => {
  expect(shape(traceTree([node('a'), node('b', 'a'), node('b', 'a')]))).toBe('a(b)');
});

it('100,000 levels are no trouble', () => {
  const chain = Array.from({ length: 100_000 }, (_, i) => node(`${i}`, `${i - 1}`));
  expect(placed(traceTree(chain)).size).toBe(100_000);
});

it('whatever caused what: each node is there once, under its cause or as a root', () => {
  const name = fc.integer({ min: 0, max: 12 }).map(String);
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name), { maxLength: 14 }), (pairs) => {
      const causes = new Map<string, string>();
      for (const [id, cause] of pairs) if (!causes.has(id)) causes.set(id, cause);
      const above = placed(traceTree(pairs.map(([id, cause]) => node(id, cause))));
      expect([...above.keys()].sort()).toEqual([...causes.keys()].sort());
      for (const [id, cause] of causes) {
        if (above.get(id) === undefined) {
          // A root has no cause here, or its own line of causes comes back to itself.
          expect(!causes.has(cause) || leadsTo(causes, cause, id)).toBe(true);
        } else expect(above.get(id)).toBe(cause);
      }
    }),
    { numRuns: 200 },
  );
});

function leadsTo(causes: ReadonlyMap<string, string>, from: string, to: string): boolean {
  const seen = new Set<string>();
  for (let at: string | undefined = from; at !== undefined && !seen.has(at); at = causes.get(at)) {
    if (at === to) return true;
    seen.add(at);
  }
  return false;
}
