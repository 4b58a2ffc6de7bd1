/**
 * The client's side of observers against real servers: order, concurrency, acknowledgements, failures,
 * hand-over between clients and servers, and ends in good order.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { firstValueFrom, of, take, timer, toArray, map } from 'rxjs';
import {
  connect,
  PermanentFailure,
  type Annals,
  type Observation,
  type ObservationState,
  type RecordedEvent,
} from '../src/client';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact, within } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy';

interface Counted {
  readonly n: number;
}
interface Events {
  counted: Counted;
  other: { readonly text: string };
}

let database: ReplicaSet;
let served: ServedHere;
let annals: Annals;
const open: Annals[] = [];

const client = (address: string): Annals => {
  const made = connect(`annals://${address}/default`);
  open.push(made);
  return made;
};

beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
});
afterAll(async () => {
  await served.stop();
  await database.stop();
});
beforeEach(() => {
  annals = client(served.server.address);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

let tests = 0;
/** A sequence and an observer of the test's own. */
const fresh = () => {
  const sequence = `observed-${++tests}`;
  return { sequence, id: `observer-${tests}`, log: annals.sequence(sequence) };
};

const numbersTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** `count` events over so many sources; event n has the number n. */
async function fill(log: ReturnType<Annals['sequence']>, count: number, sources: number, from = 0): Promise<void> {
  const BATCH = 1_000;
  for (let n = 0; n < count; n += BATCH) {
    const events = numbersTo(Math.min(BATCH, count - n)).map((i) => ({
      type: 'counted',
      eventSourceId: `source-${(from + n + i) % sources}`,
      content: { n: from + n + i },
    }));
    await log.append(events);
  }
}

/** A promise and how to settle it. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  let openIt: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (openIt = resolve));
  return { passed, open: openIt };
}

/** What was handled, for each source in the order in which it was. */
class Book {
  readonly #lines = new Map<string, number[]>();
  handled = 0;

  note = ({ eventSourceId, sequenceNumber }: RecordedEvent<unknown>): void => {
    const line = this.#lines.get(eventSourceId) ?? [];
    line.push(sequenceNumber);
    this.#lines.set(eventSourceId, line);
    this.handled++;
  };

  /** First occurrences only. */
  distinct(source: string): number[] {
    return [...new Set(this.#lines.get(source))];
  }

  lines(): number[][] {
    return [...this.#lines.values()];
  }

  /** How often an event was handled again. */
  get repeats(): number {
    return this.lines().reduce((sum, line) => sum + line.length - new Set(line).size, 0);
  }
}

const ascending = (numbers: readonly number[]): boolean =>
  numbers.every((number, i) => i === 0 || number > (numbers[i - 1] ?? 0));

/** That each source's events were all handled, and in order. */
function expectWhole(book: Book, count: number, sources: number): void {
  for (const source of numbersTo(sources)) {
    const line = book.distinct(`source-${source}`);
    expect(line).toEqual(numbersTo(count).filter((n) => n % sources === source));
    expect(ascending(line)).toBe(true);
  }
}

describe('what is handled, and in which order', () => {
  it('all events, for each partition in order, by the handler of their type and with their content', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 3_000, 30);
    await log.append({ type: 'other', eventSourceId: 'x', content: { text: 'hello' } });
    await log.append({ type: 'unobserved', eventSourceId: 'x', content: {} });
    const book = new Book();
    const texts: string[] = [];
    const observation = annals.observe<Events>(id, {
      sequence,
      on: {
        counted: (event) => {
          expect(event.content.n).toBe(event.sequenceNumber);
          book.note(event);
        },
        other: async (event, context) => {
          expect(context).toMatchObject({ observer: id, partition: 'x', attempt: 1, replay: false, redelivery: false });
          texts.push(event.content.text);
        },
      },
    });
    expect(await observation.registered).toMatchObject({ position: 0, definitionChanged: false, replayAdvised: false });
    expect(await annals.observers.waitFor(id, 3_001)).toMatchObject({ outcome: 'handled' });
    expectWhole(book, 3_000, 30);
    expect(book.repeats).toBe(0);
    expect(texts).toEqual(['hello']);
    expect(observation.handled).toBe(3_001);
    // Live.
    await fill(log, 30, 30, 3_002);
    await awaitFact('the live events are handled', () => book.handled === 3_030);
    await observation.stop();
    expect(observation.state).toBe('ended');
    await observation.done;
  });

  it('partitions beside each other, as many as allowed; one partition never twice at once', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 60, 6);
    const busy = new Set<string>();
    let most = 0;
    const observation = annals.observe<Events>(id, {
      sequence,
      concurrency: 3,
      deliverySize: 5,
      handle: async (event) => {
        expect(busy.has(event.eventSourceId)).toBe(false);
        busy.add(event.eventSourceId);
        most = Math.max(most, busy.size);
        await new Promise((resolve) => setTimeout(resolve, 2));
        busy.delete(event.eventSourceId);
      },
    });
    await observation.registered;
    await annals.observers.waitFor(id, 59);
    expect(most).toBe(3);
    expect(observation.handled).toBe(60);
  });

