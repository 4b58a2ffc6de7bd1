import fc from 'fast-check';
import { arranged, type Branch } from './tree';

/** Nodes whose parents are any of them, themselves too, or strangers. */
const anyNodes = fc
  .array(fc.option(fc.nat(25), { nil: undefined }), { maxLength: 20 })
  .map((parents): Branch[] =>
    parents.map((parent, i) => ({ id: `n${i}`, parent: parent === undefined ? undefined : `n${parent}` })),
  );

/** Whether a node comes to itself again by its parents. */
function isItsOwnAncestor(node: Branch, nodes: ReadonlyMap<string, Branch>): boolean {
  let at = node.parent;
  for (let steps = 0; at !== undefined && steps <= nodes.size; steps++) {
    if (at === node.id) return true;
    at = nodes.get(at)?.parent;
  }
  return false;
}

it('every node stands there once, whatever goes round in circles', () => {
  fc.assert(
    fc.property(anyNodes, (nodes) => {
      const ids = arranged(nodes).map(({ node }) => node.id);
      expect(ids.toSorted()).toEqual(nodes.map(({ id }) => id).toSorted());
    }),
  );
});

it('a parent stands before its children, one level above them', () => {
  fc.assert(
    fc.property(anyNodes, (nodes) => {
      const depths = new Map<string, number>();
      const all = new Set(nodes.map(({ id }) => id));
      for (const { node, parent, depth } of arranged(nodes)) {
        expect(depth).toBe(parent !== undefined && all.has(parent) ? (depths.get(parent) ?? NaN) + 1 : 0);
        depths.set(node.id, depth);
      }
    }),
  );
});

it('a circle is opened at its first node, and only a circle is', () => {
  fc.assert(
    fc.property(anyNodes, (nodes) => {
      const byId = new Map(nodes.map((node) => [node.id, node]));
      const opened = new Set(arranged(nodes).flatMap(({ node, circular }) => (circular ? [node.id] : [])));
      for (const node of nodes) {
        if (!isItsOwnAncestor(node, byId)) {
          expect(opened.has(node.id)).toBe(false);
          continue;
        }
        const circle = [node.id];
        for (let at = node.parent; at !== undefined && at !== node.id; at = byId.get(at)?.parent) circle.push(at);
        const first = nodes.find(({ id }) => circle.includes(id));
        expect(circle.filter((id) => opened.has(id))).toEqual([first?.id]);
      }
    }),
  );
});

it('is as deep as it has to be', () => {
  const nodes = Array.from({ length: 20_000 }, (_, i) => ({ id: `n${i}`, parent: i === 0 ? undefined : `n${i - 1}` }));
  expect(arranged(nodes).at(-1)?.depth).toBe(19_999);
});
