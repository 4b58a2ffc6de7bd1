/**
 * Nodes that name their parents, as trees: parents before their children, in the order in which they are drawn.
 * Causes are what programs said, so they may go round in circles; a circle is opened at its first node.
 */

export interface Branch {
  readonly id: string;
  /** The parent's id; undefined: a root. One that is not among the nodes is left as it is. */
  readonly parent: string | undefined;
}

export interface Placed<Node> {
  readonly node: Node;
  readonly parent: string | undefined;
  /** Below the root. */
  readonly depth: number;
  /** The node was its own ancestor, and is a root for that. */
  readonly circular: boolean;
}

/** @param nodes in the order in which siblings come. Their ids are unique. */
export function arranged<Node extends Branch>(nodes: readonly Node[]): Placed<Node>[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const circular = openedCircles(nodes, byId);
  const children = new Map<string, Node[]>();
  const roots: Node[] = [];
  for (const node of nodes) {
    const { parent } = node;
    if (parent === undefined || !byId.has(parent) || circular.has(node.id)) roots.push(node);
    else {
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [node]);
      else siblings.push(node);
    }
  }
  const placed: Placed<Node>[] = [];
  // Deep trees would overflow a recursion.
  const left = roots.toReversed().map((node) => ({ node, depth: 0 }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { node, depth } = next;
    const isCircular = circular.has(node.id);
    placed.push({ node, parent: isCircular ? undefined : node.parent, depth, circular: isCircular });
    for (const child of (children.get(node.id) ?? []).toReversed()) left.push({ node: child, depth: depth + 1 });
  }
  return placed;
}

/** The first node of each circle. */
function openedCircles<Node extends Branch>(nodes: readonly Node[], byId: ReadonlyMap<string, Node>): Set<string> {
  const order = new Map(nodes.map(({ id }, i) => [id, i]));
  const opened = new Set<string>();
  const done = new Set<string>();
  for (const start of nodes) {
    const path: string[] = [];
    const onPath = new Set<string>();
    let at: Node | undefined = start;
    while (at !== undefined && !done.has(at.id) && !onPath.has(at.id)) {
      path.push(at.id);
      onPath.add(at.id);
      at = at.parent === undefined ? undefined : byId.get(at.parent);
    }
    if (at !== undefined && onPath.has(at.id)) {
      const circle = path.slice(path.indexOf(at.id));
      opened.add(circle.reduce((a, b) => ((order.get(a) ?? 0) <= (order.get(b) ?? 0) ? a : b)));
    }
    for (const id of path) done.add(id);
  }
  return opened;
}
