/**
 * What is asked of the rows: one sequence, a list, what an event belongs to. Any server can answer, from active ones and
 * archives alike; whoever wants its own call's change in the answer waits for `Projection.flushed` first.
 */
import type { Db } from 'mongodb';
import { AnnalsError, overLimit } from '../../src/kernel/annals-error';
import { LIMITS } from '../../src/kernel/limits';
import { findByEvents, type EventPlace } from '../../src/storage/ordered-sequences/find-by-event';
import { activeRows, findRow, listRows, type FoundRow } from '../../src/storage/ordered-sequences/find-rows';
import type { RowFilter } from '../../src/storage/ordered-sequences/row-filter';
import type { SequenceRow } from '../../src/storage/ordered-sequences/row-types';
import { STORED } from './projection-tuning';
import { shortStateOf, stateOf } from './rows';
import type { SequenceState } from './sequence-state';

export type { EventPlace, RowFilter as SequenceFilter };

export interface FoundSequence {
  readonly state: SequenceState;
  /** False: the row had no room for outputs and some messages, which the log has. */
  readonly whole: boolean;
  /** The month that it is archived under, such as `2026-11`; undefined: it is active. */
  readonly archived: string | undefined;
}

export interface SequencePage {
  /** Newest first, by when they were created. */
  readonly sequences: readonly FoundSequence[];
  /** Empty: there are no more. */
  readonly nextPageToken: string;
}

export async function get(db: Db, sequenceId: string): Promise<FoundSequence | undefined> {
  const found = await findRow(db, sequenceId);
  return found === undefined ? undefined : foundSequence(found);
}

/**
 * A page of those that match every field of the filter that is given. Nothing is told twice or left out when one is
 * archived between two pages. A page ends early when its rows are large.
 *
 * @param page `size` 0: 100
 * @throws AnnalsError INVALID_FIELD
 */
export async function list(
  db: Db,
  filter: RowFilter,
  page: { readonly size: number; readonly token: string },
): Promise<SequencePage> {
  if (page.size > LIMITS.sequencesPerPage) {
    throw overLimit('page_size', LIMITS.sequencesPerPage, page.size, 'ordered sequences');
  }
  const before = page.token === '' ? undefined : numberOf(page.token);
  const limit = page.size === 0 ? STORED.page : page.size;
  const { rows, next } = await listRows(db, filter, { before, limit, bytes: STORED.pageBytes });
  return { sequences: rows.map(foundSequence), nextPageToken: next === undefined ? '' : String(next) };
}

/** What each of the events is a step of, or was appended by a rollback of. */
export async function byEvent(
  db: Db,
  eventIds: readonly string[],
  { archived }: { readonly archived: boolean },
): Promise<EventPlace[]> {
  return findByEvents(db, eventIds, archived);
}

/** An active sequence whose state is in its row, or, undefined, is to be folded from the log. */
export interface ActiveSequence {
  readonly sequenceId: string;
  readonly state: SequenceState | undefined;
}

/** Every sequence that is not settled, oldest first, some hundred at a time. */
export async function* activeSequences(db: Db): AsyncGenerator<ActiveSequence[]> {
  for await (const rows of activeRows(db)) {
    yield rows.map((row: SequenceRow) => ({ sequenceId: row.sequence_id, state: stateOf(row) }));
  }
}

const foundSequence = ({ row, month }: FoundRow): FoundSequence => ({
  state: shortStateOf(row),
  whole: row.handling.left_out !== true,
  archived: month,
});

function numberOf(token: string): number {
  const number = /^\d{1,16}$/.test(token) ? Number(token) : NaN;
  if (Number.isSafeInteger(number)) return number;
  throw new AnnalsError('INVALID_FIELD', 'page_token is not one that a list has handed out', { field: 'page_token' });
}
