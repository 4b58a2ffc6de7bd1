/**
 * A client as a program runs one: it connects again when its stream ends, to the server that owns the observer when it
 * is told which, to any other when it is not.
 */
import type { Register } from '../../src/contract/generated/annals/v1/Register';
import type { ObservationRecord } from '../history/observations';
import { pause } from './await-fact';
import { RawObserver, type Handling } from './raw-observer';

/** Milliseconds before it tries again: short, since suites kill many servers. */
const AGAIN_AFTER_MS = 50;

/** Milliseconds for a server to answer Register before another is asked: a busy one needs less. */
const ANSWERED_WITHIN_MS = 3_000;

export interface PersistentOptions {
  /** Where servers are, at this moment. */
  readonly addresses: () => readonly string[];
  readonly register: Register;
  readonly book: ObservationRecord[];
  readonly handling?: Handling;
}

export class PersistentObserver {
  /** How its streams ended, the latest last. */
  readonly endings: string[] = [];
  #now: RawObserver | undefined;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(private readonly options: PersistentOptions) {
    this.#running = this.#run();
  }

  /** The stream that is open at this moment. */
  get now(): RawObserver | undefined {
    return this.#now;
  }

  /** Ends its stream as a process that dies would; it connects again. */
  die(): void {
    this.#now?.cancel();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#now?.cancel();
    await this.#running;
  }

  async #run(): Promise<void> {
    let owner: string | undefined;
    for (let turn = 0; !this.#stopped; turn++) {
      const { addresses, register, book, handling } = this.options;
      const list = addresses();
      const address = owner ?? list[turn % list.length];
      owner = undefined;
      if (address !== undefined) {
        const observer = new RawObserver(address, register, { book, ...(handling === undefined ? {} : { handling }) });
        this.#now = observer;
        const since = performance.now();
        while (!observer.ended) {
          await pause(5);
          // A server that is asleep accepts a connection and says nothing.
          const waited = performance.now() - since;
          if (observer.registered === undefined && waited > ANSWERED_WITHIN_MS) observer.cancel();
        }
        const refusal = observer.refusal;
        this.endings.push(refusal?.code ?? `status ${refusal?.status ?? 'none'}`);
        // The owner may be dead: it is asked once, then the others are.
        if (refusal?.code === 'OWNED_ELSEWHERE' && turn % 2 === 0) owner = refusal.metadata['owner'];
      }
      await pause(AGAIN_AFTER_MS);
    }
  }
}