  it('a batch at a time, where the handler takes batches', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 100, 1);
    const sizes: number[] = [];
    await annals.observe<Events>(id, { sequence, deliverySize: 40, batch: (events) => sizes.push(events.length) })
      .registered;
    await annals.observers.waitFor(id, 99);
    expect(sizes).toEqual([40, 40, 20]);
  });

  it('only what the filters select, from where it starts, by the key that it names', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 20, 4);
    await log.append({ type: 'counted', eventSourceId: 'source-0', tags: ['vip'], content: { n: 20, group: 'a' } });
    await log.append({ type: 'counted', eventSourceId: 'source-1', tags: ['vip'], content: { n: 21, group: 'a' } });
    const seen: [number, string][] = [];
    await annals.observe<Events>(id, {
      sequence,
      on: { counted: (event, { partition }) => void seen.push([event.sequenceNumber, partition]) },
      tags: ['vip'],
      start: 5,
      partitionBy: { property: 'group' },
      as: 'json',
    }).registered;
    await annals.observers.waitFor(id, 21);
    expect(seen).toEqual([
      [20, 'a'],
      [21, 'a'],
    ]);
    const late: number[] = [];
    const now = annals.observe<Events>(`${id}-now`, {
      sequence,
      start: 'now',
      handle: ({ sequenceNumber }) => late.push(sequenceNumber),
    });
    expect(await now.registered).toMatchObject({ position: 22 });
    await fill(log, 1, 1, 22);
    await annals.observers.waitFor(`${id}-now`, 22);
    expect(late).toEqual([22]);
  });
});

describe('acknowledgements', () => {
  it('a long delivery is acknowledged while it is under way, so that little comes again', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 10, 1);
    const stuck = gate();
    const first = client(served.server.address);
    await first.observe<Events>(id, {
      sequence,
      handle: async ({ sequenceNumber }) => {
        if (sequenceNumber === 6) await stuck.passed;
      },
    }).registered;
    await awaitFact('six events are acknowledged', async () => (await annals.observers.get(id)).position === 6);
    const book = new Book();
    const flags: boolean[] = [];
    await annals.observe<Events>(id, {
      sequence,
      handle: (event, { redelivery }) => {
        book.note(event);
        flags.push(redelivery);
      },
    }).registered;
    const closing = first.close();
    stuck.open();
    await closing;
    await annals.observers.waitFor(id, 9);
    expect(book.distinct('source-0')).toEqual([7, 8, 9]);
    expect(flags.every(Boolean)).toBe(true);
  });

  it('a stop finishes the event that is being handled and leaves the rest to others', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 20, 2);
    const begun = gate();
    const held = gate();
    const mine: number[] = [];
    const observation = annals.observe<Events>(id, {
      sequence,
      concurrency: 1,
      handle: async ({ sequenceNumber }) => {
        begun.open();
        await held.passed;
        mine.push(sequenceNumber);
      },
    });
    await begun.passed;
    const stopping = observation.stop();
    expect(observation.state).toBe('stopping');
    held.open();
    await stopping;
    expect(mine).toHaveLength(1);
    const theirs: number[] = [];
    await client(served.server.address).observe<Events>(id, { sequence, handle: (e) => theirs.push(e.sequenceNumber) })
      .registered;
    await annals.observers.waitFor(id, 19);
    expect([...mine, ...theirs].sort((a, b) => a - b)).toEqual(numbersTo(20));
  });

  it('closing the client lets handlers finish, who may still call it', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 1, 1);
    const begun = gate();
    const held = gate();
    const mine = client(served.server.address);
    await mine.observe<Events>(id, {
      sequence,
      on: {
        counted: async () => {
          begun.open();
          await held.passed;
          await mine.sequence(sequence).append({ type: 'other', eventSourceId: 'answer', content: { text: 'done' } });
        },
      },
    }).registered;
    await begun.passed;
    const closing = mine.close();
    held.open();
    await closing;
    expect(await log.tail()).toBe(1);
    expect((await annals.observers.get(id)).position).toBe(2);
  });

  it('an aborted signal ends at once: the handler is told, and its event comes again', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 1, 1);
    const stop = new AbortController();
    const begun = gate();
    const told = gate();
    const observation = annals.observe<Events>(id, {
      sequence,
      signal: stop.signal,
      handle: async (_event, { signal }) => {
        begun.open();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        told.open();
      },
    });
    await begun.passed;
    stop.abort();
    await observation.done;
    await told.passed;
    let again = false;
    await annals.observe<Events>(id, { sequence, handle: (_event, { redelivery }) => void (again = redelivery) })
      .registered;
    await annals.observers.waitFor(id, 0);
    expect(again).toBe(true);
  });
});

