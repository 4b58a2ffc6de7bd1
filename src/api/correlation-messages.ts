/** Nodes of a trace, translated. */
import type { Gap, Part, Sighting, Told } from '../../observers/correlation/found';
import type { TraceItem } from '../../observers/correlation/items';
import type { Looked } from '../../observers/correlation/correlation';
import { sightingsOf, type EventNode } from '../../observers/correlation/sightings';
import type { FoundSequence } from '../../observers/correlation/traced-sequences';
import type { LookResponse } from '../contract/generated/annals/v1/LookResponse';
import type { SequencePart } from '../contract/generated/annals/v1/SequencePart';
import type { Sighting as SightingMessage } from '../contract/generated/annals/v1/Sighting';
import type { TraceNode } from '../contract/generated/annals/v1/TraceNode';
import { durationOf } from '../contract/seconds-and-nanos';
import { identityMessage, undescribedMessage } from './identity-messages';

/** The deployment that need not be named; undefined: every one is. */
type Ours = string | undefined;

const timeOf = (date: Date) => durationOf(date.getTime());

export function traceNodeMessage(item: TraceItem, ours: Ours): TraceNode {
  const { id, parent = '', depth, parentElsewhere: parentOnEarlierPage, circular, cut, of, told } = item;
  const place = { id, parentId: parent, depth, parentOnEarlierPage, circular, cut };
  switch (of.kind) {
    case 'event':
      return { ...eventMessage(of.node, told, ours), ...place };
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

function eventMessage(node: EventNode, told: Told, ours: Ours): TraceNode {
  const { event } = node;
  const { at, announcement, causedBy, eventId, type, eventSourceId, correlationId, causationId } = event;
  const { tags, traceParent, redacted, compensations } = event;
  return {
    kind: 'TRACE_NODE_KIND_EVENT',
    eventId,
    type,
    eventSourceId,
    correlationId,
    causationId,
    tags: [...tags],
    traceParent,
    redacted,
    compensations,
    occurred: timeOf(event.occurred),
    causedBy:
      told.identity === undefined
        ? causedBy === ''
          ? null
          : undescribedMessage(causedBy)
        : identityMessage(told.identity),
    sightings: (ours === undefined ? [at] : sightingsOf(node)).map((sighting) => sightingMessage(sighting, ours)),
    failures: told.failures.map(({ at: failedAt, ...failure }) => ({
      ...failure,
      at: sightingMessage(failedAt, ours),
    })),
    parts: told.parts.map(partMessage),
    announcement:
      announcement === undefined
        ? null
        : {
            kind: announcement.kind === 'redaction' ? 'ANNOUNCEMENT_KIND_REDACTION' : 'ANNOUNCEMENT_KIND_COMPENSATION',
            sequenceNumber: announcement.number,
            reason: announcement.reason,
          },
  };
}

const partMessage = (part: Part): SequencePart => ({ ...part });

function sightingMessage({ number, recorded, deployment, ...place }: Sighting, ours: Ours): SightingMessage {
  return {
    ...place,
    sequenceNumber: number,
    recorded: timeOf(recorded),
    deployment: deployment === ours ? '' : deployment,
  };
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

export const gapMessage = ({ where, reason }: Gap) => ({ where, reason });

/** To another server every deployment is named, since it has one of its own. */
export function lookMessage({ nodes, told, sequences, gaps, next }: Looked, deployment: string): LookResponse {
  return {
    events: nodes.map((node) => {
      const { origin, hops, announcedAt } = node.event;
      return {
        node: eventMessage(node, told.get(node.id) ?? { identity: undefined, failures: [], parts: [] }, undefined),
        origin: origin === undefined ? null : sightingMessage(origin, undefined),
        hops,
        announcedAt: [...announcedAt],
      };
    }),
    gaps: gaps.map(gapMessage),
    nextPageToken: next,
    deployment,
    sequences: sequences.flatMap((sequence, i) => {
      const id = `sequence:${i}`;
      const steps = sequence.steps.map((step) =>
        stepMessage(sequence, step.eventId, { order: step.order, status: step.status }),
      );
      const compensations = sequence.compensatingEventIds.map((eventId) =>
        stepMessage(sequence, eventId, { compensating: true }),
      );
      return [
        { ...sequenceMessage(sequence, undefined), id },
        ...[...steps, ...compensations].map((step) => ({ ...step, parentId: id })),
      ];
    }),
  };
}
