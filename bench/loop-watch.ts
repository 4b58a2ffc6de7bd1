/**
 * Watches the event loop of the process that it runs in: the longest time between two of its turns. On a
 * machine with more work than processors most of that can be waiting for a processor, which is not the
 * program's doing; Linux tells how long that was, and it is told apart.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** Milliseconds between two looks: what is seen is as much too long at most. */
const LOOK_EVERY_MS = 1;

export interface LongestBlock {
  /** Of the program's own doing, in ms; where the system does not tell, the same as `wallMs`. */
  readonly ownMs: number;
  /** By the clock on the wall, in ms. */
  readonly wallMs: number;
}

const NANOSECONDS_PER_MS = 1e6;
/** In it stand the main thread's time on a processor, its time of waiting for one, and how often it had one. */
const SCHEDULER_FILE = '/proc/self/schedstat';
const FILE_BYTES = 128;

export class LoopWatch {
  #stop: (() => LongestBlock) | undefined;

  start(): void {
    this.#stop?.();
    const waiting = new ProcessorWait();
    let longest: LongestBlock = { ownMs: 0, wallMs: 0 };
    let before = { at: performance.now(), waited: waiting.ms() };
    const timer = setInterval(() => {
      const now = { at: performance.now(), waited: waiting.ms() };
      const wallMs = now.at - before.at;
      const ownMs = wallMs - (now.waited - before.waited);
      before = now;
      longest = { ownMs: Math.max(longest.ownMs, ownMs), wallMs: Math.max(longest.wallMs, wallMs) };
    }, LOOK_EVERY_MS);
    this.#stop = () => {
      clearInterval(timer);
      waiting.close();
      return longest;
    };
  }

  /** The longest block since `start`. */
  stop(): LongestBlock | undefined {
    const longest = this.#stop?.();
    this.#stop = undefined;
    return longest;
  }
}

/** How long this process's main thread has waited for a processor so far. */
class ProcessorWait {
  readonly #file = process.platform === 'linux' ? openSync(SCHEDULER_FILE, 'r') : undefined;
  readonly #bytes = Buffer.alloc(FILE_BYTES);

  ms(): number {
    if (this.#file === undefined) return 0;
    const length = readSync(this.#file, this.#bytes, 0, FILE_BYTES, 0);
    return Number(this.#bytes.toString('latin1', 0, length).split(' ')[1]) / NANOSECONDS_PER_MS;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }
}
