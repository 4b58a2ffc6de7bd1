/**
 * A subscriber that notes everything that it is given, over all its connections. One that is slow
 * falls behind and is served from the database; one that is restless leaves and comes back.
 */
import type { Annals } from '../../src/client';
import { AnnalsError } from '../../src/kernel/annals-error';
import { type Delivered, type Filter } from '../history/history';
import { pause } from '../support/await-fact';
import type { Random } from './random';
import type { Recorder } from './recorder';

/** Events noted in one record: a record each would be most of a long history. */
const EVENTS_A_RECORD = 200;
/** Milliseconds before a subscription that failed is opened again. */
const BEFORE_NEXT_MS = 100;
/** Milliseconds for which a slow follower looks away. */
const LOOKS_AWAY_MS = 1_500;

export type Temper = 'steady' | 'slow' | 'restless';

export interface FollowerOptions {
  readonly name: string;
  readonly from: number;
  readonly filter?: Filter;
  readonly temper: Temper;
}

export class Follower {
  /** The number that it would go on from. */
  next: number;
  #noted: { number: number; eventId: string }[] = [];
  #calm = false;

  constructor(
    readonly options: FollowerOptions,
    private readonly annals: Annals,
    private readonly recorder: Recorder,
    private readonly random: Random,
  ) {
    this.next = options.from;
  }

  /** From now on it only follows, as fast as it can. */
  calmDown(): void {
    this.#calm = true;
  }

  /** Follows until the signal; rejects with what no subscriber under fire should see. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#subscribe(signal);
      } catch (error) {
        if (!signal.aborted && !(error instanceof AnnalsError && error.code === 'SERVER_UNREACHABLE')) throw error;
      }
      if (!signal.aborted) await pause(BEFORE_NEXT_MS);
    }
    this.#note();
  }

  async #subscribe(signal: AbortSignal): Promise<void> {
    const { filter, temper } = this.options;
    const subscription = this.annals.eventLog.subscribe({
      from: this.next,
      signal,
      ...(filter === undefined ? {} : { types: filter.types, eventSourceIds: filter.sources, tags: filter.tags }),
    });
    for await (const { sequenceNumber, eventId } of subscription) {
      this.#noted.push({ number: sequenceNumber, eventId });
      this.next = sequenceNumber + 1;
      if (this.#noted.length >= EVENTS_A_RECORD) this.#note();
      if (this.#calm) continue;
      if (temper === 'slow' && this.random.chance(0.001)) await pause(LOOKS_AWAY_MS);
      if (temper === 'restless' && this.random.chance(0.002)) return;
    }
  }

  #note(): void {
    const events: Delivered['events'] = this.#noted;
    this.#noted = [];
    if (events.length > 0) this.recorder.delivered(this.options.name, this.options.from, this.options.filter, events);
  }
}
