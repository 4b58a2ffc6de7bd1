/** What another server says it found, as this one works with it. */
import type { Identity__Output } from '../../src/contract/generated/annals/v1/Identity';
import type { LookResponse__Output } from '../../src/contract/generated/annals/v1/LookResponse';
import type { SeenEvent__Output } from '../../src/contract/generated/annals/v1/SeenEvent';
import type { SequencePart__Output } from '../../src/contract/generated/annals/v1/SequencePart';
import type { Sighting__Output } from '../../src/contract/generated/annals/v1/Sighting';
import type { TraceNode__Output } from '../../src/contract/generated/annals/v1/TraceNode';
import { dateOf } from '../../src/contract/seconds-and-nanos';
import type { IdentityKind, IdentityRecord } from '../../src/storage/identities';
import type { FoundAnnouncement, FoundEvent, Part, Sighting } from './found';
import type { FoundSequence } from './traced-sequences';

/** In place of a time that the other server left out. */
const EPOCH = new Date(0);

type Timestamp = Parameters<typeof dateOf>[0];

const timeOf = (timestamp: Timestamp): Date => dateOf(timestamp) ?? EPOCH;

/** @param address the server that was asked; one that it asked itself has said its own. */
export function eventsFrom({ events }: LookResponse__Output, address: string): FoundEvent[] {
  return events.flatMap((event) => eventFrom(event, address) ?? []);
}

function eventFrom({ node, origin, hops, announcedAt }: SeenEvent__Output, address: string): FoundEvent | undefined {
  const [at] = node?.sightings ?? [];
  if (!node || at === undefined) return undefined;
  const { eventId, type, eventSourceId, correlationId, causationId, tags, traceParent, redacted, compensations } = node;
  return {
    eventId,
    type,
    eventSourceId,
    correlationId,
    causationId,
    causedBy: node.causedBy?.id ?? '',
    occurred: timeOf(node.occurred),
    tags,
    traceParent,
    announcement: announcementFrom(node),
    redacted,
    compensations,
    announcedAt,
    at: sightingFrom(at, address),
    origin: origin ? sightingFrom(origin, address) : undefined,
    hops,
    told: {
      identity: identityFrom(node.causedBy),
      failures: node.failures.flatMap(({ at: failedAt, ...failure }) =>
        failedAt ? [{ ...failure, at: sightingFrom(failedAt, address) }] : [],
      ),
      parts: node.parts.map(partFrom),
    },
  };
}

function announcementFrom({ announcement }: TraceNode__Output): FoundAnnouncement | undefined {
  if (!announcement) return undefined;
  const { kind, sequenceNumber: number, reason } = announcement;
  return { kind: kind === 'ANNOUNCEMENT_KIND_REDACTION' ? 'redaction' : 'compensation', number, reason };
}

const sightingFrom = (
  { sequenceNumber: number, recorded, address: said, ...place }: Sighting__Output,
  address: string,
): Sighting => ({ ...place, number, recorded: timeOf(recorded), address: said || address });

const partFrom = (part: SequencePart__Output): Part => ({ ...part });

/** What somebody is called elsewhere; somebody of whom it only has the id was described by nobody. */
function identityFrom(identity: Identity__Output | null): IdentityRecord | undefined {
  if (!identity) return undefined;
  const { id, kind, subject, name, onBehalfOf, erased } = identity;
  // Only its owner counts revisions.
  const revision = 0;
  if (erased) return { id, revision, state: 'erased', at: timeOf(erased.at), reason: erased.reason };
  if (!identity.described) return undefined;
  const former = identity.former.map(({ until, ...before }) => ({
    ...before,
    kind: kindFrom(before.kind),
    until: timeOf(until),
  }));
  const description = { kind: kindFrom(kind), subject, name, onBehalfOf };
  return { id, revision, state: 'described', description, described: timeOf(identity.described), former };
}

const kindFrom = (kind: Identity__Output['kind']): IdentityKind =>
  kind === 'IDENTITY_KIND_PERSON' ? 'person' : 'system';

/** Ordered sequences come as the nodes that they are in a tree: each before its steps. */
export function sequencesFrom(response: LookResponse__Output, address: string): FoundSequence[] {
  const found = new Map<string, { sequence: TraceNode__Output; steps: TraceNode__Output[] }>();
  for (const node of response.sequences) {
    if (node.kind === 'TRACE_NODE_KIND_ORDERED_SEQUENCE') found.set(node.id, { sequence: node, steps: [] });
    else found.get(node.parentId)?.steps.push(node);
  }
  return [...found.values()].flatMap(({ sequence, steps }) => {
    const [at] = sequence.sightings;
    const { part } = sequence;
    if (at === undefined || !part) return [];
    return [
      {
        deployment: at.deployment,
        address: at.address || address,
        store: at.store,
        namespace: at.namespace,
        sequenceId: part.sequenceId,
        name: part.name,
        status: part.status,
        phase: part.phase,
        correlationId: sequence.correlationId,
        causationId: sequence.causationId,
        steps: steps.flatMap(({ eventId, part: step }) =>
          step && !step.compensating ? [{ eventId, order: step.order, status: step.status }] : [],
        ),
        compensatingEventIds: steps.flatMap(({ eventId, part: step }) =>
          step?.compensating === true ? [eventId] : [],
        ),
      },
    ];
  });
}
