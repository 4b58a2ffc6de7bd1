/**
 * The projection of causes when its server dies in the middle of it, and when a server goes on that owns nothing any
 * more: what lookups answer is what a naive fold of the log says.
 */
import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import { Projector } from '../observers/correlation/projector';
import { connect, type Annals } from '../src/client';
import { idHash } from '../src/kernel/id-hash';
import { BLOCK_EVENTS, CorrelationStore } from '../src/storage/correlation';
import { CATALOGUE_DATABASE, namespaceDatabase } from '../src/storage/names';
import { TracedEvents } from '../src/storage/traced-events';
import { startAnnals } from './support/annals-process';
import { awaitFact, awaitValue } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

/** Enough that a projection is seen at work, and more than a lookup reads beside it. */
const EVENTS = 40_000;
const BATCH = 1_000;
const OPERATIONS = 400;
/** Operations that are looked at: an answer is the work of one for all. */
const LOOKED_AT = 40;
const SEQUENCES = ['event-log', 'outbox'] as const;

interface Logged {
  readonly eventId: string;
  readonly correlationId: string;
  readonly causationId: string;
}

let database: ReplicaSet;
let heir: ServedHere;
let client: MongoClient;
/** What a server that is dead by now had projected when it was last looked at. */
let projected: number;

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
  const doomed = await startAnnals({ mongodb: database.url });
  const annals = connect(`annals://${doomed.address}/killed`);
  try {
    await annals.stores.ensure('killed');
    await fill(annals);
    await annals.correlation.rebuild();
    projected = await awaitValue('it is at work', async () => (await projectedIn(annals)) || undefined);
  } finally {
    await doomed.kill9();
    await annals.close();
  }
  heir = await serve(database.url);
});
afterAll(async () => {
  await heir.stop();
  await client.close();
  await database.stop();
});

/** Every event belongs to one of the operations and has a cause among those before it, whose operation may be another. */
function loggedAt(i: number): Logged {
  const cause = Math.floor(i * (1 - 1 / (2 + (i % 7))));
  return {
    eventId: `e-${i}`,
    correlationId: `operation-${(i * 7919) % OPERATIONS}`,
    causationId: i % 11 === 0 ? '' : `e-${cause}`,
  };
}

async function fill(annals: Annals): Promise<void> {
  for (let from = 0; from < EVENTS; from += BATCH) {
    const events = Array.from({ length: BATCH }, (_, i) => loggedAt(from + i));
    await annals
      .sequence(SEQUENCES[(from / BATCH) % 2] ?? 'event-log')
      .append(events.map((event) => ({ ...event, type: 'happened', eventSourceId: 'thing', content: {} })));
  }
}

/** What the log itself says. */
async function folded(annals: Annals): Promise<Logged[]> {
  const log: Logged[] = [];
  for (const sequence of SEQUENCES) {
    for await (const { eventId, correlationId, causationId } of annals.sequence(sequence).read()) {
      log.push({ eventId, correlationId, causationId });
    }
  }
  return log;
}

/** An operation as its events under their causes. */
const asLines = (events: readonly Logged[]): string[] =>
  events.map(({ eventId, causationId }) => `${eventId} of ${causationId}`).sort();

async function traced(annals: Annals, correlationId: string) {
  const { nodes, gaps } = await annals.correlation.trace({ correlationId, pageSize: 10_000 }).all();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const members = nodes
    .filter((node) => node.correlationId === correlationId)
    .map(({ eventId, parentId }) => ({ eventId, correlationId, causationId: byId.get(parentId)?.eventId ?? '' }));
  return { members, gaps };
}

const projectedIn = async (annals: Annals): Promise<number> =>
  (await annals.correlation.progress()).reduce((sum, { position }) => sum + position, 0);

