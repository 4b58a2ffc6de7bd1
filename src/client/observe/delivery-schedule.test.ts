import fc from 'fast-check';
import type { AcknowledgementMessage, IncomingDelivery } from '../../contract/observe-codec';
import { wireEvent } from '../../contract/wire-event.testing';
import type { RecordedEvent } from '../recorded-event';
import type { DeliveryContext } from './delivery-context';
import { DeliverySchedule } from './delivery-schedule';
import { PermanentFailure } from './failure';
import type { PlainHandler } from './handlers';
import { TimeSlice, type Slice } from './time-slice';

const delivery = (id: number, partition: string, numbers: readonly number[]): IncomingDelivery => ({
  id,
  partition,
  events: numbers.map((sequenceNumber) => wireEvent({ sequenceNumber })),
  attempt: 1,
  replay: false,
  redelivery: false,
});

type Handle = (event: RecordedEvent, context: DeliveryContext) => unknown;

interface Conditions {
  readonly concurrency?: number;
  readonly isPermanent?: (error: unknown) => boolean;
  /** Where time itself is no subject, a turn of the event loop may take as long as it likes. */
  readonly slice?: Slice;
}

const scheduleOf = (handle: Handle, conditions: Conditions = {}) => scheduleFor({ kind: 'each', handle }, conditions);

function scheduleFor(
  handler: PlainHandler,
  { concurrency = 4, isPermanent = () => false, slice = { over: false } }: Conditions = {},
) {
  const answers: AcknowledgementMessage[] = [];
  let handled = 0;
  const handling = { observer: 'o', handler, isPermanent, handled: (events: number) => (handled += events) };
  const schedule = new DeliverySchedule(handling, concurrency, slice);
  const receive = (...deliveries: IncomingDelivery[]) =>
    schedule.receive(deliveries, (answer) => {
      answers.push(answer);
    });
  return { schedule, receive, answers, handled: () => handled };
}

