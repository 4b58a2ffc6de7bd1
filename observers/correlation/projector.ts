/**
 * The projection of one namespace at work: follows every event sequence by position, batch after batch. It reads
 * what is committed and nothing waits for it; new sequences are found with every look.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { BLOCK_EVENTS, type Block, type CorrelationStore } from '../../src/storage/correlation';
import type { Edges, TracedEvents } from '../../src/storage/traced-events';
import { CORRELATION } from './tuning';

export interface ProjectorOptions {
  readonly store: Pick<CorrelationStore, 'begin' | 'projected' | 'advance'>;
  readonly events: Pick<TracedEvents, 'sequences' | 'ends' | 'edges'>;
  readonly logger: Pick<Logger, 'warn'>;
  /** `store/namespace`, for the log. */
  readonly name: string;
}

export class Projector {
  readonly #stopping = new AbortController();
  #wake = (): void => undefined;
  #running: Promise<void> | undefined;
  #generation = 0;
  #positions = new Map<string, number>();

  constructor(private readonly options: ProjectorOptions) {}

  async start(): Promise<void> {
    await this.#load();
    this.#running = this.#run();
  }

  /** Somebody waits for it. */
  hurry(): void {
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    let pause: number = CORRELATION.pauseFirstMs;
    while (!this.#stopping.signal.aborted) {
      try {
        const more = await this.#look();
        pause = more ? CORRELATION.pauseFirstMs : Math.min(2 * pause, CORRELATION.pauseLongestMs);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        this.options.logger.warn(
          { err: error, namespace: this.options.name },
          'projecting causes failed, trying again',
        );
        pause = CORRELATION.retryMs;
      }
      if (await this.#hurriedWithin(pause)) pause = CORRELATION.pauseFirstMs;
    }
  }

  /** Goes through every sequence to the end that it has now. Returns whether there was anything. */
  async #look(): Promise<boolean> {
    const { events, store } = this.options;
    // What is remembered is of a projection that somebody may have dropped, through whichever server.
    if ((await store.projected()).generation !== this.#generation) await this.#load();
    const ends = await events.ends(await events.sequences());
    let more = false;
    for (const [sequence, end] of ends) {
      if ((this.#positions.get(sequence) ?? 0) >= end) continue;
      more = true;
      if (!(await this.#follow(sequence, end))) {
        // Somebody dropped it: everything is to be done again.
        await this.#load();
        return true;
      }
    }
    return more;
  }

  /** @returns false when the projection is another one by now. */
  async #follow(sequence: string, end: number): Promise<boolean> {
    const { events, store } = this.options;
    // A block that is filled in part is written again from its beginning.
    const from = startOfBlock(this.#positions.get(sequence) ?? 0);
    let next: Promise<Edges> | undefined = events.edges(sequence, from, CORRELATION.batchEvents);
    while (next !== undefined && !this.#stopping.signal.aborted) {
      const edges: Edges = await next;
      const count = edges.correlations.length;
      const position = edges.first + count;
      if (count === 0) return true;
      // The next batch is read while this one is written.
      next = position < end ? events.edges(sequence, startOfBlock(position), CORRELATION.batchEvents) : undefined;
      next?.catch(() => undefined);
      if (!(await store.advance(this.#generation, blocksOf(sequence, edges), sequence, position))) return false;
      this.#positions.set(sequence, position);
    }
    return true;
  }

  async #load(): Promise<void> {
    const { generation, positions } = await this.options.store.begin();
    this.#generation = generation;
    this.#positions = new Map(positions);
  }

  /** Pauses. Returns whether somebody could not wait. */
  async #hurriedWithin(ms: number): Promise<boolean> {
    const pause = new AbortController();
    let hurried = false;
    this.#wake = () => {
      hurried = true;
      pause.abort();
    };
    const { signal } = this.#stopping;
    if (!signal.aborted) await sleep(ms, undefined, { signal: pause.signal }).catch(() => undefined);
    return hurried;
  }
}

const startOfBlock = (number: number): number => number - (number % BLOCK_EVENTS);

/** The blocks of events that begin at the beginning of one. */
export function blocksOf(sequence: string, { first, correlations, causations }: Edges): Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < correlations.length; i += BLOCK_EVENTS) {
    blocks.push({
      sequence,
      block: (first + i) / BLOCK_EVENTS,
      correlations: correlations.slice(i, i + BLOCK_EVENTS),
      causations: causations.slice(i, i + BLOCK_EVENTS),
    });
  }
  return blocks;
}
