/**
 * One way through the log: the main one, which goes on for ever, a replay, which ends, or the lane on
 * which a failed partition catches up. It reads ahead within its window and hands over what the
 * dispatcher says.
 */
import { Dispatcher, type Delivery, type DispatchLimits } from './dispatcher';
import type { EventSource } from './event-source';

export interface TrackOptions {
  readonly source: EventSource;
  /** The first number. */
  readonly from: number;
  /** The last number, inclusive, as far as it is committed; moves on for a track that has no end. */
  readonly end: () => number;
  /** One partition alone. */
  readonly partition?: string | undefined;
  /** Events handled before, ahead of the position: the last number for each partition. */
  readonly ahead?: ReadonlyMap<string, number>;
  /** Numbers below it may have been delivered before. */
  readonly redeliveryBelow: number;
  readonly replay: boolean;
  readonly limits: DispatchLimits;
  readonly newDeliveryId: () => number;
}

export class Track {
  readonly dispatcher: Dispatcher;
  #reading: Promise<void> | undefined;

  constructor(readonly options: TrackOptions) {
    this.dispatcher = new Dispatcher(options.from, options.limits, options.newDeliveryId);
  }

  get replay(): boolean {
    return this.options.replay;
  }

  /** Everything up to the end, as it is now, has been looked at and is handled or held. */
  get finished(): boolean {
    return this.dispatcher.position > this.options.end();
  }

  /** Reads on if there is room and something to read. `arrived` is called when there is something new to deliver. */
  pump(arrived: () => void, failed: (error: unknown) => void): void {
    const { dispatcher } = this;
    const to = this.options.end();
    if (this.#reading !== undefined || !dispatcher.wantsMore || dispatcher.next > to) return;
    this.#reading = this.#read(dispatcher.next, to).then(
      () => {
        this.#reading = undefined;
        arrived();
      },
      (error: unknown) => {
        this.#reading = undefined;
        failed(error);
      },
    );
  }

  deliveries(): Delivery[] {
    return this.dispatcher.deliveries();
  }

  async #read(from: number, to: number): Promise<void> {
    const { source, partition, ahead, redeliveryBelow } = this.options;
    const chunk = await source.read(from, to);
    for (const event of chunk.events) {
      if (partition !== undefined && event.partition !== partition) continue;
      if ((ahead?.get(event.partition) ?? -1) >= event.number) continue;
      this.dispatcher.offer({ ...event, redelivery: event.number < redeliveryBelow });
    }
    this.dispatcher.lookedAt(chunk.next);
  }
}
