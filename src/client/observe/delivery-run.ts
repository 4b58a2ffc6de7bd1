import type { AcknowledgementMessage, IncomingDelivery } from '../../contract/observe-codec';
import { RecordedEvent } from '../recorded-event';
import { DeliveryContext } from './delivery-context';
import { failureOf } from './failure';
import type { PlainHandler } from './handlers';
import type { Slice } from './time-slice';

/** One delivery being handled: its events in order, and what is told of them. */

/** Events after which progress is told without waiting for the rest: what a crash repeats at most of a fast handler's work. */
const PROGRESS_EVENTS = 250;

/** What the handling of deliveries has in common. */
export interface Handling {
  readonly observer: string;
  readonly handler: PlainHandler;
  readonly isPermanent: (error: unknown) => boolean;
  /** Told of events as they are handled. */
  readonly handled: (events: number) => void;
}

export type Answer = (acknowledgement: AcknowledgementMessage) => void;

/** Whose end this is: a run that was taken back answers nothing more. */
type Ending = 'no' | 'taken-back' | 'winding-down';

export class DeliveryRun {
  readonly #context: DeliveryContext;
  readonly #events: readonly RecordedEvent[];
  #done = 0;
  #told = 0;
  #ending: Ending = 'no';

  constructor(
    private readonly delivery: IncomingDelivery,
    private readonly handling: Handling,
    private readonly slice: Slice,
    private readonly answer: Answer,
    /** Its handler is not running any more, and will not run again. */
    private readonly settled: () => void,
  ) {
    this.#events = delivery.events.map((event) => new RecordedEvent(event));
    this.#context = new DeliveryContext(handling.observer, delivery, (through) => {
      this.#handledThrough(through);
    });
  }

  /** Handles what is left. No promise is made where the handler returns none. */
  run(): void {
    while (this.#done < this.#events.length) {
      if (this.#ending !== 'no') {
        this.tellProgress();
        this.settled();
        return;
      }
      if (this.slice.over) {
        this.tellProgress();
        setImmediate(() => {
          this.run();
        });
        return;
      }
      const { kind, handle } = this.handling.handler;
      const begun = this.#done;
      let result: unknown;
      try {
        result =
          kind === 'each'
            ? // The index is below the length.
              handle(this.#events[begun] as RecordedEvent, this.#context)
            : handle(this.#events, this.#context);
      } catch (error) {
        this.#fail(error);
        return;
      }
      const next = kind === 'each' ? begun + 1 : this.#events.length;
      if (isThenable(result)) {
        result.then(
          () => {
            this.#advance(next);
            this.run();
          },
          (error: unknown) => {
            this.#fail(error);
          },
        );
        return;
      }
      this.#advance(next);
    }
    this.#answer({ deliveryId: this.delivery.id, handledThrough: undefined, failure: undefined });
    this.settled();
  }

  /** The server has given it to somebody else, or will. */
  takeBack(): void {
    this.#ending = 'taken-back';
    this.#context.takeBack();
  }

  /** Ends after the event that is being handled, and tells how far it got. */
  windDown(): void {
    if (this.#ending === 'no') this.#ending = 'winding-down';
  }

  /** Tells how far it is, unless that is known. */
  tellProgress(): void {
    if (this.#done === this.#told) return;
    this.#told = this.#done;
    this.#answer({ deliveryId: this.delivery.id, handledThrough: this.#lastHandled(), failure: undefined });
  }

  #advance(done: number): void {
    this.handling.handled(done - this.#done);
    this.#done = done;
    if (done < this.#events.length && done - this.#told >= PROGRESS_EVENTS) this.tellProgress();
  }

  #handledThrough(through: number): void {
    let done = this.#done;
    for (let next = this.#events[done]; next !== undefined && next.sequenceNumber <= through; next = this.#events[done])
      done++;
    if (done > this.#done) this.#advance(done);
  }

  #fail(error: unknown): void {
    const failure = failureOf(error, this.handling.isPermanent);
    this.#answer({ deliveryId: this.delivery.id, handledThrough: this.#lastHandled(), failure });
    this.settled();
  }

  #lastHandled(): number | undefined {
    return this.#events[this.#done - 1]?.sequenceNumber;
  }

  #answer(acknowledgement: AcknowledgementMessage): void {
    if (this.#ending !== 'taken-back') this.answer(acknowledgement);
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
