/**
 * One sequence at work: what happened to it is taken in, what follows from that is decided, recorded and done, one after
 * the other. Many of them work beside each other, so that what they record shares the commits of the log. Nothing is
 * done that is not recorded before, and nothing is true before it comes back from the log.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AnnalsError } from '../../src/kernel/annals-error';
import { handed, inHands } from './answers';
import { reached, type CrashPoint } from './crash-points';
import { fold } from './fold';
import { isPassing, type Recorded } from './journal';
import type { SequenceEntry } from './log-entry';
import { next, type Next, type Waiting, type World } from './next';
import type { Place, Roster } from './roster';
import type { SequenceState } from './sequence-state';
import { handlingOf } from './steps';
import { ORDERED_SEQUENCES } from './tuning';

/** What came from outside, as entries; none when it changes nothing. It may be asked again, of a newer state. @throws what its caller gets */
export type Decide = (state: SequenceState, world: World) => readonly SequenceEntry[];

/** What a worker works with. */
export interface Workshop {
  readonly roster: Roster;
  readonly logger: Logger;
  readonly world: () => World;
  /** Everything of the log up to here has been taken in; undefined: nothing has. */
  readonly seen: () => number | undefined;
  readonly record: (
    state: SequenceState,
    entries: readonly SequenceEntry[],
    at: number,
    seen: number | undefined,
  ) => Promise<Recorded>;
  /** Returns once the log has been taken in up to this number, or whole. */
  readonly takenIn: (number?: number) => Promise<void>;
  /** Renders the compensating events, or says why not. */
  readonly render: (state: SequenceState) => Promise<SequenceEntry>;
  /** Appends one, or says why not. */
  readonly append: (state: SequenceState, compensation: number) => Promise<SequenceEntry>;
  /** One that is appended already; undefined: it is not. */
  readonly appended: (state: SequenceState, compensation: number) => Promise<SequenceEntry | undefined>;
  /** Hands it over. */
  readonly hand: (place: Place, state: SequenceState) => Promise<void>;
  /** It has nothing to do before something happens. */
  readonly waits: (state: SequenceState, waiting: Waiting) => void;
  /** Nothing more happens to it by itself. */
  readonly settled: (worker: SequenceWorker) => void;
  readonly stopping: AbortSignal;
}

interface Job {
  readonly decide: Decide;
  readonly done: (state: SequenceState) => void;
  readonly failed: (error: unknown) => void;
}

/** One record, and what is done after it. */
interface Plan {
  readonly jobs: readonly Job[];
  readonly entries: readonly SequenceEntry[];
  readonly places: readonly Place[];
  readonly then: Next;
}

/** Entries of one record after which what else there is waits for the next: with one more decision of a large sequence they still are one append. */
const ENTRIES_AT_ONCE = 500;

/** Things that happened which are decided together: an output of 64 KiB of JSON may be 350 KiB of BSON, and they still are one append. */
const JOBS_AT_ONCE = 32;

export class SequenceWorker {
  readonly #jobs: Job[] = [];
  #running: Promise<void> | undefined;
  #again = false;
  #resting: AbortController | undefined;
  #pause: number = ORDERED_SEQUENCES.retryFirstMs;
  /** A compensating event may be appended of which the log does not tell: before a crash, or by an append without an answer. */
  #unsure = true;

  constructor(
    readonly sequenceId: string,
    /** As the log has it. */
    public state: SequenceState,
    private readonly shop: Workshop,
  ) {}

  get idle(): boolean {
    return this.#running === undefined && this.#jobs.length === 0;
  }

  /** Returns the state in which what was decided has been recorded. */
  async submit(decide: Decide): Promise<SequenceState> {
    return new Promise((done, failed) => {
      this.#jobs.push({ decide, done, failed });
      this.#resting?.abort();
      this.poke();
    });
  }