describe('a server that dies while it projects', () => {
  let annals: Annals;
  let log: Logged[];
  beforeAll(async () => {
    annals = connect(`annals://${heir.server.address}/killed`);
    log = await folded(annals);
  });
  afterAll(async () => annals.close());

  const lease = { _id: 'correlation/killed/default' };
  const leases = () => client.db(CATALOGUE_DATABASE).collection<typeof lease & { address: string }>('leases');
  const owner = async () => leases().findOne(lease);
  const operations = Array.from({ length: LOOKED_AT }, (_, i) => `operation-${i * (OPERATIONS / LOOKED_AT)}`);
  const ofLog = (correlationId: string): Logged[] => log.filter((event) => event.correlationId === correlationId);

  it('had not projected everything', () => {
    expect(projected).toBeLessThan(EVENTS);
  });

  it('leaves answers that are whole, or say that they are not', async () => {
    const [correlationId = ''] = operations;
    const { members, gaps } = await traced(annals, correlationId);
    if (gaps.length === 0) expect(asLines(members)).toEqual(asLines(ofLog(correlationId)));
    else expect(gaps).toEqual([{ where: 'killed/default', reason: expect.stringMatching(/\d+ events behind/) }]);
  });

  it('is followed by another one, whose answers are those of a naive fold', async () => {
    // That a lease of the dead runs out is another suite's subject, and takes its time.
    await leases().updateOne(lease, { $set: { expires: new Date(0) } });
    await awaitFact('everything is projected', async () => (await projectedIn(annals)) >= EVENTS);
    expect(await owner()).toMatchObject({ address: heir.server.address });
    expect(log).toHaveLength(EVENTS);
    for (const correlationId of operations) {
      const { members, gaps } = await traced(annals, correlationId);
      expect(gaps).toEqual([]);
      expect(asLines(members)).toEqual(asLines(ofLog(correlationId)));
    }
    const caused = log.filter(({ causationId }) => causationId === 'e-1');
    const { nodes } = await annals.correlation.effects('e-1', { depth: 1 }).all();
    expect(nodes.map(({ eventId }) => eventId).sort()).toEqual(['e-1', ...caused.map(({ eventId }) => eventId)].sort());
  });
});

describe('servers that project at the same time, since one does not know that it lost its lease', () => {
  let annals: Annals;
  let store: CorrelationStore;
  let events: TracedEvents;
  beforeAll(async () => {
    annals = connect(`annals://${heir.server.address}/shared`);
    await annals.stores.ensure('shared');
    const db = client.db(namespaceDatabase('shared', 'default'));
    [store, events] = [new CorrelationStore(db), new TracedEvents(db)];
  });
  afterAll(async () => annals.close());

  const logger = pino({ level: 'silent' });
  const projector = () => new Projector({ store, events, logger, name: 'shared/default' });
  const append = async (from: number, count: number) =>
    annals.eventLog.append(
      Array.from({ length: count }, (_, i) => ({
        ...loggedAt(from + i),
        ...{ type: 'happened', eventSourceId: 'thing', content: {} },
      })),
    );
  const positionIs = async (position: number) =>
    awaitFact(`${position} events are projected`, async () => {
      const { positions } = await store.projected();
      return positions.get('event-log') === position;
    });
  const expectProjected = async (count: number) => {
    const blocks = await client
      .db(namespaceDatabase('shared', 'default'))
      .collection('correlation-blocks')
      .find({ sequence: 'event-log' })
      .sort({ block: 1 })
      .toArray();
    const all = Array.from({ length: count }, (_, i) => loggedAt(i));
    expect(blocks.map(({ block }) => Number(block))).toEqual(blocks.map((_, i) => i));
    expect(blocks.flatMap(({ correlations }) => correlations as number[])).toEqual(
      all.map(({ correlationId }) => idHash(correlationId)),
    );
    expect(blocks.flatMap(({ causations }) => causations as number[])).toEqual(
      all.map(({ causationId }) => idHash(causationId)),
    );
  };

  it('write the same', async () => {
    const both = [projector(), projector()];
    await Promise.all(both.map(async (one) => one.start()));
    let count = 0;
    for (const more of [300, 1, 700, 44]) {
      await append(count, more);
      count += more;
      for (const one of both) one.hurry();
      await positionIs(count);
    }
    await Promise.all(both.map(async (one) => one.stop()));
    await expectProjected(count);
  });

  it('and one that is far behind takes nothing back', async () => {
    const { generation, positions } = await store.projected();
    const count = positions.get('event-log') ?? 0;
    const { correlations, causations } = await events.edges('event-log', BLOCK_EVENTS, 10);
    const short = { sequence: 'event-log', block: 1, correlations, causations };
    expect(await store.advance(generation, [short], 'event-log', BLOCK_EVENTS + 10)).toBe(true);
    await positionIs(count);
    await expectProjected(count);
    // What it had when the projection was dropped is not taken for how far the new one has come.
    await store.drop();
    expect(await store.advance(generation, [short], 'event-log', BLOCK_EVENTS + 10)).toBe(false);
    expect((await store.projected()).positions.get('event-log')).toBeUndefined();
    const next = projector();
    await next.start();
    await positionIs(count);
    await next.stop();
    await expectProjected(count);
  });
});
