import type { IncomingDelivery } from '../../contract/observe-codec';
import { Fifo } from '../fifo';
import { DeliveryRun, type Answer, type Handling } from './delivery-run';
import { TimeSlice, type Slice } from './time-slice';

/**
 * Which delivery is handled when: partitions beside each other, as many as are allowed, and of one
 * partition never two at once. That holds across streams too: a handler that does not heed its signal
 * may still be at work for a stream that is long gone, and its partition waits for it.
 */

interface Waiting {
  readonly delivery: IncomingDelivery;
  readonly answer: Answer;
}

interface Partition {
  readonly key: string;
  running: DeliveryRun | undefined;
  /** The latest that came; one before it that was not answered was taken back by the server. */
  next: Waiting | undefined;
  queued: boolean;
}

export class DeliverySchedule {
  readonly #partitions = new Map<string, Partition>();
  readonly #queue = new Fifo<Partition>();
  #running = 0;
  #resuming = false;
  #quiet: Promise<void> | undefined;
  #becameQuiet: () => void = () => undefined;

  constructor(
    private readonly handling: Handling,
    private readonly concurrency: number,
    private readonly slice: Slice = new TimeSlice(),
  ) {}

  receive(deliveries: readonly IncomingDelivery[], answer: Answer): void {
    if (this.#quiet !== undefined) return;
    for (const delivery of deliveries) {
      const partition = this.#partition(delivery.partition);
      partition.next = { delivery, answer };
      if (partition.running !== undefined) partition.running.takeBack();
      else this.#enqueue(partition);
    }
    this.#pump();
  }

  /** The stream is lost: nothing that came on it is worth anything any more. */
  takeBackAll(): void {
    for (const partition of this.#partitions.values()) {
      partition.next = undefined;
      partition.running?.takeBack();
    }
  }

  /** Begins nothing new; resolves once nothing is being handled. */
  async windDown(): Promise<void> {
    this.#quiet ??= new Promise((resolve) => {
      this.#becameQuiet = resolve;
    });
    for (const partition of this.#partitions.values()) {
      partition.next = undefined;
      partition.running?.windDown();
    }
    if (this.#running === 0) this.#becameQuiet();
    await this.#quiet;
  }

  /** Called from time to time, for handlers that take long. */
  tellProgress(): void {
    for (const { running } of this.#partitions.values()) running?.tellProgress();
  }

  #partition(key: string): Partition {
    let partition = this.#partitions.get(key);
    if (partition === undefined) {
      partition = { key, running: undefined, next: undefined, queued: false };
      this.#partitions.set(key, partition);
    }
    return partition;
  }

  #enqueue(partition: Partition): void {
    if (partition.queued) return;
    partition.queued = true;
    this.#queue.push(partition);
  }

  #pump(): void {
    while (this.#running < this.concurrency && this.#queue.length > 0) {
      if (this.slice.over) {
        this.#pumpNextTurn();
        return;
      }
      const partition = this.#queue.shift();
      if (partition !== undefined) this.#begin(partition);
    }
  }

  #pumpNextTurn(): void {
    if (this.#resuming) return;
    this.#resuming = true;
    setImmediate(() => {
      this.#resuming = false;
      this.#pump();
    });
  }

  #begin(partition: Partition): void {
    partition.queued = false;
    const { next } = partition;
    if (next === undefined) {
      this.#forget(partition);
      return;
    }
    partition.next = undefined;
    let returned = false;
    this.#running++;
    const run = new DeliveryRun(next.delivery, this.handling, this.slice, next.answer, () => {
      this.#settled(partition);
      // Within `#pump` already, where it happened before `run` came back.
      if (returned) this.#pump();
    });
    partition.running = run;
    run.run();
    returned = true;
  }

  #settled(partition: Partition): void {
    partition.running = undefined;
    this.#running--;
    if (partition.next === undefined) this.#forget(partition);
    else this.#enqueue(partition);
    if (this.#running === 0) this.#becameQuiet();
  }

  /** There may be millions of partitions; those without work are not kept. */
  #forget(partition: Partition): void {
    if (this.#partitions.get(partition.key) === partition) this.#partitions.delete(partition.key);
  }
}
