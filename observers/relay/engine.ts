/**
 * One link at work: connects to its source, sees that it still is the one that was relayed, follows it from
 * the checkpoint, and brings batch after batch over. Whatever goes wrong is said and tried again; what only a
 * person can decide stops it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RateMeter } from '../../src/observation/rate-meter';
import type { LinkRecord, LinkStatus } from '../../src/storage/link-records';
import { LostLease } from '../../src/storage/observers';
import { Intake } from './intake';
import { Mutex } from './mutex';
import { redrive, type Leaving, type Redriven } from './redrive';
import { RelaySteps, StepLost, type StepsOptions } from './relay-steps';
import { checkSource } from './source-check';
import type { Source } from './source';
import type { SourceEvent } from './source-event';
import { SourceAway, SourceChanged, wordsOf } from './trouble';
import { RELAY } from './tuning';

export interface EngineOptions extends Omit<StepsOptions, 'sourceAt'> {
  readonly connect: (record: LinkRecord) => Source;
  readonly logger: Logger;
  /** The link has passed to another server. */
  readonly lost: (reason: Error) => void;
}

export class LinkEngine {
  readonly steps: RelaySteps;
  readonly #rate = new RateMeter(RELAY.rateWindowMs);
  readonly #redrives = new Mutex();
  readonly #stopping = new AbortController();
  #round = new AbortController();
  #source: Source | undefined;
  #wake = (): void => undefined;
  #running: Promise<void> | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #tick: Promise<void> | undefined;
  /** What was last written of what people see. */
  #written = '';
  #levelAt = new Date();

  constructor(private readonly options: EngineOptions) {
    this.steps = new RelaySteps({ ...options, sourceAt: async (number) => this.source.at(number, this.#round.signal) });
  }

  /** Reads where the link stands and goes to work. @throws LostLease */
  async start(): Promise<void> {
    await this.steps.load();
    this.#levelAt = this.steps.record.levelAt;
    this.#running = this.#run();
    this.#ticker = setInterval(() => {
      this.#tick ??= this.#look().finally(() => (this.#tick = undefined));
    }, RELAY.tailMs);
  }

  /** What people see, as it is at this moment. */
  get record(): LinkRecord {
    return { ...this.steps.record, rate: this.#rate.perSecond(), levelAt: this.#levelAt };
  }

  get source(): Source {
    return (this.#source ??= this.options.connect(this.steps.record));
  }

  async pause(): Promise<void> {
    await this.#write({ paused: true, state: 'paused', lastError: '' });
    this.#round.abort();
  }

  /** Goes on, from elsewhere or with another deployment for a source when a person says so. */
  async resume(to: { readonly position?: number; readonly sourceDeployment?: string } = {}): Promise<void> {
    const { store, address, epoch } = this.options;
    this.#round.abort();
    await this.steps.alone(async () => {
      await store.reset(address.link, epoch, to);
      await this.steps.load();
    });
    await this.#write({ paused: false, fault: null, state: 'connecting', lastError: '' });
    this.#wake();
  }

  /** Tries held partitions again. @throws SourceAway, LostLease */
  async redrive(partitions: readonly string[], leaving: Leaving): Promise<Redriven[]> {
    return this.#redrives.run(async () => {
      try {
        const results = await redrive(this.steps, this.source, partitions, leaving, this.#stopping.signal);
        for (const { relayed } of results) this.#rate.add(relayed);
        return results;
      } catch (error) {
        // What was written is the truth, whatever was thought.
        await this.#reload();
        throw error;
      } finally {
        this.#wake();
      }
    });
  }

  /** Ends its work after the step that is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#ticker);
    this.#round.abort();
    this.#wake();
    await this.#running;
    await this.#tick;
    await this.#source?.close();
  }

  get #stopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopped) {
      const { paused, fault } = this.steps.record;
      if (paused || fault !== null) {
        await this.#untilWoken(() => this.steps.record.paused || this.steps.record.fault !== null);
        continue;
      }
      this.#round = new AbortController();
      const { signal } = this.#round;
      try {
        await this.#say({ state: 'connecting' });
        await checkSource(this.source, this.steps.record, signal);
        failures = 0;
        await this.#follow(signal);
      } catch (error) {
        // Paused, resumed or stopped: what comes of that is no trouble.
        if (signal.aborted) continue;
        if (!(await this.#met(error, ++failures))) return;
      } finally {
        this.#round.abort();
      }
    }
  }

  /** What follows from trouble. False: the link is no longer ours. */
  async #met(error: unknown, failures: number): Promise<boolean> {
    try {
      if (error instanceof LostLease) throw error;
      if (error instanceof SourceChanged) {
        this.options.logger.error({ err: error, link: this.options.address }, 'a link has stopped');
        const fault = { state: 'faulted', fault: error.message, lastError: error.message } as const;
        await this.#persistently(async () => this.#write(fault));
        return true;
      }
      const state = error instanceof SourceAway ? 'source-away' : 'target-refuses';
      await this.#say({ state, lastError: wordsOf(error) });
      await this.#backOff(failures);
      if (state === 'target-refuses') await this.#persistently(async () => this.#reload());
      return true;
    } catch (inner) {
      if (this.#stopped) return false;
      this.options.lost(inner instanceof Error ? inner : new Error(String(inner)));
      return false;
    }
  }

  async #reload(): Promise<void> {
    await this.steps.alone(async () => this.steps.load());
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { definition, position } = this.steps.record;
    let interrupted = (): void => undefined;
    const batches = this.source.follow(position, definition.filters, signal, () => {
      interrupted();
    });
    const intake = new Intake(batches);
    interrupted = () => {
      // It may come back as another one, so it is looked at anew.
      intake.fail(new SourceAway('the connection to the source was lost'));
    };
    const ended = (): void => {
      intake.fail(new SourceAway('stopped'));
      this.#wake();
    };
    signal.addEventListener('abort', ended, { once: true });
    await this.#say({ state: 'running', lastError: '' });
    while (!signal.aborted) {
      if (this.steps.holds.size >= RELAY.maxHeld) {
        const lastError = `${this.steps.holds.size} partitions are held: redrive some, then it goes on by itself`;
        await this.#say({ state: 'target-refuses', lastError });
        await this.#untilWoken(() => !signal.aborted && this.steps.holds.size >= RELAY.maxHeld);
        if (this.steps.holds.size < RELAY.maxHeld) await this.#say({ state: 'running', lastError: '' });
        continue;
      }
      const events = await intake.take(RELAY.idleMs);
      if (signal.aborted) return;
      if (events.length > 0) await this.#bring(events, signal);
      else await this.#passOver(intake, signal);
    }
  }

  /** Brings a batch over, however long the target refuses to take anything. */
  async #bring(events: readonly SourceEvent[], signal: AbortSignal): Promise<void> {
    const next = (events.at(-1)?.sequenceNumber ?? 0) + 1;
    for (let failures = 0; !signal.aborted;) {
      try {
        this.#rate.add(await this.steps.past(events, next));
        if (failures > 0) await this.#say({ state: 'running', lastError: '' });
        return;
      } catch (error) {
        if (error instanceof LostLease || error instanceof SourceAway) throw error;
        if (!(error instanceof StepLost)) {
          await this.#say({ state: 'target-refuses', lastError: wordsOf(error) });
          await this.#backOff(++failures);
        }
        await this.#persistently(async () => this.#reload());
      }
    }
  }

