/**
 * Compensations and redactions are announced on the log, so that a projection can follow them by its offset alone: over
 * any history it comes to what the effective view says, live, as an observer, and rebuilt from zero.
 */
import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import { connect, type Annals, type RecordedEvent } from '../src/client';
import { namespaceDatabase, sequenceCollection } from '../src/storage/names';
import { awaitFact } from './support/await-fact';
import { checkChanges } from './support/change-checker';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

/** Histories tried; each takes some hundred milliseconds. */
const HISTORIES = 8;

let database: ReplicaSet;
let servers: readonly ServedHere[];
let clients: readonly Annals[];
let mongodb: MongoClient;
let serial = 0;

beforeAll(async () => {
  database = await startReplicaSet();
  servers = [await serve(database.url), await serve(database.url)];
  clients = servers.map(({ server }) => connect(`annals://${server.address}/default`));
  mongodb = await MongoClient.connect(database.url);
});
afterAll(async () => {
  await mongodb.close();
  await Promise.all(clients.map(async (client) => client.close()));
  await Promise.all(servers.map(async (server) => server.stop()));
  await database.stop();
});

/** What is done; `of` chooses among the events that are there. */
type Step =
  | { readonly do: 'append'; readonly source: string; readonly count: number }
  | { readonly do: 'compensate' | 'redact'; readonly of: number }
  | { readonly do: 'redact all'; readonly source: string };

const source = fc.constantFrom('s1', 's2', 's3');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('append' as const), source, count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('compensate' as const), of: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('redact' as const), of: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('redact all' as const), source }) },
);
/** Those of one list are done at once, through either server. */
const histories = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 2, maxLength: 8 });

/** By the number of an event what it says now; null when that was taken away. */
type Projection = Map<number, unknown>;

/** All that a projection knows: what it is told next. */
function project(projection: Projection, { sequenceNumber, announcement, redaction, content }: RecordedEvent): void {
  const gone = redaction !== undefined || announcement?.kind === 'redaction';
  projection.set(announcement?.sequenceNumber ?? sequenceNumber, gone ? null : content);
}

const inOrder = (projection: Projection) => [...projection].sort(([a], [b]) => a - b);

class History {
  readonly name = `h${process.pid.toString(36)}-${++serial}`;
  /** The numbers of the events, announcements not among them. */
  readonly #events: number[] = [];
  #written = 0;

  through(i: number): ReturnType<Annals['sequence']> {
    return (clients[i % clients.length] as Annals).sequence(this.name);
  }

  async run(one: Step, i: number): Promise<void> {
    const log = this.through(i);
    if (one.do === 'append') {
      const events = Array.from({ length: one.count }, () => ({
        type: 'noted',
        eventSourceId: one.source,
        content: { n: ++this.#written },
      }));
      const { firstSequenceNumber } = await log.append(events);
      this.#events.push(...events.map((_, k) => firstSequenceNumber + k));
      return;
    }
    if (one.do === 'redact all') {
      await log.redact({ type: 'noted', eventSourceId: one.source }, { reason: 'asked for' });
      return;
    }
    const sequenceNumber = this.#events[one.of % this.#events.length];
    if (sequenceNumber === undefined) return;
    if (one.do === 'redact') {
      await log.redact({ sequenceNumber }, { reason: 'asked for' });
      return;
    }
    const compensation = { content: { n: ++this.#written }, reason: 'it was wrong' };
    await log.compensate({ sequenceNumber }, compensation).catch((error: unknown) => {
      if ((error as { code?: string }).code !== 'EVENT_REDACTED') throw error;
    });
  }
}

it('a projection that follows by offset alone, one that is an observer, and one rebuilt from zero come to the effective view', async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (steps) => {
      const history = new History();
      const [one, other] = clients as [Annals, Annals];
      const stop = new AbortController();
      const live: Projection = new Map();
      let next = 0;
      const following = (async () => {
        const events = history.through(1).subscribe({ announcements: true, signal: stop.signal });
        for await (const event of events) {
          project(live, event);
          next = event.sequenceNumber + 1;
        }
      })();
      const observed: Projection = new Map();
      const observation = other.observe(history.name, {
        sequence: history.name,
        announcements: true,
        handle: (event) => {
          project(observed, event);
        },
      });

      await history.run({ do: 'append', source: 's1', count: 2 }, 0);
      for (const atOnce of steps) await Promise.all(atOnce.map(async (it, i) => history.run(it, i)));
      const tail = (await history.through(0).tail()) ?? 0;
      await awaitFact('the follower is at the end', () => next === tail + 1);
      await one.observers.waitFor(history.name, tail);

      const rebuilt: Projection = new Map();
      for await (const event of history.through(0).read({ announcements: true })) project(rebuilt, event);
      const effective: Projection = new Map();
      for await (const event of history.through(1).read({ view: 'effective' })) project(effective, event);
      stop.abort();
      await following.catch(() => undefined);
      await observation.stop();

      const db = mongodb.db(namespaceDatabase('default', 'default'));
      const { objections } = await checkChanges(db, sequenceCollection(history.name));
      expect(objections).toEqual([]);
      expect(inOrder(rebuilt)).toEqual(inOrder(effective));
      expect(inOrder(live)).toEqual(inOrder(effective));
      expect(inOrder(observed)).toEqual(inOrder(effective));
    }),
    { numRuns: HISTORIES },
  );
});
