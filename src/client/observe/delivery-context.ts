import type { IncomingDelivery } from '../../contract/observe-codec';
import { AnnalsError } from '../../kernel/annals-error';

/** What a handler is told beside its event. One for each delivery. */
export class DeliveryContext {
  readonly observer: string;
  readonly deliveryId: number;
  /** The unit of order: the event source, unless the observer says otherwise. */
  readonly partition: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Part of a replay: side effects may have happened before, on purpose. */
  readonly replay: boolean;
  /** Some of it may have been delivered before. */
  readonly redelivery: boolean;
  readonly #progress: (sequenceNumber: number) => void;
  #controller: AbortController | undefined;
  #takenBack: AnnalsError | undefined;

  /** @internal */
  constructor(observer: string, delivery: IncomingDelivery, progress: (sequenceNumber: number) => void) {
    this.observer = observer;
    this.deliveryId = delivery.id;
    this.partition = delivery.partition;
    this.attempt = delivery.attempt;
    this.replay = delivery.replay;
    this.redelivery = delivery.redelivery;
    this.#progress = progress;
  }

  /** Aborted when the server has taken the delivery back: whatever comes of it changes nothing, and it comes again. */
  get signal(): AbortSignal {
    // Made when it is asked for: most handlers never do, and it costs more than their event.
    this.#controller ??= new AbortController();
    if (this.#takenBack !== undefined) this.#controller.abort(this.#takenBack);
    return this.#controller.signal;
  }

  /** For a batch: everything through this number is handled, also if what follows fails. */
  handledThrough(sequenceNumber: number): void {
    this.#progress(sequenceNumber);
  }

  /** @internal */
  takeBack(): void {
    this.#takenBack = new AnnalsError('CANCELLED', 'The server has taken the delivery back; it comes again');
    this.#controller?.abort(this.#takenBack);
  }
}
