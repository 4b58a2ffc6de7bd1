/**
 * Gives out the numbers of one event sequence. Appends wait in a queue and are committed in groups:
 * while one commit is at the database the next group gathers, without any timer.
 *
 * The log is the lock. A group's documents are inserted with the numbers that follow the known tail;
 * when another server was there first the insert clashes, and everything that had been checked is
 * checked again behind the new tail.
 *
 * When the database does not say what became of an attempt, the very same documents are sent again,
 * with the same numbers, until something definite comes back. Either attempt may land, and only one
 * can. Nothing else is given those numbers before something holds the first of them: from then on an
 * attempt that has not begun can only fail, since it stops at its first document.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientSession, Db, MongoClient } from 'mongodb';
import type { AppendResponse } from '../contract/messages';
import type { ConstraintKeeper, NumberedClaims } from '../constraints/constraint-keeper';
import { AnnalsError } from '../kernel/annals-error';
import { stamp, type EventDraft } from '../storage/event-document';
import {
  AlongFailed,
  insertEvents,
  insertEventsAtomically,
  type Along,
  type InsertOutcome,
} from '../storage/insert-events';
import type { AdmittedAppend } from './admission';
import { AppendQueue } from './append-queue';
import type { Companion } from './companion';
import { appendAt, prefixOfChanges, prefixWithoutConflict } from './group';
import { GroupCheck } from './group-check';
import { fromDraft } from './log-event';
import { PendingAppend } from './pending-append';
import type { QueueBudget } from './queue-budget';
import type { Tail } from './tail';
import { TUNING } from './tuning';

export interface SequencerPlace {
  readonly client: MongoClient;
  readonly db: Db;
  readonly collection: string;
  readonly tail: Tail;
  readonly constraints: ConstraintKeeper;
  /** What the queues of all sequences may hold together. */
  readonly budget: QueueBudget;
  /** Makes the collection when it may not be there yet; called before the first commit, again until it succeeds. */
  readonly prepare: () => Promise<void>;
  readonly logger: SequencerLogger;
}

/** The part of a logger that is used here. */
export interface SequencerLogger {
  warn(facts: object, message: string): void;
}

/** How an attempt ended that was not left open; `abandoned` when some of it nobody waits for any more, and nothing can land or the server stops. */
type Settled = Exclude<InsertOutcome, { kind: 'unknown' | 'contended' }> | { readonly kind: 'abandoned' };

export class Sequencer {
  readonly #queue: AppendQueue;
  readonly #check: GroupCheck;
  /** The appends that were taken from the queue, while they are checked and committed. */
  #taken: readonly PendingAppend[] = [];
  /** Those of them whose documents are at the database. */
  #inFlight: readonly PendingAppend[] = [];
  #running: Promise<void> | undefined;
  #prepared = false;
  /** A constraint of ours has come into force, and we have not heard of it yet. */
  #constraintsChanged = false;
  #stopping = false;
  /** No append is waited for longer than this, on the clock of `performance.now()`; set when the server stops. */
  #lastDeadline = Number.POSITIVE_INFINITY;

  constructor(private readonly place: SequencerPlace) {
    this.#queue = new AppendQueue(place.budget);
    this.#check = new GroupCheck(place);
  }

  get idle(): boolean {
    return this.#running === undefined;
  }

  /**
   * Queues an append. Rejects with OVERLOADED or SHUTTING_DOWN at once, with DATABASE_UNAVAILABLE or
   * OUTCOME_UNKNOWN when its time is up.
   * @param deadline on the clock of `performance.now()`, in ms.
   */
  async submit(append: AdmittedAppend, deadline: number): Promise<AppendResponse> {
    if (this.#stopping) return Promise.reject(new AnnalsError('SHUTTING_DOWN'));
    const pending = new PendingAppend(append, deadline);
    const overload = this.#queue.push(pending);
    if (overload !== undefined) return Promise.reject(overload);
    this.#running ??= this.#run();
    return pending.answer;
  }

  /** Takes nothing new and returns once everything queued has been answered, at the latest after `patience` ms. */
  async drain(patience: number): Promise<void> {
    this.#stopping = true;
    this.#lastDeadline = performance.now() + patience;
    await this.#running;
  }

  async #run(): Promise<void> {
    const sweep = setInterval(() => {
      this.#expire();
    }, TUNING.deadlineSweepMs);
    // What else arrives in this turn of the event loop belongs to the first group.
    await new Promise((resolve) => setImmediate(resolve));
    let wait = 0;
    while (!this.#queue.empty) {
      const group = this.#queue.take();
      this.#taken = group;
      try {
        await this.#commitGroup(group);
        wait = 0;
      } catch (error) {
        // A question to the database failed before anything was written: ask again until time is up.
        this.place.logger.warn({ err: error, collection: this.place.collection }, 'appends wait for the database');
        wait = nextPause(wait);
        this.#queue.putBack(group.filter((pending) => !pending.queued));
        await pause(wait);
      }
    }
    this.#taken = [];
    clearInterval(sweep);
    this.#running = undefined;
  }

