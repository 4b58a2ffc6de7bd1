/** What is rare in the answers of `Correlation`, translated: what is no event, and what comes once at the end. */
import type { Gap } from '../../observers/correlation/found';
import type { Item, ItemOf } from '../../observers/correlation/items';
import type { FoundSequence } from '../../observers/correlation/traced-sequences';
import type { SequencePart } from '../contract/generated/annals/v1/SequencePart';
import type { TraceNode } from '../contract/generated/annals/v1/TraceNode';

/** The deployment that need not be named; undefined: every one is. */
export type Ours = string | undefined;

/** A node that is no event. */
export function rareNodeMessage(
  { id, parent = '', depth, parentElsewhere: parentOnEarlierPage, circular, cut }: Omit<Item, 'of'>,
  of: Exclude<ItemOf, { kind: 'event' }>,
  ours: Ours,
): TraceNode {
  const place = { id, parentId: parent, depth, parentOnEarlierPage, circular, cut };
  switch (of.kind) {
    case 'missing':
      return { ...place, kind: 'TRACE_NODE_KIND_MISSING', eventId: of.eventId };
    case 'sequence':
      return { ...sequenceMessage(of.sequence, ours), ...place };
    case 'step': {
      const { order, status, eventId } = of.step;
      return { ...stepMessage(of.sequence, eventId, { order, status }), ...place };
    }
    case 'compensation':
      return { ...stepMessage(of.sequence, of.eventId, { compensating: true, status: of.sequence.status }), ...place };
  }
}

function sequenceMessage(sequence: FoundSequence, ours: Ours): TraceNode {
  const { sequenceId, name, status, phase, store, namespace, address, deployment } = sequence;
  return {
    kind: 'TRACE_NODE_KIND_ORDERED_SEQUENCE',
    correlationId: sequence.correlationId,
    causationId: sequence.causationId,
    part: { sequenceId, name, status, phase },
    // An ordered sequence is in no event sequence itself; this tells where it is.
    sightings: [{ store, namespace, address, deployment: deployment === ours ? '' : deployment }],
  };
}

const stepMessage = (
  { sequenceId, name, phase, correlationId }: FoundSequence,
  eventId: string,
  part: SequencePart,
): TraceNode => ({
  kind: 'TRACE_NODE_KIND_STEP',
  eventId,
  correlationId,
  part: { sequenceId, name, phase, ...part },
});

/** Ordered sequences as another server takes them: each before its steps. There every deployment is named. */
export const sequenceNodes = (sequences: readonly FoundSequence[]): TraceNode[] =>
  sequences.flatMap((sequence, i) => {
    const id = `sequence:${i}`;
    const steps = sequence.steps.map(({ eventId, order, status }) => stepMessage(sequence, eventId, { order, status }));
    const compensations = sequence.compensatingEventIds.map((eventId) =>
      stepMessage(sequence, eventId, { compensating: true }),
    );
    return [
      { ...sequenceMessage(sequence, undefined), id },
      ...[...steps, ...compensations].map((step) => ({ ...step, parentId: id })),
    ];
  });

export const gapMessage = ({ where, reason }: Gap) => ({ where, reason });
