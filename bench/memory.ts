/** The server's memory: after the load of the other measures, and while events flow past subscribers that do not read. */
import type { EventSequence } from '../src/client';
import { newEvent } from './documents';
import { keepInFlight } from './in-flight';
import type { Processes } from './processes';
import { silentSubscriber } from './silent-subscriber';
import { mean } from './statistics';

export const SILENT_SUBSCRIBERS = 100;

/** Appends in flight while memory is looked at: a full load. */
const IN_FLIGHT = 256;

/** Milliseconds between two looks. */
const LOOK_EVERY_MS = 100;

export interface MemoryFigures {
  /** Before the subscribers came, in bytes: what the measures before have left. */
  readonly before: number;
  readonly peak: number;
  /** How much more the last quarter of the time needed than the second, as a part: flat is about 0. */
  readonly growth: number;
  /** Events that flowed past. */
  readonly events: number;
  readonly samples: readonly number[];
}

export async function measureMemory(
  sequence: EventSequence,
  address: string,
  processes: Processes,
  seconds: number,
): Promise<MemoryFigures> {
  const before = processes.serverMemoryBytes();
  const name = sequence.address.sequence;
  // So that those who begin at zero have something to fall behind on.
  await sequence.append(newEvent(0));
  const subscribers = await Promise.all(
    // Half of them begin at the first event, half at what is new.
    Array.from({ length: SILENT_SUBSCRIBERS }, (_, i) => silentSubscriber(address, name, i % 2 === 0)),
  );
  const samples: number[] = [];
  const looking = setInterval(() => samples.push(processes.serverMemoryBytes()), LOOK_EVERY_MS);
  try {
    const until = performance.now() + seconds * 1000;
    let events = 0;
    while (performance.now() < until) {
      events += IN_FLIGHT;
      await keepInFlight(IN_FLIGHT, IN_FLIGHT, (index) => sequence.append(newEvent(events + index)));
    }
    return { before, peak: Math.max(...samples), growth: growth(samples), events, samples };
  } finally {
    clearInterval(looking);
    for (const subscriber of subscribers) subscriber.leave();
  }
}

/** Compares quarters, since a garbage-collected heap is never still; the first is left out, in which buffers fill. */
export function growth(samples: readonly number[]): number {
  const quarter = Math.floor(samples.length / 4);
  const second = mean(samples.slice(quarter, 2 * quarter));
  return mean(samples.slice(3 * quarter)) / second - 1;
}
