/**
 * A compensation and its announcement are one: whatever is killed, between whichever two steps, every one that was
 * acknowledged is in its event's document and announced once, and none is the one without the other. What the database
 * has is judged by a checker that knows nothing of the code.
 */
import { MongoClient } from 'mongodb';
import { namespaceDatabase } from '../src/storage/names';
import { awaitFact, pause } from './support/await-fact';
import { compensate, redact } from './support/change-calls';
import { checkChanges } from './support/change-checker';
import { event, events, json, range, type RawClient } from './support/raw-client';
import { TwoProcesses } from './support/two-processes';
import { seeded, type Random } from './torture/random';

const SEQUENCE = { sequence: 'event-log' };
/** The newest events, which everybody compensates: few, so that most of what is done meets something. */
const EVENTS = 12;
const WORKERS = 8;
/** Acknowledgements that show that the servers are at work. */
const SOME = 60;
/** Milliseconds until they are again: an election, a restart, a transaction that a killed server leaves and the database ends. */
const AGAIN_WITHIN_MS = 45_000;

let mongodb: MongoClient;
let two: TwoProcesses;

beforeAll(async () => {
  two = await TwoProcesses.start();
  mongodb = new MongoClient(two.database.url);
});
afterAll(async () => {
  await mongodb.close();
  await two.stop();
});

/** Clients that compensate, redact and append, each the same again until it is told what became of it. */
class Load {
  /** By its id, where an acknowledged compensation is announced, and of which event it is. */
  readonly acknowledged = new Map<string, { readonly number: number; readonly about: number }>();
  readonly redacted = new Set<number>();
  readonly #targets = range(0, EVENTS);
  #running = true;
  readonly #done: Promise<unknown>;

  constructor(random: Random) {
    this.#done = Promise.all(range(0, WORKERS).map(async (worker) => this.#work(worker, random.fork())));
  }

  async acknowledges(more: number): Promise<void> {
    const goal = this.acknowledged.size + more;
    await awaitFact(`${more} compensations more are acknowledged`, () => this.acknowledged.size >= goal, {
      withinMs: AGAIN_WITHIN_MS,
      instead: () => two.servers.map((server) => server.output().split('\n').slice(-10).join('\n')).join('\n---\n'),
    });
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#done;
  }

  async #work(worker: number, random: Random): Promise<void> {
    for (let turn = 0; this.#running; turn++) {
      const about = random.pick(this.#targets.slice(-EVENTS)) ?? 0;
      const act = random.weighted([
        [1, async () => this.#redact(about)],
        [3, async () => this.#append()],
        [16, async () => this.#compensate(about, `${worker}-${turn}`)],
      ]);
      await act();
    }
  }

  async #append(): Promise<void> {
    const request = { sequence: SEQUENCE, events: [event()] };
    const { firstSequenceNumber } = await definite(async (client) => client.appended(request));
    this.#targets.push(firstSequenceNumber);
  }

  async #redact(about: number): Promise<void> {
    const request = { sequence: SEQUENCE, sequenceNumber: about };
    const { redacted } = await definite(async (client) => redact(client, request));
    if (redacted > 0) this.redacted.add(about);
  }

  async #compensate(about: number, compensationId: string): Promise<void> {
    const content = json({ by: compensationId });
    const request = { sequence: SEQUENCE, sequenceNumber: about, compensationId, content };
    const { compensated: done } = await definite(async (client) => compensate(client, request));
    // What is refused was redacted meanwhile, or has as many as it may have.
    if (done) this.acknowledged.set(compensationId, { number: done.sequenceNumber, about });
  }
}

/** The answer, from whichever server gives one. */
async function definite<T>(call: (client: RawClient) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const client = two.clients[attempt % 2] as RawClient;
    const answer = await call(client).catch(() => undefined);
    if (answer !== undefined) return answer;
    await pause(20);
  }
}

it('acknowledged compensations are kept and announced once each, over kills of a server, of mongod, and of both', async () => {
  await two.clients[0].appended({ sequence: SEQUENCE, events: events(EVENTS) });
  const load = new Load(seeded(5));
  await load.acknowledges(SOME);
  await two.killAndReplace(0);
  await load.acknowledges(SOME);
  await two.database.kill(0);
  await two.database.restart(0);
  await load.acknowledges(SOME);
  await Promise.all([two.killAndReplace(1), two.database.kill(0).then(async () => two.database.restart(0))]);
  await load.acknowledges(SOME);
  await load.stop();

  const db = mongodb.db(namespaceDatabase('default', 'default'));
  const { objections, documents, announced } = await checkChanges(db, SEQUENCE.sequence);
  expect(objections).toEqual([]);
  const missing = [...load.acknowledged].filter(
    ([id, { number, about }]) =>
      announced.get(id) !== number || Number(documents[number]?.['announces'].sequenceNumber) !== about,
  );
  expect(missing).toEqual([]);
  expect(load.acknowledged.size).toBeGreaterThanOrEqual(4 * SOME);
  for (const number of load.redacted) expect(documents[number]?.['redaction']).toBeDefined();
});
