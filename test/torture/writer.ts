/**
 * A client that appends: singles and batches, with and without expectations that race with those of
 * the others, and calls that it or another one has sent before, whole, in part, or changed.
 */
import type { Outcome } from '../history/history';
import { pause, within } from '../support/await-fact';
import type { Appender } from './appender';
import type { Call, Knowledge } from './knowledge';
import { makeEvent, otherContent, type MadeEvent } from './new-events';
import type { Random } from './random';
import type { Recorder } from './recorder';

/** Milliseconds that a patient call may take: longer than most disturbances. */
const CALL_TIMEOUT_MS = 8_000;
/** Milliseconds that an impatient one may take: it gives up in most disturbances, so that outcomes stay unknown. */
const IMPATIENT_MS = { least: 50, most: 2_000 };
/** The share of calls that are impatient. */
const IMPATIENT = 0.4;
/** Milliseconds after which a call that has not ended by its own timeout is a fault. */
const CALL_HANGS_MS = CALL_TIMEOUT_MS + 12_000;
/** Calls that one client has under way at once, at most. */
const CALLS_AT_ONCE = 5;
/** Milliseconds between a client's turns at most. */
const LONGEST_PAUSE_MS = 20;
/** Milliseconds before the next turn when nobody was there: a server that is down fails thousands of calls a second. */
const AFTER_FAILURE_MS = 250;
const LARGEST_BATCH = 50;
/** Now and then a batch is larger than what MongoDB writes in one go when nobody asks for all or nothing. */
const HUGE_BATCH = 400;

const HOT_SOURCES = 4;
const QUIET_SOURCES = 200;
const TYPES = ['opened', 'changed', 'closed'];
const SEATS = 6;

export class Writer {
  #ids = 0;

  constructor(
    readonly name: string,
    private readonly appender: Appender,
    private readonly knowledge: Knowledge,
    private readonly recorder: Recorder,
    private readonly random: Random,
  ) {}

  /** Appends until the signal; rejects with what no client under fire should see. */
  async run(signal: AbortSignal, mayGoOn: () => boolean): Promise<void> {
    while (!signal.aborted) {
      if (mayGoOn()) {
        const calls = this.random.chance(0.3) ? this.random.whole(2, CALLS_AT_ONCE) : 1;
        const outcomes = await Promise.all(
          Array.from({ length: calls }, () => this.send(this.#nextCall(), this.#patience())),
        );
        if (outcomes.some(({ is }) => is === 'unknown' || is === 'failed')) await pause(AFTER_FAILURE_MS);
      }
      await pause(this.random.whole(0, LONGEST_PAUSE_MS));
    }
  }

  /** Sends a call, or sends it again, and notes what it is told. */
  async send(call: Call, timeoutMs = CALL_TIMEOUT_MS): Promise<Outcome> {
    const { events, expectations } = call;
    const sent = this.recorder.sent(
      this.name,
      events.map((e) => e.sent),
      expectations,
    );
    const outcome = await within(CALL_HANGS_MS, `${sent.opId} is answered`, this.appender.append(call, timeoutMs));
    this.recorder.told(sent.opId, outcome);
    this.knowledge.note(call, outcome);
    return outcome;
  }

  readonly #patience = (): number =>
    this.random.chance(IMPATIENT) ? this.random.whole(IMPATIENT_MS.least, IMPATIENT_MS.most) : CALL_TIMEOUT_MS;

  #nextCall(): Call {
    const { random } = this;
    const again = this.knowledge.recent(random);
    return random.weighted<() => Call>([
      [40, () => this.#free(1)],
      [10, () => this.#free(random.whole(2, LARGEST_BATCH))],
      [0.3, () => this.#free(HUGE_BATCH)],
      [20, () => this.#onSource(1)],
      [6, () => this.#onSource(random.whole(2, LARGEST_BATCH))],
      [4, () => this.#onFreshSource()],
      [10, () => this.#onSeat()],
      ...(again === undefined ? [] : this.#variationsOf(again)),
    ])();
  }

  #variationsOf({ events, expectations }: Call): [number, () => Call][] {
    return [
      [6, () => ({ events, expectations: this.random.chance(0.5) ? expectations : [] })],
      [1, () => ({ events: events.map(otherContent), expectations: [] })],
      [1, () => ({ events: [...events, this.#event(this.#quiet())], expectations: [] })],
      [1, () => ({ events: [this.#event(this.#quiet()), ...events], expectations: [] })],
    ];
  }

  #free(size: number): Call {
    const source = this.random.chance(0.3) ? this.#hot() : this.#quiet();
    return { events: Array.from({ length: size }, () => this.#event(source)), expectations: [] };
  }

  #onSource(size: number): Call {
    const source = this.#hot();
    return {
      events: Array.from({ length: size }, () => this.#event(source)),
      expectations: [this.knowledge.ofSource(source)],
    };
  }

  #onFreshSource(): Call {
    const source = this.knowledge.freshSource(this.random);
    return {
      events: [this.#event(source)],
      expectations: [{ ...this.knowledge.ofSource(source), lastSeen: undefined }],
    };
  }

  /** Two conditions at once: the source's version, and a boundary across sources. */
  #onSeat(): Call {
    const seat = `seat-${this.random.whole(1, SEATS)}`;
    const source = this.#hot();
    const both = [this.knowledge.ofTag('taken', seat), this.knowledge.ofSource(source)];
    return {
      events: [this.#event(source, 'taken', [seat])],
      expectations: this.random.chance(0.5) ? both : both.slice(0, 1),
    };
  }

  #event(source: string, type = this.random.pick(TYPES) ?? 'opened', tags?: string[]): MadeEvent {
    this.#ids += 1;
    const some = tags ?? (this.random.chance(0.2) ? [`tag-${this.random.whole(1, 5)}`] : []);
    return makeEvent(`${this.name}-e${this.#ids}`, type, source, some, this.random);
  }

  readonly #hot = (): string => `hot-${this.random.whole(1, HOT_SOURCES)}`;
  readonly #quiet = (): string => `quiet-${this.random.whole(1, QUIET_SOURCES)}`;
}
