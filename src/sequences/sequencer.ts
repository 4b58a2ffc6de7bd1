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
import { AnnalsError } from '../kernel/annals-error';
import { stamp } from '../storage/event-document';
import { insertEvents, insertEventsAtomically, type InsertOutcome } from '../storage/insert-events';
import type { AdmittedAppend } from './admission';
import { checkExpectations, type Verdict } from './expectations';
import { appendAt, groupSize, prefixWithoutConflict } from './group';
import { answerFromKnown, lookUp } from './known-events';
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

/** How an attempt ended that was not left open; `abandoned` when the server stops and nobody waits any more. */
type Settled = Exclude<InsertOutcome, { kind: 'unknown' | 'contended' }> | { readonly kind: 'abandoned' };

export class Sequencer {
  #queue: PendingAppend[] = [];
  #queuedEvents = 0;
  #queuedBytes = 0;
  /** The appends that were taken from the queue, while they are checked and committed. */
  #taken: readonly PendingAppend[] = [];
  /** Those of them whose documents are at the database. */
  #inFlight: readonly PendingAppend[] = [];
  #running: Promise<void> | undefined;
  #prepared = false;
  #stopping = false;
  /** No append is waited for longer than this, on the clock of `performance.now()`; set when the server stops. */
  #lastDeadline = Number.POSITIVE_INFINITY;