  async #commitGroup(group: readonly PendingAppend[]): Promise<void> {
    if (!this.#prepared) await this.place.prepare();
    this.#prepared = true;
    const { tail, constraints } = this.place;
    await tail.load();
    if (this.#constraintsChanged) await constraints.reload();
    this.#constraintsChanged = false;
    // Others' commits become known while we check. What was checked against one tail says nothing about a later one.
    let first: number;
    const size = prefixOfChanges(group);
    this.#queue.putBack(group.slice(size));
    let holding: readonly PendingAppend[] = group.slice(0, size);
    let together: readonly PendingAppend[];
    let ready: readonly PendingAppend[];
    do {
      first = tail.next;
      holding = await this.#check.holding(holding);
      for (const pending of holding) pending.claimUnder(constraints);
      together = holding.slice(0, prefixWithoutConflict(holding));
      ready = await this.#check.unclaimed(together);
    } while (tail.next !== first);
    this.#queue.putBack(holding.slice(together.length));
    // Whose time ran out while it was checked has been told that nothing was recorded.
    ready = ready.filter((pending) => !pending.answered);
    if (ready.length === 0) return;
    this.#inFlight = ready;
    try {
      await this.#commit(ready);
    } finally {
      this.#inFlight = [];
    }
  }

  async #commit(ready: readonly PendingAppend[]): Promise<void> {
    const { tail } = this.place;
    const first = tail.next;
    const recorded = Date.now();
    const documents = ready.flatMap((pending) => pending.append.documents);
    const outcome = await this.#insert(ready, documents, first, recorded);
    if (outcome.kind === 'committed') {
      this.#constraintsChanged ||= ready.some(({ append }) => append.drafts.some(isFence));
      this.#recorded(ready, first, recorded);
      return;
    }
    if (outcome.kind === 'abandoned') {
      this.#queue.putBack(ready);
      return;
    }
    const atomic = isAtomic(ready);
    const failed = appendAt(ready, outcome.at);
    if (!atomic) this.#recorded(ready.slice(0, failed), first, recorded);
    const rest = atomic ? ready : ready.slice(failed);
    if (outcome.kind === 'refused') {
      this.#refused(ready[failed], outcome.error);
    } else {
      await this.#afterClash(rest, outcome.key, first + outcome.at);
    }
    this.#queue.putBack(rest);
  }

