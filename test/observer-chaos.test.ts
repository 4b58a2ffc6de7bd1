/**
 * A replay while things die: the server that owns it, the database, a client's wire, one of two servers. It goes on near
 * where it was recorded, gives its whole range flagged and in the order of each partition, ends once, and what is new
 * afterwards is not flagged.
 */
import { checkObservations, type ObservationRecord } from './history/observations';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { expectedOf, freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { PersistentObserver } from './support/persistent-observer';
import { event, freshSequence, json, range, RawClient } from './support/raw-client';
import { handled, RawObserver, type Handling, type IncomingDelivery } from './support/raw-observer';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy } from './support/tcp-proxy';

let database: ReplicaSet;
/** The server that is not killed. */
let survivor: ServedHere;

beforeAll(async () => {
  database = await startReplicaSet();
  survivor = await serve(database.url);
});
afterAll(async () => {
  await survivor.stop();
  await database.stop();
});

const SOURCES = 40;
const BATCH = 500;

/** Events that are there before the replay, all of them in its range: enough for several writes of how far it is. */
const TOTAL = 6_000;

/** Events recorded while it is under way. */
const LIVE = 500;

/** Small beside TOTAL, so that there is a middle. */
const REGISTER = { credits: 500, deliverySize: 50 };

/** Milliseconds for everything to be handled after the last death: a lease that runs out is among them. */
const WITHIN_MS = 30_000;

class Scene {
  readonly sequence = freshSequence();
  readonly calls = new ObserverCalls(survivor.client, freshObserver());
  readonly book: ObservationRecord[] = [];
  readonly register = registration(this.calls.id, this.sequence, {}, REGISTER);
  /** Replayed events beyond which clients handle nothing for the moment: so the replay is never over too early. */
  #allowed = 0;
  #filled = 0;
  #seen = 0;
  #replayed = 0;

  async fill(count: number): Promise<void> {
    for (const end = this.#filled + count; this.#filled < end; this.#filled += BATCH) {
      const list = range(this.#filled, BATCH).map((i) =>
        event({ eventSourceId: `source-${i % SOURCES}`, content: json({ i }) }),
      );
      await survivor.client.appended({ sequence: this.sequence, events: list });
    }
  }

