/** Reading a log from zero beside a scan of the very same collection. */
import type { EventSequence, RecordedEvent } from '../src/client';
import { storedDocuments } from './documents';
import type { Decoding, FloorCollection } from './floor';
import type { Side } from './rounds';

/** Documents of one insert while the log is made: the fastest way to make it. */
const FILL_DOCUMENTS = 2_000;

/**
 * The log that all reading measures read. The raw driver writes it, with the documents that Annals
 * would have written, before the server has looked at it: the server has nothing of it in memory, and
 * every event comes from the database.
 */
export class SharedLog {
  #collection: Promise<FloorCollection> | undefined;

  constructor(private readonly make: () => Promise<FloorCollection>) {}

  /** The log with so many events; made when it is asked for first. */
  async filled(events: number): Promise<FloorCollection> {
    this.#collection ??= this.#fill(events);
    return this.#collection;
  }

  async drop(): Promise<void> {
    await (await this.#collection)?.drop();
  }

  async #fill(events: number): Promise<FloorCollection> {
    const collection = await this.make();
    for (let from = 0; from < events; from += FILL_DOCUMENTS) {
      await collection.insert(storedDocuments(from, Math.min(FILL_DOCUMENTS, events - from)));
    }
    return collection;
  }
}

export interface Reading {
  readonly how: string;
  /** `subscribe` until it has caught up, or `read` to the end. */
  readonly by: 'subscribe' | 'read';
  readonly as: 'bson' | 'json';
  /** Whether the program asks each event for its content. */
  readonly decoded: boolean;
}

/** Reads the whole log of `events`; a share of it to warm up. */
export function readingSide(sequence: EventSequence, events: number, { how, by, as, decoded }: Reading): Side {
  return {
    how,
    run: async (share) => {
      const wanted = Math.round(events * share);
      let seen = 0;
      const batches =
        by === 'read' ? sequence.read({ as, limit: wanted }).batches() : sequence.subscribe({ as }).batches();
      for await (const batch of batches) {
        if (decoded) for (const event of batch) touch(event);
        seen += batch.length;
        // A subscription would wait for more.
        if (seen >= wanted) break;
      }
      return { events: seen, waitsMs: [] };
    },
  };
}

/** Asks for the content, which is decoded then; what has none would be a log that lost something. */
function touch({ content, sequenceNumber }: RecordedEvent): void {
  if (content['currency'] === undefined) throw new Error(`event ${sequenceNumber} came without its content`);
}

export function scanSide(collection: FloorCollection, decoding: Decoding): Side {
  return {
    how: decoding === 'decoded' ? 'scan, decoded' : 'scan, decoded, content as JSON text',
    // It warms up on the whole log: stopping a scan half-way would need another query.
    run: async () => ({ events: await collection.scan(decoding), waitsMs: [] }),
  };
}