describe('failures', () => {
  it('a failure holds back its partition alone; it is tried again after a pause, catches up and rejoins', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 40, 4);
    const book = new Book();
    const attempts: number[] = [];
    let broken = true;
    await annals.observe<Events>(id, {
      sequence,
      handle: (event, context) => {
        if (event.sequenceNumber === 9) {
          attempts.push(context.attempt);
          if (broken) throw new TypeError('not yet');
        }
        book.note(event);
      },
    }).registered;
    expect(await annals.observers.waitFor(id, 9)).toMatchObject({
      outcome: 'held',
      held: { partition: 'source-1', heldFrom: 9, quarantined: false },
    });
    await awaitFact('the others are done', () => book.handled >= 32);
    const [failed] = await annals.observers.failedPartitions(id);
    expect(failed?.attempts[0]).toMatchObject({ sequenceNumber: 9, message: 'TypeError: not yet' });
    expect(failed?.attempts[0]?.stack).toContain('observe.e2e');
    broken = false;
    await awaitFact(
      'the partition has caught up',
      async () => (await annals.observers.failedPartitions(id)).length === 0,
    );
    expectWhole(book, 40, 4);
    expect(attempts.length).toBeGreaterThan(1);
    expect(attempts).toEqual(numbersTo(attempts.length).map((n) => n + 1));
    await fill(log, 4, 4, 40);
    await awaitFact('it takes part again', () => book.handled === 44);
  });

  it('a permanent failure is quarantined at once, until a person retries or skips', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 6, 1);
    const book = new Book();
    const poison = new Set([2, 4]);
    await annals.observe<Events>(id, {
      sequence,
      isPermanent: (error) => error instanceof RangeError,
      handle: (event) => {
        if (event.sequenceNumber === 2 && poison.has(2)) throw new PermanentFailure('never');
        if (event.sequenceNumber === 4 && poison.has(4)) throw new RangeError('neither');
        book.note(event);
      },
    }).registered;
    const held = async (number: number) =>
      awaitFact(`${number} is quarantined`, async () => {
        const [failed] = await annals.observers.failedPartitions(id);
        return failed?.quarantined === true && failed.heldFrom === number;
      });
    await held(2);
    poison.delete(2);
    await annals.observers.retryPartition(id, 'source-0');
    await held(4);
    await annals.observers.skipEvent(id, { partition: 'source-0', sequenceNumber: 4, reason: 'it cannot be read' });
    await awaitFact('the rest is handled', () => book.handled === 5);
    expect(book.distinct('source-0')).toEqual([0, 1, 2, 3, 5]);
    await expect(annals.observers.retryPartition(id, 'nobody')).rejects.toMatchObject({ code: 'PARTITION_NOT_FAILED' });
  });

  it('a batch that fails repeats what it did not say was handled', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 10, 1);
    const batches: number[][] = [];
    await annals.observe<Events>(id, {
      sequence,
      batch: async (events, context) => {
        batches.push(events.map(({ sequenceNumber }) => sequenceNumber));
        if (batches.length > 1) return;
        context.handledThrough(3);
        throw new Error('the fifth');
      },
    }).registered;
    await awaitFact('it is handled', () => batches.length === 2);
    expect(batches).toEqual([numbersTo(10), [4, 5, 6, 7, 8, 9]]);
  });

  it('an answer that the server no longer waits for changes nothing, and its handler is told', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 2, 1);
    const calls: { number: number; attempt: number }[] = [];
    let told = false;
    await annals.observe<Events>(id, {
      sequence,
      acknowledgementDeadlineMs: 200,
      handle: async ({ sequenceNumber: number }, { attempt, signal }) => {
        calls.push({ number, attempt });
        if (calls.length > 1) return;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        told = true;
      },
    }).registered;
    await awaitFact('both are handled', async () => (await annals.observers.get(id)).position === 2);
    await awaitFact('no failure is left', async () => (await annals.observers.failedPartitions(id)).length === 0);
    expect(told).toBe(true);
    expect(calls).toEqual([
      { number: 0, attempt: 1 },
      { number: 0, attempt: 2 },
      { number: 1, attempt: 2 },
    ]);
  });

  it('what the server refuses ends the observation with its error', async () => {
    const refused = annals.observe('no such id!', { handle: () => undefined });
    await expect(refused.registered).rejects.toMatchObject({ code: 'INVALID_FIELD', field: 'observer' });
    await expect(refused.done).rejects.toMatchObject({ code: 'INVALID_FIELD' });
    expect(() => annals.observe('x', { on: {} })).toThrow(/on has no handler/);
    expect(() => annals.observe('x', { handle: () => undefined, credits: 0 })).toThrow(/credits/);
    expect(() => annals.observe('x', { handle: () => undefined, start: -1 })).toThrow(/start/);
  });
});

