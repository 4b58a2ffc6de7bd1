/** The dispatcher against a plain model of it: whatever comes in whatever order, what it promises holds after each step. */
import fc from 'fast-check';
import { Dispatcher, type Delivery } from './dispatcher';
import { rendezvous } from './rendezvous';

const LIMITS = { windowEvents: 1_000, windowBytes: 1, deliveryBytes: 4_096 };
const PARTITIONS = 5;
const FRAME = Buffer.alloc(16);

type Step =
  | { readonly do: 'offer'; readonly partition: number; readonly gap: number; readonly redelivery: boolean }
  | { readonly do: 'look on'; readonly gap: number }
  | { readonly do: 'join'; readonly credits: number; readonly size: number }
  | { readonly do: 'leave' | 'go' | 'record' | 'release' | 'fail' | 'whole'; readonly which: number }
  | { readonly do: 'part' | 'never sent' | "somebody else's" | 'late' | 'below'; readonly which: number }
  | { readonly do: 'send' };

const which = fc.nat(100);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('offer' as const),
        partition: fc.nat(PARTITIONS - 1),
        gap: fc.nat(2),
        redelivery: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('look on' as const), gap: fc.nat(5) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('join' as const),
        credits: fc.integer({ min: 1, max: 6 }),
        size: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 5, arbitrary: fc.constant({ do: 'send' as const }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('whole' as const, 'part' as const), which }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('never sent' as const, "somebody else's" as const, 'late' as const, 'below' as const),
        which,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('leave' as const, 'go' as const, 'fail' as const, 'record' as const, 'release' as const),
        which,
      }),
    },
  ),
  { maxLength: 120, size: 'max' },
);

interface ModelEvent {
  readonly number: number;
  readonly partition: string;
  sent: boolean;
  handled: boolean;
  /** Handled, or held by a failure that is on record or that a later event waits behind. */
  done: boolean;
}

interface ModelClient {
  readonly id: string;
  readonly credits: number;
  readonly size: number;
  leaving: boolean;
}