  /** The checkpoint follows what does not match, with an event of that place by which the source is known again. */
  async #passOver(intake: Intake, signal: AbortSignal): Promise<void> {
    const { sourceTail = -1, position: at } = this.steps.record;
    if (sourceTail < at) return;
    // What was seen of an earlier connection may be of another source by now.
    const tail = (await this.source.next(signal)) - 1;
    while (intake.empty && !signal.aborted && this.steps.record.position <= tail) {
      const { position, definition } = this.steps.record;
      const to = Math.min(tail, position + RELAY.passOverNumbers - 1);
      // What matches comes by the subscription in a moment.
      if ((await this.source.firstFrom(position, to, definition.filters, signal)) !== undefined) return;
      const last = await this.source.at(to, signal);
      const anchor = last === undefined ? undefined : { number: last.sequenceNumber, eventId: last.eventId };
      await this.#persistently(async () => this.steps.past([], to + 1, anchor));
    }
  }

  /** Looks how far the source is, which also tells a source that hangs. */
  async #look(): Promise<void> {
    const { signal } = this.#round;
    const { state } = this.steps.record;
    if (!signal.aborted && (state === 'running' || state === 'target-refuses')) {
      try {
        const next = await this.source.next(signal);
        this.steps.noted({ sourceTail: next === 0 ? undefined : next - 1 });
        // A source that lost its end while we are connected is found by the look that every new connection begins with.
        if (next < this.steps.record.position) this.#round.abort();
      } catch {
        // So the round ends, and what is wrong is found and said when it connects again.
        if (this.#round.signal === signal) this.#round.abort();
      }
    }
    await this.#say({});
  }

  get #level(): boolean {
    const { position, sourceTail } = this.steps.record;
    return sourceTail === undefined || position > sourceTail;
  }

  /** Notes what people see, and writes it when it is news. What stands against writing it stands against more important things too. */
  async #say(change: Partial<LinkStatus>): Promise<void> {
    this.steps.noted(change);
    if (this.#level) this.#levelAt = new Date();
    const { state, lastError, sourceTail } = this.steps.record;
    const said = { state, lastError, rate: this.#rate.perSecond(), sourceTail };
    const news = JSON.stringify({ ...said, level: this.#level });
    if (news === this.#written) return;
    try {
      await this.#write({ ...said, levelAt: this.#levelAt });
      this.#written = news;
    } catch (error) {
      if (error instanceof LostLease) this.options.lost(error);
      else this.options.logger.debug({ err: error, link: this.options.address }, 'a link’s state could not be written');
    }
  }

  async #write(change: Partial<LinkStatus>): Promise<void> {
    const { store, address, epoch } = this.options;
    await this.steps.alone(async () => {
      await store.update(address.link, epoch, change);
      this.steps.noted(change);
    });
  }

  /** Until the database does it, or the link is stopped or lost. */
  async #persistently<Result>(work: () => Promise<Result>): Promise<Result> {
    for (let failures = 0; ;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof LostLease || error instanceof StepLost || this.#stopped) throw error;
        this.steps.noted({ state: 'target-refuses', lastError: wordsOf(error) });
        await this.#backOff(++failures);
      }
    }
  }

  async #backOff(failures: number): Promise<void> {
    const ms = Math.min(RELAY.retryLongestMs, RELAY.retryFirstMs * 2 ** (failures - 1));
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  /** Waits while it is so. Whoever changes it wakes. */
  async #untilWoken(isSo: () => boolean): Promise<void> {
    while (!this.#stopped && isSo()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