it('a program that does not listen is ended by what the server refuses, and not left to believe that it observes', async () => {
  const program = `require(${JSON.stringify(join(__dirname, '../dist/src/client'))})
    .connect(${JSON.stringify(`annals://${served.server.address}/default`)})
    .observe('no such id!', { handle() {} });`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = await new Promise((resolve) => {
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    child.once('close', (code) => {
      resolve({ code, said });
    });
  });
  expect(end).toEqual({ code: 1, said: expect.stringContaining('INVALID_FIELD') });
});

describe('several clients, several servers', () => {
  it('two clients share the partitions; when one dies the other has them all, and nothing is missing', async () => {
    const { id, log, sequence } = fresh();
    const wire: TcpProxy = await startTcpProxy(Number(served.server.address.split(':')[1]));
    try {
      const book = new Book();
      const counts = [0, 0];
      const begin = (of_: Annals, index: number): Observation =>
        of_.observe<Events>(id, {
          sequence,
          name: `client-${index}`,
          handle: async (event) => {
            await Promise.resolve();
            counts[index] = (counts[index] ?? 0) + 1;
            book.note(event);
          },
        });
      const doomed = client(wire.address);
      const observations = [begin(annals, 0), begin(doomed, 1)];
      await Promise.all(observations.map((observation) => observation.registered));
      await fill(log, 2_000, 50);
      await annals.observers.waitFor(id, 1_999);
      expect(counts.every((count) => count > 0)).toBe(true);
      const { clients } = await annals.observers.get(id);
      expect(clients.map(({ name }) => name).sort()).toEqual(['client-0', 'client-1']);
      wire.refuseNew(true);
      wire.cut();
      await fill(log, 2_000, 50, 2_000);
      expect(await annals.observers.waitFor(id, 3_999)).toMatchObject({ outcome: 'handled' });
      expectWhole(book, 4_000, 50);
    } finally {
      await wire.close();
    }
  });

  it('another definition waits until those with the old one have left', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 2, 1);
    const old = annals.observe<Events>(id, { sequence, on: { other: () => undefined } });
    await old.registered;
    const states: ObservationState[] = [];
    const next = client(served.server.address).observe<Events>(id, {
      sequence,
      on: { other: () => undefined, counted: () => undefined },
      onStateChange: (state) => states.push(state),
    });
    await awaitFact('it waits', () => states.includes('waiting'));
    const impatient = annals.observe<Events>(id, {
      sequence,
      on: { counted: () => undefined },
      onDefinitionInUse: 'fail',
    });
    await expect(impatient.done).rejects.toMatchObject({ code: 'DEFINITION_IN_USE' });
    await annals.observers.waitFor(id, 1);
    await old.stop();
    expect(await within(20_000, 'the new one registers', next.registered)).toMatchObject({
      definitionChanged: true,
      replayAdvised: true,
    });
    expect(states).toEqual(['waiting', 'observing']);
  });

  it('a server that is not the owner leads to the one that is, for observing and for asking', async () => {
    const { id, log, sequence } = fresh();
    const owner = await serve(database.url);
    const other = await serve(database.url);
    try {
      await fill(log, 10, 2);
      const book = new Book();
      const handle = (event: RecordedEvent<unknown>) => book.note(event);
      const near = client(owner.server.address);
      const far = client(other.server.address);
      await near.observe<Events>(id, { sequence, handle }).registered;
      const states: ObservationState[] = [];
      const onStateChange = (state: ObservationState) => states.push(state);
      await far.observe<Events>(id, { sequence, handle, onStateChange }).registered;
      expect(states).toEqual(['observing']);
      expect(await far.observers.waitFor(id, 9)).toMatchObject({ outcome: 'handled' });
      const seen = await far.observers.get(id);
      expect(seen.ownerAddress).toBe(owner.server.address);
      expect(seen.clients).toHaveLength(2);
      await far.observers.pause(id);
      expect((await near.observers.get(id)).state).toBe('paused');
      await far.observers.resume(id);
      // When the owner stops, the one that is left takes over, and those who know it follow.
      await owner.stop();
      await fill(log, 10, 2, 10);
      await awaitFact('the other server owns it', async () => {
        const { ownerAddress, clients } = await far.observers.get(id);
        return ownerAddress === other.server.address && clients.length === 1;
      });
      expect(await far.observers.waitFor(id, 19)).toMatchObject({ outcome: 'handled' });
      expectWhole(book, 20, 2);
      expect(book.repeats).toBe(0);
    } finally {
      await Promise.all(open.splice(0).map((each) => each.close()));
      await other.stop();
    }
  });

  it('a server killed in the middle of catch-up, and started again: nothing is missing, and repeats are flagged', async () => {
    const { id, log, sequence } = fresh();
    const COUNT = 20_000;
    const SOURCES = 100;
    await fill(log, COUNT, SOURCES);
    let doomed: AnnalsProcess = await startAnnals({ mongodb: database.url });
    const { address } = doomed;
    const book = new Book();
    const seen = new Set<number>();
    let unflagged = 0;
    const states: ObservationState[] = [];
    const mine = client(address);
    await mine.observe<Events>(id, {
      sequence,
      onStateChange: (state) => states.push(state),
      handle: async (event, { redelivery }) => {
        if (seen.has(event.sequenceNumber) && !redelivery) unflagged++;
        seen.add(event.sequenceNumber);
        book.note(event);
        await Promise.resolve();
      },
    }).registered;
    await awaitFact('it is under way', () => seen.size > COUNT / 4);
    await doomed.kill9();
    doomed = await startAnnals({ mongodb: database.url, listen: address });
    await awaitFact('everything is handled', () => seen.size === COUNT, { withinMs: 40_000 });
    expectWhole(book, COUNT, SOURCES);
    expect(unflagged).toBe(0);
    expect(states).toEqual(['observing', 'reconnecting', 'observing']);
    await mine.close();
    await doomed.kill9();
  });

  it('an owner that is stopped, takes connections and says nothing keeps nobody: old and new clients go on elsewhere', async () => {
    const { id, log, sequence } = fresh();
    const frozen = await startAnnals({ mongodb: database.url });
    const handled = new Set<number>();
    const handle = ({ sequenceNumber }: RecordedEvent<unknown>) => void handled.add(sequenceNumber);
    try {
      await fill(log, 10, 2);
      const before = client(`${frozen.address},${served.server.address}`);
      const states: ObservationState[] = [];
      const onStateChange = (state: ObservationState) => states.push(state);
      await before.observe<Events>(id, { sequence, handle, onStateChange }).registered;
      await awaitFact('it is under way', () => handled.size === 10);
      process.kill(frozen.pid, 'SIGSTOP');

      // It is told of the owner, which takes its connection.
      const next = annals.observe<Events>(id, { sequence, handle });
      await within(40_000, 'the new client registers', next.registered);
      await fill(log, 10, 2, 10);
      await awaitFact('what is new is handled', () => handled.size === 20);
      await awaitFact('the old client is back', () => states.join(' ') === 'observing reconnecting observing', {
        withinMs: 40_000,
        instead: () => states.join(' '),
      });
      await awaitFact('both work', async () => (await annals.observers.get(id)).clients.length === 2);
    } finally {
      await frozen.kill9();
    }
  });
});

describe('replay, watching, rxjs', () => {
  it('a replay delivers again, flagged, and can be asked for what it would do', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 20, 2);
    const replayed: number[] = [];
    await annals.observe<Events>(id, {
      sequence,
      handle: ({ sequenceNumber }, { replay }) => {
        if (replay) replayed.push(sequenceNumber);
      },
    }).registered;
    await annals.observers.waitFor(id, 19);
    expect(await annals.observers.replay(id, { from: 4, to: 9, dryRun: true })).toMatchObject({
      from: 4,
      to: 9,
      events: 6,
    });
    expect(replayed).toEqual([]);
    await annals.observers.replay(id, { from: 4, to: 9, partition: 'source-0' });
    await awaitFact('the replay is done', async () => (await annals.observers.get(id)).replay === undefined);
    expect(replayed).toEqual([4, 6, 8]);
    expect(await annals.observers.cancelReplay(id)).toBe(false);
    await expect(annals.observers.replay(id, { from: 100 })).rejects.toMatchObject({ code: 'NOTHING_TO_REPLAY' });
  });

  it('watch tells of every change', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 1, 1);
    const states: string[] = [];
    const watching = (async () => {
      for await (const observers of annals.observers.watch()) {
        const mine = observers.find((observer) => observer.id === id);
        if (mine !== undefined && states.at(-1) !== mine.state) states.push(mine.state);
        if (states.length === 3) return;
      }
    })();
    const observation = annals.observe(id, { sequence, handle: () => undefined });
    await awaitFact('it is active', () => states.includes('active'));
    await annals.observers.pause(id);
    await awaitFact('it is paused', () => states.includes('paused'));
    await annals.observers.resume(id);
    await watching;
    expect(states.slice(-3)).toEqual(['active', 'paused', 'active']);
    expect(await firstValueFrom(annals.observers.watch$())).toEqual(
      expect.arrayContaining([expect.objectContaining({ id })]),
    );
    expect((await annals.observers.list()).map((observer) => observer.id)).toContain(id);
    await observation.stop();
    await expect(annals.observers.get('nobody')).rejects.toMatchObject({ code: 'UNKNOWN_OBSERVER' });
    const never = annals.observers.waitFor(id, 1_000, { timeoutMs: 50 });
    expect(await never).toEqual({ outcome: 'timed-out' });
  });

  it('an event is handled when its Observable completes; leaving leaves what has not', async () => {
    const { id, log, sequence } = fresh();
    await fill(log, 10, 2);
    const emitted = await firstValueFrom(
      annals
        .observe$<Events, number>(id, {
          sequence,
          on: {
            counted: ({ content, sequenceNumber }) =>
              // The last never completes.
              sequenceNumber === 9 ? timer(0, 3_600_000).pipe(map(() => 9)) : of(content.n),
          },
        })
        .pipe(take(10), toArray()),
    );
    expect(emitted.sort((a, b) => a - b)).toEqual(numbersTo(10));
    const again: number[] = [];
    await annals.observe<Events>(id, { sequence, on: { counted: (event) => void again.push(event.sequenceNumber) } })
      .registered;
    await annals.observers.waitFor(id, 9);
    expect(again).toContain(9);
    expect(again.length).toBeLessThan(10);
  });
});