class Model {
  readonly dispatcher = new Dispatcher(0, LIMITS, () => this.#id++);
  readonly events: ModelEvent[] = [];
  readonly clients: ModelClient[] = [];
  readonly open = new Map<number, { readonly client: string; readonly partition: string; events: ModelEvent[] }>();
  readonly closed: number[] = [];
  /** Held partitions, and whether that is on record. */
  readonly held = new Map<string, boolean>();
  readonly handledOrder = new Map<string, number[]>();
  next = 0;
  #id = 1;
  #clientId = 1;

  run(step: Step): void {
    switch (step.do) {
      case 'offer':
        return this.offer(`p${step.partition}`, step.gap, step.redelivery);
      case 'look on':
        this.next += step.gap;
        return this.dispatcher.lookedAt(this.next);
      case 'join':
        return this.join(step.credits, step.size);
      case 'send':
        return this.send();
      case 'leave':
      case 'go':
        return this.depart(pick(this.clients, step.which), step.do === 'go');
      case 'record':
        return this.record(pick(unrecorded(this.held), step.which));
      case 'release':
        return this.release(pick(recorded(this.held), step.which));
      default:
        return this.answer(step.do, step.which);
    }
  }

  offer(partition: string, gap: number, redelivery: boolean): void {
    const number = this.next + gap;
    this.next = number + 1;
    const done = this.held.has(partition);
    this.events.push({ number, partition, sent: redelivery, handled: false, done });
    this.dispatcher.offer({ number, partition, frame: FRAME, redelivery });
  }

  join(credits: number, size: number): void {
    const id = `client-${this.#clientId++}`;
    this.clients.push({ id, credits, size, leaving: false });
    this.dispatcher.addClient(id, { credits, deliveryEvents: size });
  }

  depart(client: ModelClient | undefined, gone: boolean): void {
    if (client === undefined) return;
    if (!gone) {
      client.leaving = true;
      return this.dispatcher.leaving(client.id);
    }
    this.clients.splice(this.clients.indexOf(client), 1);
    for (const [id, delivery] of this.open) if (delivery.client === client.id) this.close(id);
    this.dispatcher.removeClient(client.id);
  }

  send(): void {
    const deliveries = this.dispatcher.deliveries();
    for (const delivery of deliveries) this.sent(delivery);
    // Nothing that could be sent is left lying.
    expect(this.dispatcher.deliveries()).toEqual([]);
    const candidates = this.clients.filter(({ leaving }) => !leaving);
    const idle = new Set(this.events.filter((e) => !e.done && !this.onItsWay(e.partition)).map((e) => e.partition));
    for (const partition of idle) {
      const client = rendezvous(partition, candidates);
      if (client === undefined || this.held.has(partition)) continue;
      expect(this.inFlight(client.id)).toBeGreaterThanOrEqual(client.credits);
    }
  }

  sent({ id, client, partition, events, redelivery, attempt }: Delivery): void {
    const receiver = this.clients.find((one) => one.id === client);
    expect(receiver).toMatchObject({ leaving: false });
    expect(this.held.has(partition)).toBe(false);
    expect(this.onItsWay(partition)).toBe(false);
    expect(this.open.has(id) || this.closed.includes(id)).toBe(false);
    // Sticky: whoever is there, the same one is chosen.
    expect(client).toBe(
      rendezvous(
        partition,
        this.clients.filter(({ leaving }) => !leaving),
      )?.id,
    );
    const due = this.events.filter((event) => event.partition === partition && !event.handled && !event.done);
    const given = due.slice(0, events.length);
    expect(events.map((event) => event.number)).toEqual(given.map((event) => event.number));
    expect(events.length).toBeGreaterThan(0);
    expect(events.length).toBeLessThanOrEqual(receiver?.size ?? 0);
    expect(redelivery || attempt === 1).toBe(true);
    if (given.some((event) => event.sent)) expect(redelivery).toBe(true);
    else expect([redelivery, attempt]).toEqual([false, 1]);
    for (const event of given) event.sent = true;
    this.open.set(id, { client, partition, events: given });
    expect(this.inFlight(client)).toBeLessThanOrEqual(receiver?.credits ?? 0);
  }

  answer(kind: string, index: number): void {
    const id = pick([...this.open.keys()], index);
    const delivery = id === undefined ? undefined : this.open.get(id);
    if (kind === 'late') {
      const late = pick(this.closed, index) ?? 1_000_000;
      for (const { id: client } of this.clients) {
        expect(this.dispatcher.acknowledge(client, late)).toBe(0);
        expect(this.dispatcher.fail(client, late)).toBeUndefined();
      }
    }
    if (id === undefined || delivery === undefined) return;
    const { client, events, partition } = delivery;
    const last = events.at(-1)?.number ?? 0;
    if (kind === 'never sent') expect(this.dispatcher.acknowledge(client, id, last + 1 + index)).toBe(0);
    if (kind === 'below') expect(this.dispatcher.acknowledge(client, id, (events[0]?.number ?? 0) - 1)).toBe(0);
    if (kind === "somebody else's") {
      for (const other of [...this.clients.map((one) => one.id), 'nobody'].filter((one) => one !== client)) {
        expect(this.dispatcher.acknowledge(other, id)).toBe(0);
        expect(this.dispatcher.fail(other, id)).toBeUndefined();
      }
    }
    if (kind === 'whole') this.handle(id, events.length, undefined);
    if (kind === 'part') this.handle(id, 1 + (index % events.length), events[index % events.length]?.number);
    if (kind === 'fail') {
      expect(this.dispatcher.fail(client, id)).toEqual({ partition, number: events[0]?.number });
      this.held.set(partition, false);
      this.close(id);
    }
  }

  handle(id: number, count: number, through: number | undefined): void {
    const delivery = this.open.get(id);
    if (delivery === undefined) return;
    expect(this.dispatcher.acknowledge(delivery.client, id, through)).toBe(count);
    for (const event of delivery.events.splice(0, count)) this.finish(event);
    if (delivery.events.length === 0) this.close(id);
    expect(this.dispatcher.isOpen(id)).toBe(this.open.has(id));
  }

  record(partition: string | undefined): void {
    if (partition === undefined) return;
    this.held.set(partition, true);
    for (const event of this.events) if (event.partition === partition) event.done = true;
    this.dispatcher.recorded(partition);
  }

  /** Its lane has handled everything that was looked at. */
  release(partition: string | undefined): void {
    if (partition === undefined) return;
    for (const event of this.events) if (event.partition === partition && !event.handled) this.finish(event);
    this.held.delete(partition);
    this.dispatcher.release(partition);
  }

  finish(event: ModelEvent): void {
    event.handled = true;
    event.done = true;
    const before = this.handledOrder.get(event.partition) ?? [];
    this.handledOrder.set(event.partition, [...before, event.number]);
  }

  close(id: number): void {
    this.open.delete(id);
    this.closed.push(id);
  }

  onItsWay(partition: string): boolean {
    return [...this.open.values()].some((delivery) => delivery.partition === partition);
  }

  inFlight(client: string): number {
    return [...this.open.values()]
      .filter((delivery) => delivery.client === client)
      .reduce((sum, { events }) => sum + events.length, 0);
  }

  check(): void {
    const { dispatcher } = this;
    const first = this.events.find((event) => !event.done);
    expect(dispatcher.position).toBe(first?.number ?? this.next);
    expect(dispatcher.next).toBe(this.next);
    expect(dispatcher.quiet).toBe(this.open.size === 0);
    for (const client of this.clients) expect(dispatcher.inFlightOf(client.id)).toBe(this.inFlight(client.id));
    for (const event of this.events) {
      // The position passes what is handled, and what a failure on record speaks of.
      if (event.number >= dispatcher.position) break;
      expect(event.handled || this.held.get(event.partition) === true).toBe(true);
    }
    const ahead = new Map<string, number>();
    for (const { number, partition, handled } of this.events) {
      if (number >= dispatcher.position && handled && !this.held.has(partition)) ahead.set(partition, number);
    }
    expect(dispatcher.ahead()).toEqual(ahead);
  }

  /** Everything is healed, and one client that can take everything stays. */
  drain(): void {
    for (const partition of [...this.held.keys()]) this.record(partition);
    for (const partition of [...this.held.keys()]) this.release(partition);
    for (const client of [...this.clients]) this.depart(client, true);
    this.join(1_000, 10);
    for (let round = 0; this.events.some((event) => !event.handled); round++) {
      if (round > this.events.length) throw new Error('it is stuck');
      this.send();
      for (const id of [...this.open.keys()]) this.handle(id, this.open.get(id)?.events.length ?? 0, undefined);
    }
  }
}

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
const unrecorded = (held: ReadonlyMap<string, boolean>): string[] =>
  [...held].filter(([, is]) => !is).map(([key]) => key);
const recorded = (held: ReadonlyMap<string, boolean>): string[] => [...held].filter(([, is]) => is).map(([key]) => key);

test('one delivery for each partition, in order, within credits, to the same client; nothing lost; the position waits', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const model = new Model();
      for (const step of list) {
        model.run(step);
        model.check();
      }
      model.drain();
      model.check();
      for (const numbers of model.handledOrder.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      expect(model.events.every((event) => event.handled)).toBe(true);
      expect(model.dispatcher.position).toBe(model.next);
      // The window is counted in bytes of what is not done: nothing of it has leaked.
      expect(model.dispatcher.wantsMore).toBe(true);
    }),
    { numRuns: 150 },
  );
});

