/**
 * One page of several streams of events, each in its own order, by when they were recorded: what a page costs in
 * memory is a chunk of each stream, however long they are.
 */
import type { FoundEvent } from './found';
import { byRecording } from './sightings';

export interface Chunk {
  readonly events: readonly FoundEvent[];
  /** Where the stream goes on after each of the events. */
  readonly cursors: readonly string[];
}

export interface MemberStream {
  /** What its cursor is kept under. */
  readonly key: string;
  readonly chunks: AsyncIterator<Chunk, unknown, undefined>;
}

export interface Taken {
  readonly events: FoundEvent[];
  /** By stream, where the next page begins; a stream that has ended has none. */
  readonly cursors: ReadonlyMap<string, string>;
  /** There is no more. */
  readonly ended: boolean;
}

class Head {
  #chunk: Chunk = { events: [], cursors: [] };
  #at = 0;
  #taken = 0;
  cursor: string | undefined;

  constructor(private readonly stream: MemberStream) {}

  get key(): string {
    return this.stream.key;
  }

  get event(): FoundEvent | undefined {
    return this.#chunk.events[this.#at];
  }

  take(): void {
    this.cursor = this.#chunk.cursors[this.#at];
    this.#at++;
    this.#taken++;
  }

  get untouched(): boolean {
    return this.#taken === 0;
  }

  async fill(): Promise<void> {
    while (this.event === undefined) {
      const { done, value } = await this.stream.chunks.next();
      if (done === true) return;
      this.#chunk = value;
      this.#at = 0;
    }
  }

  async close(): Promise<void> {
    await this.stream.chunks.return?.();
  }
}

/** @param begun where each stream begins, for those from which nothing is taken. */
export async function takePage(
  streams: readonly MemberStream[],
  begun: ReadonlyMap<string, string>,
  limit: number,
): Promise<Taken> {
  const heads = streams.map((stream) => new Head(stream));
  const events: FoundEvent[] = [];
  try {
    await Promise.all(heads.map(async (head) => head.fill()));
    let open = heads.filter(({ event }) => event !== undefined);
    while (events.length < limit) {
      const first = earliest(open);
      if (first?.event === undefined) break;
      events.push(first.event);
      first.take();
      await first.fill();
      if (first.event === undefined) open = open.filter((head) => head !== first);
    }
    const cursors = new Map(
      open.map((head) => [head.key, head.untouched ? (begun.get(head.key) ?? '') : (head.cursor ?? '')]),
    );
    return { events, cursors, ended: open.length === 0 };
  } finally {
    await Promise.all(heads.map(async (head) => head.close()));
  }
}

function earliest(heads: readonly Head[]): Head | undefined {
  let [first] = heads;
  for (const head of heads) {
    if (first?.event === undefined || head.event === undefined) continue;
    if (byRecording(head.event, first.event) < 0) first = head;
  }
  return first;
}
