/** Ordered sequences as plain facts, for whoever draws what caused what: by correlation, and by the events they are made of. */
import type { Db, Document } from 'mongodb';
import { everywhere, placesOf } from './find-rows';
import { findByEvents } from './find-by-event';
import type { SequenceRow } from './row-types';

export interface TracedSequence {
  readonly sequenceId: string;
  readonly name: string;
  readonly version: string;
  readonly status: string;
  /** `running`, `rolling-back`, `needs-person`, `settled`. */
  readonly phase: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly createdAt: Date | undefined;
  readonly steps: readonly TracedStep[];
  /** Of what its rollback appends, appended or not. */
  readonly compensatingEventIds: readonly string[];
}

export interface TracedStep {
  /** Of the event that came where the step says what it matches. */
  readonly eventId: string;
  readonly order: number;
  readonly status: string;
}

/** What a trace needs of a row. */
const FACTS: Document = {
  sequence_id: 1,
  name: 1,
  version: 1,
  status: 1,
  metadata: { correlationId: 1, causationId: 1 },
  created_at: 1,
  events: { eventId: 1, order: 1, status: 1 },
  handling: { phase: 1, steps: { arrived: { eventId: 1 } }, rollback: { compensations: { eventId: 1 } } },
};

const newest = (where: Document, limit: number): Document[] => [
  { $match: where },
  { $sort: { _id: -1 } },
  { $limit: limit },
  { $project: FACTS },
];

/** Those of one correlation id, newest first, active and archived. @param limit at most so many; one more than it says that there are more */
export async function sequencesOfCorrelation(db: Db, correlationId: string, limit: number): Promise<TracedSequence[]> {
  return trace(db, { 'metadata.correlationId': correlationId }, limit);
}

/** Those that any of these events is a step or a compensating event of, newest first. */
export async function sequencesOfEvents(db: Db, eventIds: readonly string[], limit: number): Promise<TracedSequence[]> {
  const places = await findByEvents(db, eventIds, true);
  if (places.length === 0) return [];
  return trace(db, { sequence_id: { $in: [...new Set(places.map(({ sequenceId }) => sequenceId))] } }, limit);
}

/** Those that these events caused, newest first. */
export async function sequencesCausedBy(db: Db, eventIds: readonly string[], limit: number): Promise<TracedSequence[]> {
  return trace(db, { 'metadata.causationId': { $in: eventIds } }, limit);
}

async function trace(db: Db, where: Document, limit: number): Promise<TracedSequence[]> {
  const found = await everywhere<SequenceRow>(db, await placesOf(db, true), 'sequences', () => newest(where, limit));
  const once = new Map<number, SequenceRow>();
  for (const row of found) if (!once.has(Number(row._id))) once.set(Number(row._id), row);
  const rows = [...once.values()].sort((a, b) => Number(b._id) - Number(a._id));
  return rows.slice(0, limit).map(factsOf);
}

function factsOf(row: SequenceRow): TracedSequence {
  const { handling } = row;
  return {
    sequenceId: row.sequence_id,
    name: row.name,
    version: row.version,
    status: row.status,
    phase: handling.phase,
    correlationId: row.metadata.correlationId,
    causationId: row.metadata.causationId,
    createdAt: row.created_at ?? undefined,
    steps: row.events.map(({ eventId, order, status }, place) => ({
      eventId: handling.steps[place]?.arrived?.eventId ?? eventId,
      order,
      status,
    })),
    compensatingEventIds: (handling.rollback?.compensations ?? []).map(({ eventId }) => eventId),
  };
}