  /** How many events were handled as replay so far, repeats among them. */
  get replayed(): number {
    for (; this.#seen < this.book.length; this.#seen++) {
      const record = this.book[this.#seen];
      if (record?.kind === 'handled' && record.replay) this.#replayed++;
    }
    return this.#replayed;
  }

  readonly handling: Handling = async (delivery: IncomingDelivery) => {
    if (delivery.replay) {
      await awaitFact('more may be replayed', () => this.replayed < this.#allowed, { withinMs: 2 * WITHIN_MS });
    }
    return [handled(delivery)];
  };

  observe(address: string): RawObserver {
    return new RawObserver(address, this.register, { book: this.book, handling: this.handling });
  }

  persistent(addresses: () => readonly string[]): PersistentObserver {
    return new PersistentObserver({ addresses, register: this.register, book: this.book, handling: this.handling });
  }

  async untilReplayed(count: number): Promise<void> {
    this.#allowed = count;
    await awaitFact(`${count} are replayed`, () => this.replayed >= count, {
      withinMs: WITHIN_MS,
      instead: () => `${this.replayed} are`,
    });
  }

  /** The replay is somewhere in its middle, and the database knows of a part of it. */
  async untilRecorded(): Promise<number> {
    await this.untilReplayed(TOTAL / 4);
    let done = 0;
    // The survivor does not own the observer: it says what the database knows.
    await awaitFact('a part is recorded', async () => (done = (await this.calls.get()).replay?.done ?? 0) > 0);
    await this.untilReplayed(TOTAL / 2);
    return done;
  }

  /** Peace: everything may go on, more is recorded, and in the end nobody has anything to object to. */
  async isWholeInTheEnd(calls = this.calls): Promise<void> {
    this.#allowed = Number.POSITIVE_INFINITY;
    await awaitFact(
      'the replay is over',
      () =>
        calls.get().then(
          ({ replay }) => replay === null,
          () => false,
        ),
      {
        withinMs: WITHIN_MS,
        instead: () => `${this.replayed} are replayed`,
      },
    );
    await this.fill(LIVE);
    await calls.awaitPosition(this.#filled, { withinMs: WITHIN_MS });
    await calls.writePositionDown(this.book);
    const replays = [{ from: 0, to: TOTAL - 1 }];
    const expected = await expectedOf(survivor.client, this.sequence);
    expect(expected).toHaveLength(this.#filled);
    expect(checkObservations(this.book, expected, { replays }).slice(0, 5)).toEqual([]);
    const flagged = this.book.filter((r) => r.kind === 'handled' && r.replay && r.number >= TOTAL);
    expect(flagged.slice(0, 5)).toEqual([]);
    expect(await calls.get()).toMatchObject({ replay: null, state: 'OBSERVER_STATE_ACTIVE', failedPartitions: 0 });
  }
}

/** The least number that was replayed in the book from an entry on. */
const leastReplayed = (book: readonly ObservationRecord[], from: number): number =>
  book.slice(from).reduce((least, r) => (r.kind === 'handled' && r.replay ? Math.min(least, r.number) : least), TOTAL);

/** One client; the server is killed and started again. */
async function killedAndStartedAgain(): Promise<void> {
  const it = new Scene();
  await it.fill(TOTAL);
  let server: AnnalsProcess = await startAnnals({ mongodb: database.url });
  const client = it.persistent(() => [server.address]);
  await it.calls.awaitPosition(TOTAL, { withinMs: WITHIN_MS });
  const owner = new RawClient(server.address);
  await it.calls.through(owner).replay();
  const recorded = await it.untilRecorded();
  expect(recorded).toBeLessThan(TOTAL);
  await server.kill9();
  owner.close();
  const atDeath = it.book.length;
  server = await startAnnals({ mongodb: database.url });
  await it.fill(LIVE);
  await it.isWholeInTheEnd();
  expect(leastReplayed(it.book, atDeath)).toBeGreaterThan(0);
  expect(it.replayed).toBeLessThan(2 * TOTAL);
  await client.stop();
  await server.kill9();
}

/** Two clients share the partitions; their server is killed and the survivor takes over. */
async function takenOver(): Promise<void> {
  const it = new Scene();
  await it.fill(TOTAL);
  const dies = await startAnnals({ mongodb: database.url });
  const alive = () => [dies.hasExited() ? survivor.client.address : dies.address];
  const clients = [it.persistent(alive), it.persistent(alive)];
  await it.calls.awaitPosition(TOTAL, { withinMs: WITHIN_MS });
  const owner = new RawClient(dies.address);
  await it.calls.through(owner).replay();
  await it.untilRecorded();
  await dies.kill9();
  owner.close();
  const atDeath = it.book.length;
  await it.fill(LIVE);
  await it.isWholeInTheEnd();
  expect((await it.calls.get()).ownerAddress).toBe(survivor.client.address);
  expect(leastReplayed(it.book, atDeath)).toBeGreaterThan(0);
  for (const book of [it.book.slice(0, atDeath), it.book.slice(atDeath)]) {
    const names = book.flatMap((r) => (r.kind === 'handled' && r.replay ? [r.client] : []));
    expect(new Set(names).size).toBe(clients.length);
  }
  await Promise.all(clients.map((one) => one.stop()));
}

it('goes on where it was recorded when its server is killed, with that one again or with another', async () => {
  // Beside each other: both wait for a lease to run out.
  await Promise.all([killedAndStartedAgain(), takenOver()]);
});

describe('when the database is killed and started again', () => {
  /** A server whose client has handled everything, and which has begun the replay. */
  async function replaying() {
    const it = new Scene();
    await it.fill(TOTAL);
    const server = await startAnnals({ mongodb: database.url });
    const client = it.observe(server.address);
    await it.calls.awaitPosition(TOTAL, { withinMs: WITHIN_MS });
    const wire = new RawClient(server.address);
    const owner = it.calls.through(wire);
    await owner.replay();
    await it.untilRecorded();
    const stop = async () => {
      wire.close();
      client.end();
      await server.kill9();
    };
    /** The database is away for longer than a write waits, and then as long again for each one more. */
    const writesFail = async (count: number) => {
      const failed = () => server.output().split('an observer waits for the database').length - 1;
      await awaitFact('writes fail', () => failed() >= count, { withinMs: WITHIN_MS, instead: server.output });
    };
    return { it, owner, writesFail, stop };
  }

  it('in the middle, it goes on, and what was handled meanwhile counts', async () => {
    const { it, owner, writesFail, stop } = await replaying();
    await database.kill(0);
    await it.untilReplayed((3 * TOTAL) / 4);
    await writesFail(1);
    await database.restart(0);
    let done: number | undefined;
    await awaitFact(
      'all that was handled counts',
      async () => (done = (await owner.get().catch(() => undefined))?.replay?.done) === it.replayed,
      { instead: () => `${done} of ${it.replayed}` },
    );
    await it.fill(LIVE);
    await it.isWholeInTheEnd(owner);
    expect(it.replayed).toBe(TOTAL);
    await stop();
  });

  it('at its end, it has ended for every server, and nothing comes again', async () => {
    const { it, writesFail, stop } = await replaying();
    await database.kill(0);
    await it.untilReplayed(TOTAL);
    // The one under way, and the one that says that the replay is over.
    await writesFail(2);
    await database.restart(0);
    // The survivor does not own the observer: it says what the database knows.
    await it.isWholeInTheEnd();
    expect(it.replayed).toBe(TOTAL);
    await stop();
  });
});

it('goes on while clients are cut off and others join', async () => {
  const it = new Scene();
  await it.fill(TOTAL);
  const proxy = await startTcpProxy(Number(survivor.client.address.split(':')[1]));
  const stays = it.observe(survivor.client.address);
  const far = it.observe(proxy.address);
  await it.calls.awaitPosition(TOTAL, { withinMs: WITHIN_MS });
  await it.calls.replay();
  await it.untilReplayed(TOTAL / 4);
  proxy.cut();
  await far.awaitEnd();
  await it.untilReplayed(TOTAL / 2);
  const joins = it.observe(survivor.client.address);
  await joins.awaitRegistered();
  await it.fill(LIVE);
  await it.isWholeInTheEnd();
  for (const one of [stays, far, joins]) expect(one.deliveries.some(({ replay }) => replay)).toBe(true);
  for (const one of [stays, joins]) one.end();
  await proxy.close();
});
