import type { TraceNode } from './trace-node';

/** The nodes of a trace as the tree that they are: pure. */

export interface TraceBranch {
  readonly node: TraceNode;
  /** What came of it, in the order in which it was told. */
  readonly children: readonly TraceBranch[];
}

interface GrowingBranch extends TraceBranch {
  readonly children: GrowingBranch[];
  readonly place: number;
  parent: GrowingBranch | undefined;
}

/**
 * Hangs every node under the one that caused it. One whose cause is not among them is a root, and so is one that would
 * close a circle, whatever the nodes say: each node is in the tree exactly once. Any number of levels is fine.
 */
export function traceTree(nodes: Iterable<TraceNode>): TraceBranch[] {
  const branches = new Map<string, GrowingBranch>();
  for (const node of nodes) {
    if (!branches.has(node.id)) {
      branches.set(node.id, { node, children: [], place: branches.size, parent: undefined });
    }
  }
  // Arrows to earlier nodes close no circle; only those to later ones, as `causes` tells them, have to be looked at.
  const toLater: [GrowingBranch, GrowingBranch][] = [];
  for (const branch of branches.values()) {
    const { parentId } = branch.node;
    const parent = parentId === '' ? undefined : branches.get(parentId);
    if (parent === undefined || parent === branch) continue;
    if (parent.place < branch.place) hang(branch, parent);
    else toLater.push([branch, parent]);
  }
  for (const [branch, parent] of toLater) if (!isUnder(parent, branch)) hang(branch, parent);
  return [...branches.values()].filter(({ parent }) => parent === undefined);
}

function hang(branch: GrowingBranch, parent: GrowingBranch): void {
  branch.parent = parent;
  parent.children.push(branch);
}

function isUnder(branch: GrowingBranch, above: GrowingBranch): boolean {
  for (let at: GrowingBranch | undefined = branch; at !== undefined; at = at.parent) if (at === above) return true;
  return false;
}