const whole = (deliveryId: number): AcknowledgementMessage => ({
  deliveryId,
  handledThrough: undefined,
  failure: undefined,
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Handlers that end when they are told to, by the number of their event. */
function stepwise() {
  const running = new Map<number, { end: () => void; fail: (error: Error) => void; context: DeliveryContext }>();
  const handle: Handle = async ({ sequenceNumber }, context) =>
    new Promise<void>((end, fail) => running.set(sequenceNumber, { end, fail, context })).finally(() =>
      running.delete(sequenceNumber),
    );
  const step = async (number: number): Promise<void> => {
    running.get(number)?.end();
    await turn();
  };
  return { handle, running, step, numbers: () => [...running.keys()] };
}

describe('a handler that returns no promise', () => {
  it('handles everything before `receive` returns', () => {
    const seen: number[] = [];
    const { receive, answers, handled } = scheduleOf(({ sequenceNumber }) => void seen.push(sequenceNumber));
    receive(delivery(1, 'a', [0, 2]), delivery(2, 'b', [1, 3]));
    expect(seen).toEqual([0, 2, 1, 3]);
    expect(answers).toEqual([whole(1), whole(2)]);
    expect(handled()).toBe(4);
  });

  it('lets the event loop turn when it takes long, says how far it is, and loses nothing', async () => {
    const busy = () => {
      const until = performance.now() + 5;
      while (performance.now() < until);
    };
    const { receive, answers } = scheduleOf(busy, { slice: new TimeSlice() });
    receive(delivery(1, 'a', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
    expect(answers).not.toContainEqual(whole(1));
    // On a busy machine others may take the whole of the first turn.
    while (answers.length === 0) await turn();
    expect(answers[0]?.handledThrough).toBeLessThan(9);
    while (answers.at(-1)?.handledThrough !== undefined) await turn();
    expect(answers.at(-1)).toEqual(whole(1));
  });

  it('tells progress of a long delivery while it is handled', () => {
    const { receive, answers } = scheduleOf(() => undefined);
    receive(delivery(1, 'a', [...Array(600).keys()]));
    expect(answers.map(({ handledThrough }) => handledThrough)).toEqual([249, 499, undefined]);
  });
});

describe('order', () => {
  it('events of a delivery one after the other; partitions beside each other, as many as are allowed', async () => {
    const { handle, numbers, step } = stepwise();
    const { receive, answers } = scheduleOf(handle, { concurrency: 2 });
    receive(delivery(1, 'a', [0, 3]), delivery(2, 'b', [1]), delivery(3, 'c', [2]));
    expect(numbers()).toEqual([0, 1]);
    await step(0);
    expect(numbers()).toEqual([1, 3]);
    await step(1);
    expect(numbers()).toEqual([3, 2]);
    await step(3);
    await step(2);
    expect(answers).toEqual([whole(2), whole(1), whole(3)]);
  });

  it('never two deliveries of a partition at once: the earlier one was taken back, is told so, and answers nothing', async () => {
    const { handle, running, numbers, step } = stepwise();
    const { receive, answers } = scheduleOf(handle);
    receive(delivery(1, 'a', [0, 1]));
    const first = running.get(0);
    expect(first?.context.signal.aborted).toBe(false);
    receive(delivery(2, 'a', [0, 1]));
    receive(delivery(3, 'a', [0, 1]));
    expect(first?.context.signal.aborted).toBe(true);
    expect(numbers()).toEqual([0]);
    first?.end();
    await turn();
    // Not 1: what comes after it belongs to the new delivery.
    expect(numbers()).toEqual([0]);
    await step(0);
    await step(1);
    expect(answers).toEqual([whole(3)]);
  });

  it('a handler that outlives its stream holds back its partition, and no other, on the next one', async () => {
    const { handle, running, numbers } = stepwise();
    const { schedule, receive, answers } = scheduleOf(handle);
    receive(delivery(1, 'a', [0]), delivery(2, 'b', [1]));
    const old = running.get(0);
    running.get(1)?.end();
    schedule.takeBackAll();
    expect(old?.context.signal.reason).toMatchObject({ code: 'CANCELLED' });
    receive(delivery(1, 'a', [0]), delivery(2, 'c', [2]));
    await turn();
    expect(numbers()).toEqual([0, 2]);
    expect(running.get(0)).toBe(old);
    old?.fail(new Error('aborted'));
    await turn();
    expect(running.get(0)).not.toBe(old);
    expect(answers).toEqual([]);
  });

  it('whatever comes, is taken back and takes its time: one at a time of a partition, in order, answered once', async () => {
    const STEPS = fc.array(
      fc.oneof(
        fc.record({
          kind: fc.constant('deliver' as const),
          partition: fc.nat(2),
          size: fc.integer({ min: 1, max: 4 }),
        }),
        fc.record({ kind: fc.constant('end' as const), which: fc.nat(5) }),
        fc.record({ kind: fc.constant('lost' as const) }),
      ),
      { maxLength: 40 },
    );
    await fc.assert(
      fc.asyncProperty(STEPS, fc.integer({ min: 1, max: 3 }), async (steps, concurrency) => {
        const busy = new Set<string>();
        const ends: (() => void)[] = [];
        const last = new Map<number, number>();
        let most = 0;
        const handle: Handle = async ({ sequenceNumber }, { partition, deliveryId }) => {
          expect(busy.has(partition)).toBe(false);
          expect(sequenceNumber).toBeGreaterThan(last.get(deliveryId) ?? -1);
          last.set(deliveryId, sequenceNumber);
          busy.add(partition);
          most = Math.max(most, busy.size);
          await new Promise<void>((resolve) => ends.push(resolve));
          busy.delete(partition);
        };
        const { schedule, receive, answers } = scheduleOf(handle, { concurrency });
        let id = 0;
        let live = new Set<number>();
        for (const step of steps) {
          if (step.kind === 'deliver') {
            live.add(++id);
            receive(delivery(id, String(step.partition), [...Array(step.size).keys()]));
          } else if (step.kind === 'end') {
            ends.splice(step.which % Math.max(1, ends.length), 1)[0]?.();
          } else {
            schedule.takeBackAll();
            live = new Set();
            answers.length = 0;
          }
          await turn();
        }
        while (ends.length > 0) {
          ends.splice(0).forEach((end) => end());
          await turn();
        }
        expect(most).toBeLessThanOrEqual(concurrency);
        const finished = answers.filter(({ handledThrough }) => handledThrough === undefined).map((a) => a.deliveryId);
        expect(new Set(finished).size).toBe(finished.length);
        expect(finished.every((one) => live.has(one))).toBe(true);
        await schedule.windDown();
      }),
    );
  });
});

describe('failures', () => {
  it('tell how far it got, with message and stack, and whether they are for ever', async () => {
    const { receive, answers } = scheduleOf(
      ({ sequenceNumber }) => {
        if (sequenceNumber === 1) throw new TypeError('broken');
        if (sequenceNumber === 2) throw new PermanentFailure('never');
        if (sequenceNumber === 3) return Promise.reject(new RangeError('listed'));
        // Anything can be thrown.
        // eslint-disable-next-line @typescript-eslint/only-throw-error
        if (sequenceNumber === 4) throw 'a text';
        return undefined;
      },
      { isPermanent: (error) => error instanceof RangeError },
    );
    receive(delivery(1, 'a', [0, 1]), delivery(2, 'b', [2]), delivery(3, 'c', [3]), delivery(4, 'd', [4]));
    await turn();
    const stack: unknown = expect.stringContaining('delivery-schedule.test');
    expect(answers).toEqual([
      { deliveryId: 1, handledThrough: 0, failure: { message: 'TypeError: broken', stack, permanent: false } },
      {
        deliveryId: 2,
        handledThrough: undefined,
        failure: { message: 'never', stack, permanent: true },
      },
      { deliveryId: 4, handledThrough: undefined, failure: { message: 'a text', stack: '', permanent: false } },
      { deliveryId: 3, handledThrough: undefined, failure: { message: 'RangeError: listed', stack, permanent: true } },
    ]);
  });

  it('a batch that failed was handled as far as it said', () => {
    const { receive, answers } = scheduleFor({
      kind: 'batch',
      handle: (events, context) => {
        context.handledThrough(events[1]?.sequenceNumber ?? 0);
        throw new Error('the third');
      },
    });
    receive(delivery(1, 'a', [5, 6, 7]));
    expect(answers).toMatchObject([{ deliveryId: 1, handledThrough: 6, failure: { message: 'the third' } }]);
  });
});

describe('winding down', () => {
  it('finishes the events that are being handled, says how far it got, and begins nothing', async () => {
    const { handle, step, numbers } = stepwise();
    const { schedule, receive, answers } = scheduleOf(handle, { concurrency: 1 });
    receive(delivery(1, 'a', [0, 1, 2]), delivery(2, 'b', [3]));
    await step(0);
    let down = false;
    const winding = schedule.windDown().then(() => (down = true));
    await turn();
    expect(down).toBe(false);
    await step(1);
    await winding;
    expect(numbers()).toEqual([]);
    expect(answers.at(-1)).toEqual({ deliveryId: 1, handledThrough: 1, failure: undefined });
    receive(delivery(3, 'c', [4]));
    expect(numbers()).toEqual([]);
    await schedule.windDown();
  });
});
