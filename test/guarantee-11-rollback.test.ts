/**
 * Guarantee 11: a failed sequence appends its compensating events exactly once, whatever is killed at any point of the
 * rollback. Servers die at every crash point that the code names, processors between taking a step and answering it, and
 * the database in the middle. Then the log, the rows, the business log and what processors were asked for are compared.
 */
import { MongoClient } from 'mongodb';
import { CRASH_POINTS } from '../observers/ordered-sequences/crash-points';
import { PermanentFailure, type Annals } from '../src/client';
import { startAnnals, type AnnalsProcess, type Exit } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { startInvoiceProcessor } from './support/invoice-processor';
import { PROCESSOR_POINTS } from './support/invoice-processor-child';
import { invoiceIds, invoiceSequence } from './support/invoice-sequence';
import { InvoiceStory } from './support/invoice-story';
import { appendInvoice, CANCELLED, CLOSED, phase, type Work } from './support/invoice-work';
import { Lanes } from './support/lanes';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { sequenceEvidence, sequenceObjections } from './support/sequence-checker';

/** What is passed more than once in a rollback also the second time: between two compensating events. */
const POINTS: readonly string[] = [...CRASH_POINTS, 'compensation-appended:2', 'compensation-recorded:2'];

/** Servers that die on one database: their leases run out together, while those on the next one die. */
const TOGETHER = 7;

/** Servers that are started and die at a time: two cores have no time for more. */
const AT_A_TIME = 4;

/** Milliseconds for a server to come to its point: what is archived has been at rest for a second. */
const DIES_WITHIN_MS = 45_000;
const WITHIN_MS = 180_000;

const kill9: Exit = { code: null, signal: 'SIGKILL' };

/** What is to be ended when the suite is, the last first. */
const open: (() => Promise<unknown>)[] = [];

async function startDatabase(): Promise<ReplicaSet> {
  const database = await startReplicaSet();
  open.push(database.stop);
  return database;
}

async function startServer(mongodb: string, env: Record<string, string> = {}): Promise<AnnalsProcess> {
  const server = await startAnnals({ mongodb, args: ['--min-free-disk', '0'], env });
  open.push(server.kill9);
  return server;
}

async function mongoClient(url: string): Promise<MongoClient> {
  const client = await MongoClient.connect(url);
  open.push(async () => client.close());
  return client;
}

const startProcessor: typeof startInvoiceProcessor = (...how) => {
  const processor = startInvoiceProcessor(...how);
  open.push(processor.kill9);
  return processor;
};

/** With a client of its own. */
async function using(story: InvoiceStory, address: string, act: (annals: Annals) => Promise<void>): Promise<void> {
  const annals = await story.connect(address);
  try {
    await act(annals);
  } finally {
    await annals.close();
  }
}

const lanes = new Lanes(AT_A_TIME);

/** Tells the story to a server that dies at the point. */
async function untilItDies(story: InvoiceStory, mongodb: string, point: string): Promise<Exit> {
  const server = await startServer(mongodb, { ANNALS_CRASH_AT: point });
  const dead = new AbortController();
  let how = 'the story goes on';
  const told = using(story, server.address, async (annals) => {
    dead.signal.addEventListener('abort', () => void annals.close());
    await story.work(annals);
    await story.tell(annals, dead.signal);
    how = 'the story is over';
    await server.exited;
  }).catch((error: unknown) => (how = String(error)));
  await awaitFact(`a server dies at ${point}`, server.hasExited, {
    withinMs: DIES_WITHIN_MS,
    instead: () => `${how}\n${server.output()}`,
  });
  dead.abort();
  await told;
  return server.exited;
}

const exits = new Map<string, Exit>();
const objections = new Map<string, readonly string[]>();

/** All of them die; then one server takes over what they left, once their leases have run out. */
async function diedAndTakenOver(points: readonly string[]): Promise<void> {
  const { url } = await startDatabase();
  const stories = points.map((point) => ({ point, story: new InvoiceStory(point.replace(':', '-')) }));
  await Promise.all(
    stories.map(async ({ point, story }) =>
      lanes.run(async () => exits.set(point, await untilItDies(story, url, point))),
    ),
  );
  const [heir, mongodb] = await Promise.all([startServer(url), mongoClient(url)]);
  await Promise.all(
    stories.map(async ({ point, story }) => {
      await using(story, heir.address, async (annals) => {
        await story.work(annals);
        await story.tell(annals);
      });
      objections.set(point, await story.objections(mongodb));
    }),
  );
}

/** Goes on beside the other tests, since it waits for leases most of the time. */
let allDied: Promise<unknown>;
beforeAll(() => {
  const salvos = Array.from({ length: Math.ceil(POINTS.length / TOGETHER) }, (_, i) =>
    POINTS.slice(i * TOGETHER, (i + 1) * TOGETHER),
  );
  allDied = Promise.allSettled(salvos.map(diedAndTakenOver)).then((ends) => {
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  });
  allDied.catch(() => undefined);
});
afterAll(async () => {
  await allDied.catch(() => undefined);
  for (const end of open.reverse()) await end();
}, WITHIN_MS);

