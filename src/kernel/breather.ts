/** Lets the event loop go round between the pieces of long work, so that appends and readers need not wait for all of it. */
import { setImmediate as turn } from 'node:timers/promises';

/** Work at one stretch, in ms: what nobody notices. */
const STRETCH_MS = 10;

export class Breather {
  #since = performance.now();

  /** Called between two pieces. */
  async breathe(): Promise<void> {
    if (performance.now() - this.#since < STRETCH_MS) return;
    await turn();
    this.#since = performance.now();
  }
}