  /** Something may have changed: look again. */
  poke(): void {
    this.#again = true;
    if (this.shop.stopping.aborted) {
      this.#refuse();
      return;
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#again) this.poke();
    });
  }

  async stopped(): Promise<void> {
    await this.#running;
    this.#refuse();
  }

  #refuse(): void {
    for (const { failed } of this.#jobs.splice(0)) failed(new AnnalsError('SHUTTING_DOWN'));
  }

  async #run(): Promise<void> {
    const { stopping, logger } = this.shop;
    // What else comes in this turn of the event loop is decided together.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#again && !stopping.aborted) {
      this.#again = false;
      try {
        if (await this.#round()) this.#again = true;
        this.#pause = ORDERED_SEQUENCES.retryFirstMs;
      } catch (error) {
        if (stopping.aborted) return;
        logger.warn({ err: error, sequenceId: this.sequenceId }, 'an ordered sequence cannot go on, trying again');
        await this.#rest();
        this.#again = true;
      }
    }
  }

  /** Whoever comes meanwhile is not kept waiting. */
  async #rest(): Promise<void> {
    const { stopping } = this.shop;
    this.#resting = new AbortController();
    const signal = AbortSignal.any([stopping, this.#resting.signal]);
    await sleep(this.#pause, undefined, { signal }).catch(() => undefined);
    this.#resting = undefined;
    this.#pause = Math.min(2 * this.#pause, ORDERED_SEQUENCES.retryLongestMs);
  }

  /** Whether there may be more to do at once. */
  async #round(): Promise<boolean> {
    if (this.#unsure) await this.#makeSure();
    const jobs = this.#jobs.splice(0, JOBS_AT_ONCE);
    try {
      return await this.#roundOf(jobs);
    } catch (error) {
      for (const { failed } of jobs) failed(error);
      throw error;
    }
  }

  async #roundOf(jobs: readonly Job[]): Promise<boolean> {
    const { shop } = this;
    const seen = shop.seen();
    const world = {
      ...shop.world(),
      isHeld: (step: number) => shop.roster.isHeld({ sequenceId: this.sequenceId, step }),
    };
    const plan = this.#plan(jobs, world);
    if (plan.entries.length > 0) return this.#record(plan, world.now, seen);
    for (const { done } of plan.jobs) done(this.state);
    if (this.#jobs.length > 0) return true;
    switch (plan.then.kind) {
      case 'render':
        return this.#effect(
          async (state) => shop.render(state),
          (state) => (state.handling.rollback?.compensations ?? null) === null,
        );
      case 'append': {
        const { compensation } = plan.then;
        // Until it has answered.
        this.#unsure = true;
        return this.#effect(async (state) => shop.append(state, compensation), isMissing);
      }
      case 'wait':
        shop.waits(this.state, plan.then);
        return false;
      case 'settled':
        shop.settled(this);
        return false;
      case 'record':
        return true;
    }
  }

  /** Everything that can be decided now. A job that is refused leaves the others as they are. */
  #plan(given: readonly Job[], world: World): Plan {
    let { state } = this;
    const entries: SequenceEntry[] = [];
    const add = (more: readonly SequenceEntry[]): void => {
      for (const entry of more) {
        entries.push(entry);
        // The number that it gets is known later; that it is a later one is all that counts here.
        state = fold(state, entry, { number: state.handling.last + 1, at: world.now });
      }
    };
    const jobs = given.filter((job) => {
      try {
        add(job.decide(state, world));
        return true;
      } catch (error) {
        job.failed(error);
        return false;
      }
    });
    const places: Place[] = [];
    let then = next(state, world);
    // What has happened and is not decided yet comes first: a step that was answered is neither late nor anybody else's.
    while (entries.length < ENTRIES_AT_ONCE && this.#jobs.length === 0) {
      if (then.kind === 'record') add(then.entries);
      else if (then.kind !== 'wait' || !this.#hand(state, then, world, places, add)) break;
      then = next(state, world);
    }
    if (then.kind !== 'wait' && then.kind !== 'record') this.#keepNone();
    return { jobs, entries, places, then };
  }

  /** Finds processors for the steps that are to have one. Whether there were any. */
  #hand(
    state: SequenceState,
    { toHand }: Waiting,
    world: World,
    places: Place[],
    add: (entries: readonly SequenceEntry[]) => void,
  ): boolean {
    const { roster } = this.shop;
    const { sequenceId } = this;
    const begun = inHands(state);
    const due = new Map(begun.map(({ step, attempt }) => [step, attempt]));
    for (const step of toHand) due.set(step, handlingOf(state, step).attempts + 1);
    roster.keep(sequenceId, due);
    let found = false;
    for (const [step, attempt] of due) {
      const eventType = handlingOf(state, step).arrived?.eventType;
      if (eventType === undefined) continue;
      const place = roster.place({ sequenceId, step }, eventType);
      if (place === undefined || place.handed || places.includes(place)) continue;
      const { processor } = place;
      const entries = handed(state, step, processor.name, world.now + processor.deadlineMs, world);
      if (entries.length === 0) {
        roster.free(place);
        continue;
      }
      place.attempt = attempt;
      place.again = attempt > 1 || begun.some((one) => one.step === step);
      places.push(place);
      add(entries);
      found = true;
    }
    return found;
  }

  #keepNone(): void {
    this.shop.roster.keep(this.sequenceId, new Map());
  }

  async #record({ jobs, entries, places }: Plan, at: number, seen: number | undefined): Promise<boolean> {
    const { shop } = this;
    let recorded: Recorded;
    try {
      recorded = await shop.record(this.state, entries, at, seen);
    } catch (error) {
      if (!isPassing(error)) throw error;
      shop.logger.warn({ err: error, sequenceId: this.sequenceId }, 'an ordered sequence waits for its log');
      recorded = { kind: 'conflict' };
      await this.#rest();
    }
    if (recorded.kind === 'refused') {
      const [violation] = recorded.violations;
      throw new AnnalsError('INTERNAL', `the log refused an entry: ${violation?.message ?? ''}`);
    }
    if (recorded.kind === 'conflict') {
      // What came in between, or what was recorded without an answer, shows when the log is read on.
      await shop.takenIn();
      this.#jobs.unshift(...jobs);
      return true;
    }
    await shop.takenIn(recorded.last);
    for (const { type } of entries) reached(POINTS[type]);
    const { state } = this;
    for (const { done } of jobs) done(state);
    await Promise.all(places.map(async (place) => this.#handOver(place, state)));
    if (places.length > 0) reached('step-handed');
    return true;
  }

  /** Until it is on its way: it is recorded that the processor has it. */
  async #handOver(place: Place, state: SequenceState): Promise<void> {
    const { hand, logger, stopping } = this.shop;
    let pause: number = ORDERED_SEQUENCES.retryFirstMs;
    while (!stopping.aborted) {
      try {
        await hand(place, state);
        return;
      } catch (error) {
        logger.warn({ err: error, sequenceId: this.sequenceId }, 'a step cannot be handed over, trying again');
        await sleep(pause, undefined, { signal: stopping }).catch(() => undefined);
        pause = Math.min(2 * pause, ORDERED_SEQUENCES.retryLongestMs);
      }
    }
  }

  /** Does something outside, and has what came of it recorded unless that is the case already. */
  async #effect(act: (state: SequenceState) => Promise<SequenceEntry>, isDue: IsDue): Promise<boolean> {
    const entry = await act(this.state);
    this.#unsure = false;
    this.#tellFirst(entry, isDue);
    return true;
  }

  /** What is appended already is recorded before anybody decides otherwise: an audit leaves out nothing that happened. */
  async #makeSure(): Promise<void> {
    const { state, shop } = this;
    const compensation = state.handling.rollback?.compensations?.findIndex((one) => one.sequenceNumber === null) ?? -1;
    const entry = compensation < 0 ? undefined : await shop.appended(state, compensation);
    this.#unsure = false;
    if (entry !== undefined) this.#tellFirst(entry, isMissing);
  }

  #tellFirst(entry: SequenceEntry, isDue: IsDue): void {
    const ignored = (): void => undefined;
    this.#jobs.unshift({ decide: (now) => (isDue(now, entry) ? [entry] : []), done: ignored, failed: ignored });
  }
}

/** Whether what an effect has come to is not recorded yet. */
type IsDue = (state: SequenceState, entry: SequenceEntry) => boolean;

/** The compensation that the entry is about is not known to be appended. */
const isMissing: IsDue = ({ handling }, about) =>
  'entry' in about &&
  handling.rollback?.compensations?.some((one) => one.entry === about.entry && one.sequenceNumber === null) === true;

const POINTS: Record<SequenceEntry['type'], CrashPoint> = {
  SequenceCreated: 'after-create-recorded',
  StepArrived: 'arrival-recorded',
  StepStarted: 'step-recorded',
  StepProcessed: 'answer-recorded',
  StepFailed: 'failure-recorded',
  SequenceCompleted: 'completed-recorded',
  SequenceFailed: 'sequence-failed-recorded',
  RollbackRendered: 'rollback-recorded',
  RollbackStopped: 'rollback-recorded',
  CompensationAppended: 'compensation-recorded',
  RollbackCompleted: 'rollback-completed',
  SequenceResolved: 'resolution-recorded',
};