describe('kill -9 of a processor', () => {
  let server: AnnalsProcess;
  let mongodb: MongoClient;
  beforeAll(async () => {
    const { url } = await startDatabase();
    server = await startServer(url);
    mongodb = await mongoClient(url);
  }, WITHIN_MS);

  const PLACES = PROCESSOR_POINTS.flatMap((point) => [1, 2].map((order) => ({ point, order })));

  it.each(PLACES)(
    'at “$point” of order $order',
    async ({ point, order }) => {
      const story = new InvoiceStory(`${point.replaceAll(' ', '-')}-${order}`);
      await using(story, server.address, async (annals) => {
        const processor = startProcessor(story.connectionString(server.address), story.answer, { point, order });
        await processor.registered;
        const told = story.tell(annals);
        expect(await processor.exited).toEqual(kill9);
        await story.work(annals);
        await told;
      });
      expect(await story.objections(mongodb)).toEqual([]);
    },
    WITHIN_MS,
  );

  it(
    'three hundred sequences are active, two processors share them, one is killed: all end as they should',
    async () => {
      const COUNT = 300;
      const numbers = Array.from({ length: COUNT }, (_, i) => `many-${i}`);
      const fails = (sequenceId: string) => Number(sequenceId.split('-').at(-1)) % 3 === 0;
      const story = new InvoiceStory('many');
      /** A third of the bookings fail for good. */
      const service = async (work: Work): Promise<object> => {
        story.books.write(work);
        if (work.order === 2 && fails(work.sequenceId)) throw new PermanentFailure(CLOSED);
        return Promise.resolve({});
      };
      await using(story, server.address, async (annals) => {
        const start = () => startProcessor(story.connectionString(server.address), service);
        const [killed, lives] = [start(), start()];
        await Promise.all([killed.registered, lives.registered]);
        await Promise.all(
          numbers.map(async (number) => annals.orderedSequences.create(invoiceSequence('compensating_events', number))),
        );
        const { counts } = await annals.orderedSequences.statistics();
        expect(counts).toMatchObject([{ status: 'created', count: COUNT }]);
        const told = Promise.all(numbers.map(async (number) => appendInvoice(annals, number)));
        await awaitFact('they are at work', () => story.books.asked.length > COUNT / 2, { withinMs: DIES_WITHIN_MS });
        expect(await killed.kill9()).toEqual(kill9);
        await told;
        const ended = new Map<string, string | undefined>();
        for (const number of numbers) {
          const { sequenceId } = invoiceIds(number);
          ended.set(sequenceId, (await phase(annals, sequenceId)).outcome);
        }
        for (const [sequenceId, outcome] of ended)
          expect([sequenceId, outcome]).toEqual([sequenceId, fails(sequenceId) ? 'rolled_back' : 'completed']);
        await lives.kill9();
      });
      const evidence = await sequenceEvidence(mongodb.db('annals+default+many'), story.books.asked);
      expect(sequenceObjections(evidence)).toEqual([]);
      expect(evidence.events.filter(({ type }) => type === CANCELLED)).toHaveLength(COUNT / 3);
    },
    WITHIN_MS,
  );
});

describe('kill -9 of the database', () => {
  let database: ReplicaSet;
  let server: AnnalsProcess;
  beforeAll(async () => {
    database = await startDatabase();
    server = await startServer(database.url);
  }, WITHIN_MS);

  /** Once in a story. */
  function killing(): { readonly now: () => Promise<void>; readonly done: () => boolean } {
    let killed: Promise<void> | undefined;
    let done = false;
    const kill = async () => {
      await database.kill(0);
      await database.restart(0);
      done = true;
    };
    return { now: async () => (killed ??= kill()), done: () => done };
  }

  async function toldThroughout(
    name: string,
    booking: (kill: () => Promise<void>, work: Work) => Promise<void> | void,
    watching = false,
  ) {
    const { now, done } = killing();
    const story = new InvoiceStory(name, async (work) => booking(now, work));
    await using(story, server.address, async (annals) => {
      await story.work(annals);
      const seen = watching ? firstCancellation(annals).then(now) : undefined;
      await story.tell(annals);
      await seen;
    });
    await awaitFact('the database was killed and is back', done);
    expect(await story.objections(await mongoClient(database.url))).toEqual([]);
  }

  async function firstCancellation(annals: Annals): Promise<void> {
    for await (const _ of annals.eventLog.subscribe({ types: [CANCELLED] })) return;
  }

  it(
    'while a step is worked, before it is answered',
    async () => {
      await toldThroughout('while-worked', async (kill, { attempt }) => (attempt === 1 ? kill() : undefined));
    },
    WITHIN_MS,
  );

  it(
    'as the failure that is for good is answered',
    async () => {
      await toldThroughout('as-answered', (kill, { attempt }) => {
        if (attempt === 2) void kill();
      });
    },
    WITHIN_MS,
  );

  it(
    'as the first compensating event is there',
    async () => {
      await toldThroughout('as-compensated', () => undefined, true);
    },
    WITHIN_MS,
  );
});

describe('kill -9 of the server', () => {
  it(
    'every one died at its point, and another one has come to the end of what it left',
    async () => {
      await allDied;
    },
    WITHIN_MS,
  );

  it.each(POINTS)('at %s', (point) => {
    expect(exits.get(point)).toEqual(kill9);
    expect(objections.get(point)).toEqual([]);
  });
});
