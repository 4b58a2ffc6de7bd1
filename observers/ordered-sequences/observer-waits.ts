/**
 * Steps that are done when a named observer has handled their event. For each observer one question is open at a time,
 * about the lowest number that anybody waits for, wherever the observer is owned: so it is asked as any program asks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { connect, type Annals } from '../../src/client';
import type { NamespaceAddress } from './journal';
import { ORDERED_SEQUENCES } from './tuning';

export interface ObserverWait {
  readonly step: number;
  readonly observer: string;
  /** The event sequence of the step's event, and its number there. */
  readonly sequence: string;
  readonly number: number;
}

export interface ObserverWaitsOptions {
  readonly namespace: NamespaceAddress;
  /** Where this server is reached. */
  readonly address: () => string;
  readonly logger: Logger;
  /** Returns once it is recorded. */
  readonly handled: (sequenceId: string, step: number, observer: string) => Promise<void>;
  readonly failed: (sequenceId: string, step: number, observer: string, message: string) => Promise<void>;
}

interface Wait extends ObserverWait {
  readonly sequenceId: string;
}

/** How long one question stays open, in ms; then it is asked again. */
const QUESTION_MS = 20_000;

export class ObserverWaits {
  readonly #waits = new Map<string, Map<string, Wait>>();
  readonly #bySequence = new Map<string, readonly Wait[]>();
  readonly #running = new Map<string, Promise<void>>();
  /** Wakes an observer's questions when somebody waits for a lower number. */
  readonly #changed = new Map<string, AbortController>();
  readonly #stopping = new AbortController();
  /** Connected when a step first waits for an observer. */
  #client: Annals | undefined;

  constructor(private readonly options: ObserverWaitsOptions) {}

  /** Replaces what a sequence waits for. */
  set(sequenceId: string, waits: readonly ObserverWait[]): void {
    const before = this.#bySequence.get(sequenceId) ?? [];
    if (before.length === 0 && waits.length === 0) return;
    for (const { observer, step } of before) this.#waits.get(observer)?.delete(keyOf(sequenceId, step));
    const now = waits.map((wait) => ({ ...wait, sequenceId }));
    if (now.length === 0) this.#bySequence.delete(sequenceId);
    else this.#bySequence.set(sequenceId, now);
    for (const wait of now) this.#add(wait);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running.values());
    await this.#client?.close();
  }

  get #annals(): Annals {
    const { store, namespace } = this.options.namespace;
    return (this.#client ??= connect(`annals://${this.options.address()}/${store}?namespace=${namespace}`));
  }

  #add(wait: Wait): void {
    const { observer, sequenceId, step } = wait;
    const waits = this.#waits.get(observer) ?? new Map<string, Wait>();
    const lowest = Math.min(...[...waits.values()].map(({ number }) => number));
    this.#waits.set(observer, waits);
    waits.set(keyOf(sequenceId, step), wait);
    if (wait.number < lowest) this.#changed.get(observer)?.abort();
    if (!this.#running.has(observer)) this.#start(observer, waits);
  }

  #start(observer: string, waits: ReadonlyMap<string, Wait>): void {
    const running = this.#run(observer, waits).finally(() => {
      this.#running.delete(observer);
      this.#changed.delete(observer);
      if (waits.size === 0) this.#waits.delete(observer);
      // Somebody came in the moment in which it ended.
      else if (!this.#stopping.signal.aborted) this.#start(observer, waits);
    });
    this.#running.set(observer, running);
  }

  async #run(observer: string, waits: ReadonlyMap<string, Wait>): Promise<void> {
    const { signal } = this.#stopping;
    let pause: number = ORDERED_SEQUENCES.retryFirstMs;
    while (waits.size > 0 && !signal.aborted) {
      const changed = new AbortController();
      this.#changed.set(observer, changed);
      const moved = await this.#ask(observer, waits, AbortSignal.any([signal, changed.signal])).catch(
        (error: unknown) => {
          if (!signal.aborted && !changed.signal.aborted) {
            this.options.logger.debug({ err: error, observer }, 'an observer that steps wait for does not answer');
          }
          return false;
        },
      );
      if (moved || changed.signal.aborted) {
        pause = ORDERED_SEQUENCES.retryFirstMs;
        continue;
      }
      const rest = AbortSignal.any([signal, changed.signal]);
      await sleep(pause, undefined, { signal: rest }).catch(() => undefined);
      pause = Math.min(2 * pause, ORDERED_SEQUENCES.retryLongestMs);
    }
  }

  /** Whether anybody went on. */
  async #ask(observer: string, waits: ReadonlyMap<string, Wait>, signal: AbortSignal): Promise<boolean> {
    const all = [...waits.values()].sort((a, b) => a.number - b.number);
    const { observers } = this.#annals;
    const { definition } = await observers.get(observer, { signal });
    const elsewhere = all.filter(({ sequence }) => sequence !== definition.sequence);
    for (const wait of elsewhere) {
      const { sequenceId, step } = wait;
      await this.options.failed(sequenceId, step, observer, `${observer} observes ${definition.sequence}`);
      this.#done(wait);
    }
    let moved = elsewhere.length > 0;
    const here = all.filter(({ sequence }) => sequence === definition.sequence);
    for (let next = 0; next < here.length; next += ORDERED_SEQUENCES.observerQuestions) {
      const some = here.slice(next, next + ORDERED_SEQUENCES.observerQuestions);
      // Those behind the lowest are answered at once or wait for another round.
      const lowest = await this.#answer(some[0], observer, signal);
      if (lowest === undefined) return moved;
      const { position } = lowest;
      const others = some.slice(1).filter(({ number }) => number < position);
      const answers = await Promise.all(others.map(async (wait) => this.#answer(wait, observer, signal)));
      moved ||= [lowest, ...answers].some((answer) => answer?.moved === true);
      if (others.length < some.length - 1) return moved;
    }
    return moved;
  }

  /** Undefined: nothing is known of it yet. */
  async #answer(
    wait: Wait | undefined,
    observer: string,
    signal: AbortSignal,
  ): Promise<{ position: number; moved: boolean } | undefined> {
    if (wait === undefined) return undefined;
    const { sequenceId, step, number } = wait;
    const waited = await this.#annals.observers.waitFor(observer, number, { signal, timeoutMs: QUESTION_MS });
    if (waited.outcome === 'timed-out') return undefined;
    const { position } = waited;
    if (waited.outcome === 'handled') {
      await this.options.handled(sequenceId, step, observer);
      this.#done(wait);
      return { position, moved: true };
    }
    const { quarantined, attempts } = waited.held;
    // It is tried again; until somebody gives it up the step waits.
    if (!quarantined) return { position, moved: false };
    await this.options.failed(sequenceId, step, observer, attempts.at(-1)?.message ?? `${observer} gave it up`);
    this.#done(wait);
    return { position, moved: true };
  }

  /** It was told, and what it changes is recorded. */
  #done(wait: Wait): void {
    const { observer, sequenceId, step } = wait;
    const waits = this.#waits.get(observer);
    if (waits?.get(keyOf(sequenceId, step)) === wait) waits.delete(keyOf(sequenceId, step));
  }
}

const keyOf = (sequenceId: string, step: number): string => `${step}/${sequenceId}`;
