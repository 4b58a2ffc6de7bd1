/** What stands in an answer: nodes of events, of what is missing, of ordered sequences and their steps; as trees. Pure. */
import type { Told } from './found';
import { KnownNodes } from './parents';
import type { EventNode } from './sightings';
import type { FoundSequence, TracedStep } from './traced-sequences';
import { arranged } from './tree';

export type ItemOf =
  | { readonly kind: 'event'; readonly node: EventNode }
  | { readonly kind: 'missing'; readonly eventId: string }
  | { readonly kind: 'sequence'; readonly sequence: FoundSequence }
  | { readonly kind: 'step'; readonly sequence: FoundSequence; readonly step: TracedStep }
  | { readonly kind: 'compensation'; readonly sequence: FoundSequence; readonly eventId: string };

export interface Item {
  readonly id: string;
  /** Undefined: a root. */
  readonly parent: string | undefined;
  readonly depth: number;
  /** The parent is on another page. */
  readonly parentElsewhere: boolean;
  readonly circular: boolean;
  readonly cut: boolean;
  readonly of: ItemOf;
}

/** An item with what is known of its event beside the log. */
export interface TraceItem {
  readonly item: Item;
  readonly told: Told;
}

export interface Ingredients {
  readonly nodes: readonly EventNode[];
  readonly sequences: readonly FoundSequence[];
  /** By the node's id, that of its parent on another page. */
  readonly elsewhere?: ReadonlyMap<string, string>;
  /** Nodes of which more came than is told. */
  readonly cut?: ReadonlySet<string>;
  /** Nodes whose causes are not asked about. */
  readonly tops?: ReadonlySet<string>;
  /** This one. */
  readonly deployment: string;
}

export const missingId = (eventId: string): string => `missing:${eventId}`;

interface Growing {
  readonly id: string;
  readonly parent: string | undefined;
  readonly of: ItemOf;
}

/** Parents come before their children. A cause that nothing is known of is a node too. */
export function itemsOf({ nodes, sequences, elsewhere, cut, tops, deployment }: Ingredients): Item[] {
  const known = new KnownNodes(nodes);
  const missing = new Set<string>();
  const growing: Growing[] = [];
  const under = (causationId: string): string | undefined => {
    if (causationId === '') return undefined;
    const id = missingId(causationId);
    if (!missing.has(id)) growing.push({ id, parent: undefined, of: { kind: 'missing', eventId: causationId } });
    missing.add(id);
    return id;
  };
  for (const node of nodes) {
    const parent = known.parentOf(node)?.id ?? elsewhere?.get(node.id);
    const isTop = tops?.has(node.id) === true;
    const above = parent ?? (isTop ? undefined : under(node.event.causationId));
    growing.push({ id: node.id, parent: above, of: { kind: 'event', node } });
  }
  for (const sequence of sequences) growing.push(...sequenceItems(sequence, known, deployment));
  const ids = new Set(growing.map(({ id }) => id));
  return arranged(growing).map(({ node: { id, of }, parent, depth, circular }) => ({
    id,
    parent,
    depth,
    parentElsewhere: parent !== undefined && !ids.has(parent),
    circular,
    cut: cut?.has(id) === true,
    of,
  }));
}

function sequenceItems(sequence: FoundSequence, known: KnownNodes, ours: string): Growing[] {
  const { deployment, store, namespace, sequenceId, steps, compensatingEventIds, causationId } = sequence;
  const place = `${store}/${namespace}/${sequenceId}`;
  const id = `sequence:${deployment === ours ? '' : `${deployment}:`}${place}`;
  const cause = known.named(causationId);
  return [
    { id, parent: cause?.id, of: { kind: 'sequence', sequence } },
    // Several steps may have one order: what tells them apart is their place.
    ...steps.map((step, i): Growing => ({
      id: `${id}#${i}`,
      parent: id,
      of: { kind: 'step', sequence, step },
    })),
    ...compensatingEventIds.map((eventId, i): Growing => ({
      id: `${id}#compensation-${i}`,
      parent: id,
      of: { kind: 'compensation', sequence, eventId },
    })),
  ];
}

export const NOTHING_TOLD: Told = { identity: undefined, failures: [], parts: [] };

/** An event that is recorded nowhere, by itself. */
export const missingItem = (eventId: string): Item => ({
  id: missingId(eventId),
  parent: undefined,
  depth: 0,
  parentElsewhere: false,
  circular: false,
  cut: false,
  of: { kind: 'missing', eventId },
});