describe('a delivery', () => {
  const dispatcherWith = (limits = LIMITS) => {
    let id = 1;
    const dispatcher = new Dispatcher(0, limits, () => id++);
    dispatcher.addClient('a', { credits: 100, deliveryEvents: 10 });
    return dispatcher;
  };
  const offer = (dispatcher: Dispatcher, number: number, bytes: number) =>
    dispatcher.offer({ number, partition: 'p', frame: Buffer.alloc(bytes), redelivery: false });

  it('holds no more bytes than its limit, but at least one event', () => {
    const dispatcher = dispatcherWith();
    for (const [number, bytes] of [9_000, 2_000, 2_000, 2_000].entries()) offer(dispatcher, number, bytes);
    const sizes: number[] = [];
    for (let i = 0; i < 3; i++) {
      for (const { id, events } of dispatcher.deliveries()) {
        sizes.push(events.length);
        dispatcher.acknowledge('a', id);
      }
    }
    expect(sizes).toEqual([1, 2, 1]);
  });

  it('of an event that was tried before says which attempt it is, until one before it is handled', () => {
    const dispatcher = dispatcherWith();
    for (const number of [0, 1]) offer(dispatcher, number, 1);
    expect(dispatcher.deliveries()).toMatchObject([{ attempt: 1, redelivery: false }]);
    dispatcher.removeClient('a');
    dispatcher.addClient('b', { credits: 100, deliveryEvents: 10 });
    const [again] = dispatcher.deliveries();
    expect(again).toMatchObject({ attempt: 2, redelivery: true });
    dispatcher.acknowledge('b', again?.id ?? 0, 0);
    dispatcher.removeClient('b');
    dispatcher.addClient('c', { credits: 100, deliveryEvents: 10 });
    expect(dispatcher.deliveries()).toMatchObject([{ attempt: 1, redelivery: true, events: [{ number: 1 }] }]);
  });

  it('is not read ahead of beyond the window of events or bytes', () => {
    const few = dispatcherWith({ ...LIMITS, windowEvents: 2, windowBytes: 1_000 });
    offer(few, 0, 1);
    expect(few.wantsMore).toBe(true);
    offer(few, 1, 1);
    expect(few.wantsMore).toBe(false);
    const small = dispatcherWith({ ...LIMITS, windowBytes: 1_000 });
    offer(small, 0, 1_000);
    expect(small.wantsMore).toBe(false);
    const [delivery] = small.deliveries();
    small.acknowledge('a', delivery?.id ?? 0);
    expect(small.wantsMore).toBe(true);
  });
});
