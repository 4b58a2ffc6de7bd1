/**
 * The log of a namespace's ordered sequences: what is decided is recorded here, and here alone. A record holds only if
 * nothing of its sequence came after what its decider had seen, whichever server wrote it: the log is the lock.
 */
import { AnnalsError } from '../../src/kernel/annals-error';
import { ORDERED_SEQUENCES_LOG, type SequenceAddress } from '../../src/kernel/names';
import type { Violation } from '../../src/kernel/violation';
import type { OpenSequence } from '../../src/sequences/open-sequence';
import type { Sequences } from '../../src/sequences/sequences';
import { documentAt, findByEventIds, findEvents } from '../../src/storage/find-events';
import { eventOf, loggedEntry, type EntryContext, type LogEntry, type LoggedEntry } from './logged-entry';
import { ORDERED_SEQUENCES } from './tuning';

export interface NamespaceAddress {
  readonly store: string;
  readonly namespace: string;
}

export type Recorded =
  | { readonly kind: 'recorded'; readonly first: number; readonly last: number; readonly duplicate: boolean }
  /** Something came in between. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'refused'; readonly violations: readonly Violation[] };

/** One sequence's entries fit one reply of the database; a log that is longer is read in several. */
const READ_EVENTS = 1_000;

export class Journal {
  private constructor(
    private readonly address: SequenceAddress,
    private readonly sequences: Sequences,
    /** For reading and following. */
    readonly log: OpenSequence,
  ) {}

  static async open(sequences: Sequences, { store, namespace }: NamespaceAddress): Promise<Journal> {
    const address = { store, namespace, sequence: ORDERED_SEQUENCES_LOG };
    return new Journal(address, sequences, await sequences.open(address));
  }

  /**
   * @param lastSeen everything of the log up to this number is known; undefined: it is empty, as far as is known. Null:
   * whatever is there.
   * @throws AnnalsError DATABASE_UNAVAILABLE, OUTCOME_UNKNOWN, OVERLOADED, SHUTTING_DOWN, DISK_FULL
   */
  async record(
    entries: readonly LogEntry[],
    contextOf: (entry: LogEntry) => EntryContext,
    lastSeen: number | undefined | null,
  ): Promise<Recorded> {
    const events = entries.map((entry) => eventOf(entry, contextOf(entry)));
    const filter = {
      types: [],
      eventSourceIds: [...new Set(events.map(({ eventSourceId }) => eventSourceId))],
      tags: [],
      correlationId: undefined,
      announcements: false,
    };
    const expectations = lastSeen === null ? [] : [{ filter, lastSeen }];
    const deadline = performance.now() + ORDERED_SEQUENCES.recordMs;
    const answer = await this.sequences.record(
      this.address,
      { sequence: this.address, events, expectations },
      deadline,
    );
    if ('appended' in answer) {
      const { firstSequenceNumber: first, lastSequenceNumber: last, duplicate } = answer.appended;
      return { kind: 'recorded', first, last, duplicate };
    }
    const { violations } = answer.refused;
    return violations.every(({ code }) => code === 'CONCURRENCY_CONFLICT')
      ? { kind: 'conflict' }
      : { kind: 'refused', violations };
  }

  /** Everything with this subject, in order. */
  async *of(source: string, from = 0): AsyncGenerator<LoggedEntry> {
    const { db, collection } = this.log;
    const filters = [{ types: [], eventSourceIds: [source], tags: [], correlationId: undefined }];
    for (let next = from; ;) {
      const found = await findEvents(db, collection, { from: next, limit: READ_EVENTS, filters });
      for (const start of found.starts) {
        const logged = loggedEntry(documentAt(found.bytes, start));
        if (logged === undefined) continue;
        next = logged.number + 1;
        yield logged;
      }
      if (found.exhausted || found.starts.length === 0) return;
    }
  }

  /** A range of the log, inclusive. */
  async *range(from: number, to: number): AsyncGenerator<readonly LoggedEntry[]> {
    const { db, collection } = this.log;
    for (let next = from; next <= to;) {
      const found = await findEvents(db, collection, { from: next, to, limit: ORDERED_SEQUENCES.followEvents });
      if (found.starts.length === 0) return;
      // The log has no holes.
      next += found.starts.length;
      yield found.starts.flatMap((start) => loggedEntry(documentAt(found.bytes, start)) ?? []);
    }
  }

  /** The entry that was recorded under an event id. */
  async find(eventId: string): Promise<LoggedEntry | undefined> {
    const [document] = await findByEventIds(this.log.db, this.log.collection, [eventId]);
    return document === undefined ? undefined : loggedEntry(document);
  }
}

/** Nothing of the database's or the deployment's state now: the same works later. */
export const isPassing = (error: unknown): boolean => !(error instanceof AnnalsError) || PASSING.has(error.code);

const PASSING: ReadonlySet<string> = new Set([
  'DATABASE_UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'OVERLOADED',
  'DISK_FULL',
  'DATABASE_REFUSED',
  'INTERNAL',
]);