  #refused(pending: PendingAppend | undefined, error: Error): void {
    if (error instanceof AnnalsError) {
      pending?.fail(error);
      return;
    }
    const { logger, collection } = this.place;
    logger.warn({ err: error, collection }, 'the database refused an append');
    const code = pending?.mayHaveLanded === true ? 'OUTCOME_UNKNOWN' : 'DATABASE_REFUSED';
    pending?.fail(new AnnalsError(code, undefined, { cause: error }));
  }

  /** Inserts until the database has said something definite. */
  async #insert(
    ready: readonly PendingAppend[],
    documents: readonly Buffer[],
    first: number,
    recorded: number,
  ): Promise<Settled> {
    const { client, db, collection, logger } = this.place;
    documents.forEach((document, i) => {
      stamp(document, first + i, recorded);
    });
    let number = first;
    for (const pending of ready) {
      pending.attempted = { first: number, recorded };
      number += pending.count;
    }
    let session: ClientSession | undefined;
    /** Some attempt may land. */
    let sent = false;
    try {
      for (let wait = 0; ; wait = nextPause(wait)) {
        let outcome: InsertOutcome;
        if (isAtomic(ready)) {
          if (session === undefined || session.hasEnded) session = client.startSession();
          const along = this.#along(ready, first, recorded);
          outcome = await insertEventsAtomically(db, collection, documents, session, along);
        } else {
          outcome = await insertEvents(db, collection, documents);
        }
        if (outcome.kind === 'unknown') {
          logger.warn(
            { err: outcome.error, collection, first, events: documents.length },
            'outcome unknown, trying again',
          );
          sent ||= outcome.sent;
          if (outcome.sent) for (const pending of ready) pending.mayHaveLanded = true;
          await pause(wait);
        } else if (outcome.kind === 'contended') {
          await pause(Math.random() * TUNING.contentionPauseMs);
        } else {
          return outcome;
        }
        // While something may land nothing else is given its numbers. What cannot must not hold up the others: it may
        // be one of the group alone that the database does not take.
        const answered = ready.filter((pending) => pending.answered).length;
        if (answered > 0 && (!sent || (this.#stopping && answered === ready.length))) return { kind: 'abandoned' };
      }
    } finally {
      await session?.endSession();
    }
  }

  /** What is written in the transaction of the events; undefined when it is nothing. */
  #along(ready: readonly PendingAppend[], first: number, recorded: number): Along | undefined {
    const claims: NumberedClaims[] = [];
    const writes: { readonly at: number; readonly companion: Companion }[] = [];
    let at = 0;
    for (const { append, claims: own, count } of ready) {
      if (own !== undefined) claims.push({ claims: own, first: first + at });
      for (const companion of append.companions) writes.push({ at, companion });
      at += count;
    }
    if (claims.length === 0 && writes.length === 0) return undefined;
    return async (session) => {
      for (const { at: place, companion } of writes) {
        await companion.write(session, first + place, recorded).catch((error: unknown) => {
          throw new AlongFailed(place, error);
        });
      }
      if (claims.length > 0) await this.place.constraints.write(claims, session);
    };
  }

  #recorded(appends: readonly PendingAppend[], first: number, recorded: number): void {
    let number = first;
    const events = appends.flatMap(({ append }) =>
      append.drafts.map((draft, i) => fromDraft(number++, draft, append.documents[i] as Buffer)),
    );
    // Subscribers first: who has been told of a number can read it.
    this.place.tail.publish(events);
    number = first;
    for (const pending of appends) {
      pending.recorded(number, recorded, false);
      number += pending.count;
    }
  }

  /**
   * Something else holds a number or an id: an attempt that has not begun can only fail from here on,
   * and what is not recorded is free to be checked, numbered or refused again. One that had begun may
   * still be half done, so an append is out of doubt only when others hold the number that it had, as
   * far as a majority knows.
   */
  async #afterClash(rest: readonly PendingAppend[], key: 'number' | 'event-id', number: number): Promise<void> {
    const { tail } = this.place;
    const doubtful = rest.some((pending) => pending.mayHaveLanded);
    if (key === 'number' || doubtful) await tail.refresh();
    // Taken before the look-up: whatever is below is seen by it.
    const { next } = tail;
    if (key === 'event-id' || doubtful) await this.#check.answerKnown(rest);
    for (const pending of rest) {
      if (pending.attempted !== undefined && pending.attempted.first < next) pending.mayHaveLanded = false;
    }
    // It is there, but not yet with a majority: trying again at once would only meet it again.
    if (key === 'number' && next <= number) await pause(TUNING.contentionPauseMs);
  }

  /** Answers whoever's time is up. What is at the database stays there: it is settled all the same. */
  #expire(): void {
    const now = performance.now();
    const late = (pending: PendingAppend) => !pending.answered && Math.min(pending.deadline, this.#lastDeadline) <= now;
    for (const pending of this.#inFlight.filter(late)) {
      pending.mayHaveLanded = true;
      pending.expire();
    }
    for (const pending of this.#taken) if (late(pending) && !pending.queued) pending.expire();
    this.#queue.expire(late);
  }
}

/** One append that is all or nothing makes its group a transaction. */
const isAtomic = (group: readonly PendingAppend[]): boolean => group.some((pending) => pending.atomic);

const isFence = ({ announces }: EventDraft): boolean => announces?.kind === 'constraint';

const nextPause = (last: number): number =>
  last === 0 ? TUNING.retryFirstMs : Math.min(last * 2, TUNING.retryLongestMs);
