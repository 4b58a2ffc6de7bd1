/**
 * The collections of ordered sequences in a namespace's database, with their indexes and the query that each one
 * serves. Those that something may still happen to are apart from those that are settled, which have a pair of
 * collections for each month; both kinds have the same indexes, so that a lookup costs the same in either.
 */
import type { Db, IndexDescription } from 'mongodb';
import { WRITE_CONCERN } from '../insert-events';

export const SEQUENCES = 'event_sequences';
export const SEQUENCE_EVENTS = 'event_sequence_events';
export const COUNTS = 'event_sequence_counts';
export const DURATIONS = 'event_sequence_durations';
export const FAILURES = 'event_sequence_failures';
export const PROJECTIONS = 'projections';

/** The materialised views: each document is about one name of ordered sequences. */
const VIEWS = [COUNTS, DURATIONS, FAILURES];

/** The checkpoint's document in `projections`. */
export const CHECKPOINT = 'ordered-sequences';

/** `_id` follows in most: a list is a page at a time, newest first, and so needs no sort. */
export const SEQUENCE_INDEXES = [
  // One by its id, which no two have.
  { name: 'event_sequences_sequence_id_idx', key: { sequence_id: 1 }, unique: true },
  // Lists by status.
  { name: 'event_sequences_status_idx', key: { status: 1, _id: -1 } },
  // Everything of one business operation.
  { name: 'event_sequences_metadata_correlation_idx', key: { 'metadata.correlationId': 1, _id: -1 } },
  // What one event caused.
  { name: 'event_sequences_metadata_causation_idx', key: { 'metadata.causationId': 1, _id: -1 } },
  // Lists by name, and by name and version.
  { name: 'event_sequences_name_idx', key: { name: 1, _id: -1 } },
  // What waits for a person, and what is settled and waits to be archived.
  { name: 'event_sequences_phase_idx', key: { 'handling.phase': 1, _id: -1 } },
  // Whose compensating event an event is. Few have any.
  {
    name: 'event_sequences_compensation_event_id_idx',
    key: { 'handling.rollback.compensations.eventId': 1 },
    partialFilterExpression: { 'handling.rollback.compensations.eventId': { $exists: true } },
  },
] as const satisfies IndexDescription[];

export const SEQUENCE_EVENT_INDEXES = [
  // The steps of one sequence, in order.
  { name: 'event_sequence_events_sequence_id_order_idx', key: { sequence_id: 1, order: 1 } },
  // Which sequences an event is a step of.
  { name: 'event_sequence_events_event_id_idx', key: { event_id: 1 } },
] as const satisfies IndexDescription[];

/** The two collections in which a sequence and its steps are. */
export interface Place {
  readonly sequences: string;
  readonly events: string;
  /** Such as `2026-11`; undefined: it is active. */
  readonly month: string | undefined;
}

export const ACTIVE: Place = { sequences: SEQUENCES, events: SEQUENCE_EVENTS, month: undefined };

const ARCHIVE = /^event_sequences_(\d{4})_(\d{2})$/;

/** @param month such as `2026-11` */
export function archivePlace(month: string): Place {
  const suffix = month.replace('-', '_');
  return { sequences: `${SEQUENCES}_${suffix}`, events: `${SEQUENCE_EVENTS}_${suffix}`, month };
}

/** The month that a settled sequence is archived under: when it was completed, otherwise when it last changed. UTC. */
export const monthOf = (row: {
  readonly created_at: Date | null;
  readonly updated_at: Date | null;
  readonly completed_at: Date | null;
}): string => (row.completed_at ?? row.updated_at ?? row.created_at ?? new Date(0)).toISOString().slice(0, 7);

/** The archives that there are, newest first. Asked for each time: another server may have made one. */
export async function archivePlaces(db: Db): Promise<Place[]> {
  const found = await db.listCollections({ name: { $regex: ARCHIVE.source } }, { nameOnly: true }).toArray();
  const months = found.flatMap(({ name }) => {
    const match = ARCHIVE.exec(name);
    return match === null ? [] : [`${match[1] ?? ''}-${match[2] ?? ''}`];
  });
  return months.sort().reverse().map(archivePlace);
}

/** Makes the pair of collections with their indexes unless they are there. Safe to run from several servers at once. */
export async function ensurePlace(db: Db, { sequences, events }: Place): Promise<void> {
  // The events' first: whoever finds the archive's sequences finds their events.
  await db.collection(events).createIndexes([...SEQUENCE_EVENT_INDEXES]);
  await db.collection(sequences).createIndexes([...SEQUENCE_INDEXES]);
}

/** Makes what active sequences and statistics need: a transaction should not have to. */
export async function ensureCollections(db: Db): Promise<void> {
  const views = VIEWS.map(async (view) =>
    db.collection(view).createIndexes([{ name: `${view}_name_idx`, key: { '_id.name': 1 } }]),
  );
  await Promise.all([ensurePlace(db, ACTIVE), ...views]);
}

/** Drops the rows and the statistics, and makes their collections again, empty. */
export async function dropRows(db: Db): Promise<void> {
  const pairs = [ACTIVE, ...(await archivePlaces(db))].flatMap(({ sequences, events }) => [sequences, events]);
  for (const name of [...pairs, ...VIEWS]) await db.dropCollection(name, { writeConcern: WRITE_CONCERN });
  await ensureCollections(db);
}
