/**
 * Claims stand and fall with their events: whatever is killed, between whichever two steps, what is
 * claimed is what the log says, and no activation is left half done.
 */
import { MongoClient, type Db } from 'mongodb';
import { awaitFact } from './support/await-fact';
import { claimObjections } from './support/claims-checker';
import {
  compensate,
  enforce,
  redact,
  registerConstraint,
  standing,
  type ConstraintDefinition,
} from './support/constraint-calls';
import { event, json, range, type RawClient, type NewEvent } from './support/raw-client';
import { TwoProcesses } from './support/two-processes';
import { endedJob, getJob } from './support/type-calls';
import { seeded } from './torture/random';

/** A killed server may leave a transaction that holds the log until MongoDB ends it, after some seconds. */
const HELD_UP_MS = 30_000;

/** Milliseconds for a test that waits for that several times. */
const WITHIN_MS = 180_000;

const SEQUENCE = { sequence: 'event-log' };

const CONSTRAINTS: readonly ConstraintDefinition[] = [
  {
    name: 'of-the-event',
    uniqueValue: { types: [{ type: 'registered', properties: ['email'] }], releasedBy: ['left'], ignoreCase: true },
  },
  {
    name: 'of-the-source',
    uniqueValue: {
      types: [
        { type: 'registered', properties: ['nick'] },
        { type: 'renamed', properties: ['nick'] },
      ],
      holder: 'CLAIM_HOLDER_SOURCE',
    },
  },
  { name: 'one-of-a-kind', uniqueEventType: { type: 'opened', releasedBy: ['left'] } },
];

let mongo: MongoClient;
let db: Db;
let two: TwoProcesses;
let running: Load | undefined;

beforeEach(async () => {
  two = await TwoProcesses.start();
  mongo = new MongoClient(two.database.url);
  db = mongo.db('annals+default+default');
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await mongo.close();
  await two.stop();
});

interface Load {
  readonly acknowledged: () => number;
  readonly refused: () => number;
  stop(): Promise<void>;
}

/** Few values and few sources, so that most of what is done meets something. */
function load(seed: number): Load {
  const random = seeded(seed);
  const any = (prefix: string, count: number): string => `${prefix}-${random.whole(0, count - 1)}`;
  let goesOn = true;
  let acknowledged = 0;
  let refused = 0;
  const newEvent = (): NewEvent => {
    const type = random.pick(['registered', 'registered', 'renamed', 'left', 'opened']) ?? '';
    const email = random.chance(0.5) ? any('e', 40) : any('E', 40);
    return event({
      type,
      eventSourceId: any('s', 12),
      content: json({ email, ...(random.chance(0.8) ? { nick: any('n', 30) } : {}) }),
    });
  };
  const act = async (client: RawClient): Promise<boolean> => {
    const choice = random.next();
    const sequenceNumber = random.whole(0, acknowledged);
    if (choice < 0.15) {
      const content = json({ email: any('e', 40), nick: any('n', 30) });
      return Boolean((await compensate(client, { sequence: SEQUENCE, sequenceNumber, content })).compensated);
    }
    if (choice < 0.2) return (await redact(client, { sequence: SEQUENCE, sequenceNumber })).redacted > 0;
    const events = range(0, random.whole(1, 3)).map(newEvent);
    return Boolean((await client.append({ sequence: SEQUENCE, events })).appended);
  };
  const writers = range(0, 8).map(async (writer) => {
    while (goesOn) {
      // A server that was killed may have done it or not; who is refused goes on with something else.
      const done = await act(two.clients[writer % 2] as RawClient).catch(() => undefined);
      if (done === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      else if (done) acknowledged++;
      else refused++;
    }
  });
  return {
    acknowledged: () => acknowledged,
    refused: () => refused,
    stop: async () => {
      goesOn = false;
      await Promise.all(writers);
    },
  };
}

it(
  'claims and events agree after a kill -9 of one server after the other, again and again, under load',
  async () => {
    for (const constraint of CONSTRAINTS) await enforce(two.clients[0], constraint);
    const at = (running = load(1));
    for (const round of range(0, 4)) {
      const before = at.acknowledged();
      await awaitFact('the servers are at work', () => at.acknowledged() > before + 40, { withinMs: HELD_UP_MS });
      await two.killAndReplace(round % 2 === 0 ? 0 : 1);
    }
    await at.stop();
    expect(at.refused()).toBeGreaterThan(50);
    expect(await claimObjections(db, 'event-log')).toEqual([]);
  },
  WITHIN_MS,
);

it(
  'claims and events agree after a kill -9 of mongod under load',
  async () => {
    for (const constraint of CONSTRAINTS) await enforce(two.clients[0], constraint);
    const at = (running = load(2));
    for (const _ of range(0, 2)) {
      const before = at.acknowledged();
      await awaitFact('the servers are at work', () => at.acknowledged() > before + 40, { withinMs: HELD_UP_MS });
      await two.database.kill(0);
      await two.database.restart(0);
    }
    await at.stop();
    expect(await claimObjections(db, 'event-log')).toEqual([]);
  },
  WITHIN_MS,
);

it(
  'an activation whose server is killed is taken over, and nothing of the first attempt stays',
  async () => {
    const count = 20_000;
    for (const first of range(0, 10).map((i) => i * 2_000)) {
      const events = range(first, count / 10).map((i) =>
        event({ type: 'registered', eventSourceId: `s-${i}`, content: json({ email: `e-${i}` }) }),
      );
      await two.clients[0].appended({ sequence: SEQUENCE, events });
    }
    const [constraint] = CONSTRAINTS as readonly [ConstraintDefinition];
    const { jobs } = await registerConstraint(two.clients[0], constraint);
    const id = jobs[0]?.id ?? '';
    await awaitFact(
      'claims are collected',
      async () => (await db.collection('constraint-claims').estimatedDocumentCount()) > 0,
    );
    // Whichever runs it: the one that took the call looks first.
    await two.servers[0].kill9();
    expect((await getJob(two.clients[1], id)).ended).toBeNull();
    expect(await endedJob(two.clients[1], id, { withinMs: 45_000 })).toMatchObject({ state: 'JOB_STATE_SUCCEEDED' });
    expect(await standing(two.clients[1], 'of-the-event')).toMatchObject({
      state: 'CONSTRAINT_STATE_IN_FORCE',
      from: count,
      claims: count,
    });
    expect(await db.collection('constraint-claims').countDocuments()).toBe(count);
    expect(await claimObjections(db, 'event-log')).toEqual([]);
  },
  WITHIN_MS,
);
