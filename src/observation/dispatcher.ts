/**
 * Decides which event goes to which client when. It knows nothing of time, gRPC or the database: it
 * is told what arrives, who is there and what was answered, and says what to send.
 *
 * Order: a partition has one delivery on its way at a time, and its events leave its queue in order.
 * Partitions are independent. A partition sticks to one client by hashing, without any memory of it,
 * and changes hands only when nothing of it is on its way.
 */
import { rendezvous } from './rendezvous';
import { Watermark, type Tracked } from './watermark';

export interface Offered {
  readonly number: number;
  readonly partition: string;
  /** The event in its wire form. */
  readonly frame: Buffer;
  /** It may have been delivered before. */
  readonly redelivery: boolean;
}

export interface Delivery {
  readonly id: number;
  readonly client: string;
  readonly partition: string;
  /** In order. */
  readonly events: readonly Pick<Offered, 'number' | 'frame'>[];
  readonly attempt: number;
  readonly redelivery: boolean;
}

/** Why a partition's next event could not be handled. */
export interface Failed {
  readonly partition: string;
  /** The event that the partition stands at. */
  readonly number: number;
}

export interface DispatchLimits {
  readonly windowEvents: number;
  readonly windowBytes: number;
  readonly deliveryBytes: number;
}

interface ClientLimits {
  readonly credits: number;
  readonly deliveryEvents: number;
}

interface Client extends ClientLimits {
  readonly id: string;
  inFlight: number;
  leaving: boolean;
  /** Partitions with something to deliver and nothing on its way, first come first served. */
  readonly ready: Set<Partition>;
}

interface Entry extends Tracked {
  readonly partition: string;
  readonly frame: Buffer;
  redelivery: boolean;
}

interface Partition {
  readonly key: string;
  queue: Entry[];
  delivery: OpenDelivery | undefined;
  /** Attempts of the event at the front of the queue. */
  attempts: number;
  /** A failure is on record or being recorded: nothing of it is delivered from the main stream. */
  held: boolean;
}

interface OpenDelivery {
  readonly id: number;
  readonly client: Client;
  readonly partition: Partition;
  entries: Entry[];
}

export class Dispatcher {
  readonly #watermark: Watermark<Entry>;
  readonly #partitions = new Map<string, Partition>();
  readonly #clients = new Map<string, Client>();
  readonly #deliveries = new Map<number, OpenDelivery>();
  /** Those of the clients that take new deliveries. */
  #candidates: readonly Client[] = [];
  #bytes = 0;

  /**
   * @param from the first number to look at.
   * @param newDeliveryId never gives an id twice while a client is connected: a late answer must not meet another delivery.
   */
  constructor(
    from: number,
    private readonly limits: DispatchLimits,
    private readonly newDeliveryId: () => number,
  ) {
    this.#watermark = new Watermark(from);
  }

  /** Every matching event below it is handled or held. */
  get position(): number {
    return this.#watermark.position;
  }

  /** The first number that has not been looked at. */
  get next(): number {
    return this.#watermark.next;
  }

  /** Nothing is on its way to any client. */
  get quiet(): boolean {
    return this.#deliveries.size === 0;
  }

  /** Whether more may be read ahead. */
  get wantsMore(): boolean {
    return this.#watermark.size < this.limits.windowEvents && this.#bytes < this.limits.windowBytes;
  }

  /** Where each partition stands that is ahead of the position: its last handled number. */
  ahead(): Map<string, number> {
    const ahead = new Map<string, number>();
    for (const entry of this.#watermark.open()) {
      if (entry.done && this.#partitions.get(entry.partition)?.held !== true) ahead.set(entry.partition, entry.number);
    }
    return ahead;
  }

  /** Takes in the next matching event. One of a held partition counts as held with it. */
  offer(event: Offered): void {
    const partition = this.#partition(event.partition);
    const entry: Entry = { ...event, done: partition.held };
    this.#watermark.add(entry);
    if (partition.held) {
      this.#watermark.advance();
      return;
    }
    partition.queue.push(entry);
    this.#bytes += event.frame.length;
    this.#readyUp(partition);
  }

  /** Everything below `number` has been looked at; what did not match needs no handling. */
  lookedAt(number: number): void {
    this.#watermark.lookedAt(number);
  }

  addClient(id: string, limits: ClientLimits): void {
    this.#clients.set(id, { ...limits, id, inFlight: 0, leaving: false, ready: new Set() });
    this.#reassign();
  }

  /** Gives it nothing new; what is on its way may still be answered. */
  leaving(id: string): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    client.leaving = true;
    this.#reassign();
  }