  constructor(private readonly place: SequencerPlace) {}

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
    const overload = this.#overload(pending);
    if (overload !== undefined) return Promise.reject(overload);
    this.#enqueue(pending);
    this.#queue.push(pending);
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
    while (this.#queue.length > 0) {
      const group = this.#take();
      this.#taken = group;
      try {
        await this.#commitGroup(group);
        wait = 0;
      } catch (error) {
        // A question to the database failed before anything was written: ask again until time is up.
        this.place.logger.warn({ err: error, collection: this.place.collection }, 'appends wait for the database');
        wait = nextPause(wait);
        this.#putBack(group.filter((pending) => !pending.queued));
        await pause(wait);
      }
    }
    this.#taken = [];
    clearInterval(sweep);
    this.#running = undefined;
  }

  #take(): PendingAppend[] {
    const group = this.#queue.splice(0, groupSize(this.#queue, TUNING));
    for (const pending of group) this.#dequeue(pending);
    return group.filter((pending) => !pending.answered);
  }

  /** To the front again, in order. What has been answered in the meantime is done. */
  #putBack(appends: readonly PendingAppend[]): void {
    const open = appends.filter((pending) => !pending.answered);
    for (const pending of open) this.#enqueue(pending);
    this.#queue = [...open, ...this.#queue];
  }

  async #commitGroup(group: readonly PendingAppend[]): Promise<void> {
    if (!this.#prepared) await this.place.prepare();
    this.#prepared = true;
    const { tail } = this.place;
    await tail.load();
    // Others' commits become known while we check. What was checked against one tail says nothing about a later one.
    let first: number;
    let holding = group;
    do {
      first = tail.next;
      holding = await this.#holding(holding);
    } while (tail.next !== first);
    // Whose time ran out while it was checked has been told that nothing was recorded.
    holding = holding.filter((pending) => !pending.answered);
    const size = prefixWithoutConflict(holding);
    const ready = holding.slice(0, size);
    this.#putBack(holding.slice(size));
    if (ready.length === 0) return;
    this.#inFlight = ready;
    try {
      await this.#commit(ready);
    } finally {
      this.#inFlight = [];
    }
  }

  /** Those appends whose expectations hold; the others are answered. */
  async #holding(group: readonly PendingAppend[]): Promise<readonly PendingAppend[]> {
    if (group.every((pending) => pending.append.expectations.length === 0)) return group;
    const { tail, db, collection } = this.place;
    const verdicts = await Promise.all(
      group.map((pending) => checkExpectations(pending.append.expectations, tail, db, collection)),
    );
    const failing = group.filter((_, i) => verdicts[i]?.kind !== 'hold');
    if (failing.length === 0) return group;
    // A repeated append meets its own first time there, and that is a success.
    await this.#answerKnown(failing);
    group.forEach((pending, i) => {
      if (!pending.answered) answerVerdict(pending, verdicts[i] as Verdict);
    });
    return group.filter((pending) => !pending.answered);
  }

  async #commit(ready: readonly PendingAppend[]): Promise<void> {
    const { tail } = this.place;
    const first = tail.next;
    const recorded = Date.now();
    const documents = ready.flatMap((pending) => pending.append.documents);
    const outcome = await this.#insert(ready, documents, first, recorded);
    if (outcome.kind === 'committed') {
      this.#recorded(ready, first, recorded);
      return;
    }
    if (outcome.kind === 'abandoned') return;
    const atomic = isAtomic(ready);
    const failed = appendAt(ready, outcome.at);
    if (!atomic) this.#recorded(ready.slice(0, failed), first, recorded);
    const rest = atomic ? ready : ready.slice(failed);
    if (outcome.kind === 'refused') {
      const { logger, collection } = this.place;
      logger.warn({ err: outcome.error, collection }, 'the database refused an append');
      const code = ready[failed]?.mayHaveLanded === true ? 'OUTCOME_UNKNOWN' : 'DATABASE_REFUSED';
      ready[failed]?.fail(new AnnalsError(code, undefined, { cause: outcome.error }));
    } else {
      await this.#afterClash(rest, outcome.key, first + outcome.at);
    }
    this.#putBack(rest);
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
    try {
      for (let wait = 0; ; wait = nextPause(wait)) {
        const outcome = isAtomic(ready)
          ? await insertEventsAtomically(db, collection, documents, (session ??= client.startSession()))
          : await insertEvents(db, collection, documents);
        if (outcome.kind === 'unknown') {
          logger.warn(
            { err: outcome.error, collection, first, events: documents.length },
            'outcome unknown, trying again',
          );
          if (outcome.sent) for (const pending of ready) pending.mayHaveLanded = true;
          await pause(wait);
        } else if (outcome.kind === 'contended') {
          await pause(Math.random() * TUNING.contentionPauseMs);
        } else {
          return outcome;
        }
        if (this.#stopping && ready.every((pending) => pending.answered)) return { kind: 'abandoned' };
      }
    } finally {
      await session?.endSession();
    }
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
    if (key === 'event-id' || doubtful) await this.#answerKnown(rest);
    for (const pending of rest) {
      if (pending.attempted !== undefined && pending.attempted.first < next) pending.mayHaveLanded = false;
    }
    // It is there, but not yet with a majority: trying again at once would only meet it again.
    if (key === 'number' && next <= number) await pause(TUNING.contentionPauseMs);
  }

  /** Answers those appends whose event ids are recorded. */
  async #answerKnown(appends: readonly PendingAppend[]): Promise<void> {
    const drafts = appends.flatMap((pending) => pending.append.drafts);
    const known = await lookUp(this.place.db, this.place.collection, drafts);
    if (known.size === 0) return;
    for (const pending of appends) {
      const answer = answerFromKnown(pending.append.drafts, known);
      if (answer !== undefined) pending.respond(ownFirstTime(pending, answer));
    }
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
    const expired = this.#queue.filter(late);
    if (expired.length === 0) return;
    for (const pending of expired) {
      pending.expire();
      this.#dequeue(pending);
    }
    this.#queue = this.#queue.filter((pending) => pending.queued);
  }

  #overload(pending: PendingAppend): AnnalsError | undefined {
    const events = this.#queuedEvents + pending.count;
    // One call is always taken by an empty queue, or the largest could never pass.
    if (this.#queue.length === 0) return undefined;
    if (events <= TUNING.queueEvents && this.#queuedBytes + pending.append.bytes <= TUNING.queueBytes) {
      if (this.place.budget.fits(pending.append.bytes)) return undefined;
    }
    return new AnnalsError('OVERLOADED', undefined, {
      metadata: { queuedEvents: String(this.#queuedEvents), limit: String(TUNING.queueEvents) },
    });
  }

  #enqueue(pending: PendingAppend): void {
    pending.queued = true;
    this.#account(pending, 1);
  }

  #dequeue(pending: PendingAppend): void {
    pending.queued = false;
    this.#account(pending, -1);
  }

  #account(pending: PendingAppend, sign: 1 | -1): void {
    this.#queuedEvents += sign * pending.count;
    this.#queuedBytes += sign * pending.append.bytes;
    this.place.budget.add(sign * pending.append.bytes);
  }
}

/** A call of many events is all or nothing, so a group with one is a transaction. */
const isAtomic = (group: readonly PendingAppend[]): boolean => group.some((pending) => pending.count > 1);

const nextPause = (last: number): number =>
  last === 0 ? TUNING.retryFirstMs : Math.min(last * 2, TUNING.retryLongestMs);

/** What our own attempt recorded, although nobody said so then, is no duplicate to whoever waits for it. */
function ownFirstTime(pending: PendingAppend, answer: AppendResponse): AppendResponse {
  if (!pending.mayHaveLanded || !('appended' in answer)) return answer;
  return { appended: { ...answer.appended, duplicate: answer.appended.recorded !== pending.attempted?.recorded } };
}

function answerVerdict(pending: PendingAppend, verdict: Verdict): void {
  if (verdict.kind === 'violated') pending.respond({ refused: { violations: verdict.violations } });
  if (verdict.kind === 'ahead') pending.fail(verdict.error);
}
