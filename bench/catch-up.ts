/** Reading a log from zero beside a scan of the very same collection. */
import type { EventSequence, RecordedEvent } from '../src/client';
import { newEvents } from './documents';
import type { Decoding, FloorCollection } from './floor';
import { keepInFlight } from './in-flight';
import type { Side } from './rounds';

/** Events of one call while the log is made: the fastest way to make it. */
const FILL_EVENTS_PER_CALL = 1_000;
/** Calls in flight while it is made. */
const FILL_IN_FLIGHT = 4;

export async function fillLog(sequence: EventSequence, events: number): Promise<void> {
  await keepInFlight(Math.ceil(events / FILL_EVENTS_PER_CALL), FILL_IN_FLIGHT, (call) =>
    sequence.append(newEvents(call * FILL_EVENTS_PER_CALL, FILL_EVENTS_PER_CALL)),
  );
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