  /** Takes back what is on its way to a client that is gone; it goes out again, flagged. */
  removeClient(id: string): void {
    const client = this.#clients.get(id);
    if (client === undefined) return;
    this.#clients.delete(id);
    for (const delivery of [...this.#deliveries.values()]) {
      if (delivery.client === client) this.#takeBack(delivery);
    }
    this.#reassign();
  }

  inFlightOf(client: string): number {
    return this.#clients.get(client)?.inFlight ?? 0;
  }

  /** What to send now. */
  deliveries(): Delivery[] {
    const out: Delivery[] = [];
    for (const client of this.#clients.values()) {
      for (const partition of client.ready) {
        if (client.inFlight >= client.credits) break;
        client.ready.delete(partition);
        out.push(this.#deliver(partition, client));
      }
    }
    return out;
  }

  /**
   * A client's answer: events through `through` are handled; undefined: all. Answers to what is not on
   * its way to this client (late, repeated, somebody else's) change nothing. Returns how many events
   * were handled by it.
   */
  acknowledge(client: string, id: number, through?: number): number {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined || delivery.client.id !== client) return 0;
    const { partition } = delivery;
    const last = delivery.entries.at(-1)?.number ?? 0;
    const end = through ?? last;
    // A number that was never sent says nothing that could be believed.
    if (end > last) return 0;
    const handled = delivery.entries.filter((entry) => entry.number <= end);
    for (const entry of handled) this.#finish(entry);
    if (handled.length > 0) partition.attempts = 0;
    delivery.client.inFlight -= handled.length;
    delivery.entries = delivery.entries.slice(handled.length);
    if (delivery.entries.length === 0) {
      this.#deliveries.delete(id);
      partition.delivery = undefined;
      this.#readyUp(partition);
      this.#forget(partition);
    }
    this.#watermark.advance();
    return handled.length;
  }

  /**
   * What is left of a delivery failed at its first event. The partition is held from here on: the
   * caller records that, and then says `recorded`, so that the position never passes an event that
   * nothing speaks of.
   */
  fail(client: string, id: number): Failed | undefined {
    const delivery = this.#deliveries.get(id);
    if (delivery === undefined || delivery.client.id !== client) return undefined;
    const number = delivery.entries[0]?.number;
    this.#takeBack(delivery);
    const { partition } = delivery;
    if (number === undefined) return undefined;
    partition.held = true;
    this.#unready(partition);
    return { partition: partition.key, number };
  }

  /** The failure is on record: what waits of the partition counts as held and is forgotten here. */
  recorded(key: string): void {
    const partition = this.#partition(key);
    partition.held = true;
    for (const entry of partition.queue) this.#finish(entry);
    partition.queue = [];
    this.#watermark.advance();
  }

  /** The partition has caught up with what was looked at; from here on it gets its events like any other. */
  release(key: string): void {
    const partition = this.#partition(key);
    partition.held = false;
    this.#readyUp(partition);
    this.#forget(partition);
  }

  /** Something of the delivery is still on its way. */
  isOpen(id: number): boolean {
    return this.#deliveries.has(id);
  }

  isHeld(key: string): boolean {
    return this.#partitions.get(key)?.held === true;
  }

  #partition(key: string): Partition {
    let partition = this.#partitions.get(key);
    if (partition === undefined) {
      partition = { key, queue: [], delivery: undefined, attempts: 0, held: false };
      this.#partitions.set(key, partition);
    }
    return partition;
  }

  /** A partition with nothing to do is not kept: there may be millions. */
  #forget(partition: Partition): void {
    if (!partition.held && partition.queue.length === 0 && partition.delivery === undefined) {
      this.#partitions.delete(partition.key);
    }
  }

  #deliver(partition: Partition, client: Client): Delivery {
    let bytes = 0;
    let count = 0;
    const room = Math.min(client.deliveryEvents, Math.max(1, client.credits - client.inFlight));
    for (const { frame } of partition.queue) {
      bytes += frame.length;
      if (count > 0 && (count === room || bytes > this.limits.deliveryBytes)) break;
      count++;
    }
    const entries = partition.queue.splice(0, count);
    const delivery: OpenDelivery = { id: this.newDeliveryId(), client, partition, entries };
    this.#deliveries.set(delivery.id, delivery);
    partition.delivery = delivery;
    partition.attempts++;
    client.inFlight += entries.length;
    return {
      id: delivery.id,
      client: client.id,
      partition: partition.key,
      events: entries,
      attempt: partition.attempts,
      redelivery: partition.attempts > 1 || entries.some((entry) => entry.redelivery),
    };
  }

  #takeBack(delivery: OpenDelivery): void {
    const { partition, client, entries } = delivery;
    this.#deliveries.delete(delivery.id);
    client.inFlight -= entries.length;
    partition.delivery = undefined;
    // They have been sent: whoever gets them next is told.
    for (const entry of entries) entry.redelivery = true;
    partition.queue = [...entries, ...partition.queue];
    this.#readyUp(partition);
  }

  #finish(entry: Entry): void {
    if (entry.done) return;
    entry.done = true;
    this.#bytes -= entry.frame.length;
  }

  #readyUp(partition: Partition): void {
    if (partition.held || partition.delivery !== undefined || partition.queue.length === 0) return;
    this.#assigned(partition.key)?.ready.add(partition);
  }

  #unready(partition: Partition): void {
    for (const client of this.#clients.values()) client.ready.delete(partition);
  }

  /** Who is there has changed: what waits is spread anew. What is on its way stays where it is. */
  #reassign(): void {
    this.#candidates = [...this.#clients.values()].filter((client) => !client.leaving);
    for (const client of this.#clients.values()) client.ready.clear();
    for (const partition of this.#partitions.values()) this.#readyUp(partition);
  }

  #assigned(key: string): Client | undefined {
    return this.#candidates.length <= 1 ? this.#candidates[0] : rendezvous(key, this.#candidates);
  }
}
