/** Two servers that both take themselves for the owner of a namespace's ordered sequences: the log lets one of them be right. */
import { MongoClient } from 'mongodb';
import { awaitFact } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startProcessor, type RawProcessor } from './support/ordered-sequence-calls';
import { document, fresh, steps, Suite } from './support/ordered-sequence-suite';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

const SEQUENCES = 20;
const STEPS = 3;
const CREDITS = 4;

let database: ReplicaSet;
let mongo: MongoClient;
let a: ServedHere;
let b: ServedHere;

beforeAll(async () => {
  database = await startReplicaSet();
  mongo = await MongoClient.connect(database.url);
  a = await serve(database.url);
  b = await serve(database.url);
});
afterAll(async () => {
  await Promise.all([a.stop(), b.stop()]);
  await mongo.close();
  await database.stop();
});

/** Answers everything that it gets, at once. */
function answering(processor: RawProcessor): void {
  let answered = 0;
  const timer = setInterval(() => {
    if (processor.error() !== undefined) clearInterval(timer);
    else for (; answered < processor.tasks.length; answered++) processor.processed(answered, { by: 'it' });
  }, 1);
}

it('each step is processed once and each sequence completed once, whichever of the two decides', async () => {
  const type = fresh('Type');
  const ids = Array.from({ length: SEQUENCES }, () => fresh('seq'));
  const [first, second] = [new Suite(a.client), new Suite(b.client)];
  const atFirst = await startProcessor(a.client, [type], { credits: CREDITS });
  for (const id of ids) await first.calls.create(document(id, steps(id, STEPS)));
  const [early, late] = [ids.filter((_, i) => i % 2 === 0), ids.filter((_, i) => i % 2 === 1)];
  await Promise.all(early.map(async (id) => first.appendAll(id, STEPS, type)));
  await awaitFact('the first one has handed out what it may', () => atFirst.tasks.length === CREDITS);
  // As if its lease had run out while the server was slow: it does not know yet.
  await mongo.db('annals').collection('leases').deleteMany({});
  const atSecond = await startProcessor(b.client, [type], { credits: CREDITS });
  for (const processor of [atFirst, atSecond]) answering(processor);
  await Promise.all(late.map(async (id, i) => (i % 2 === 0 ? first : second).appendAll(id, STEPS, type)));
  await Promise.all(ids.map(async (id) => second.completed(id)));
  await awaitFact('the first one has noticed', () => atFirst.error() !== undefined);
  for (const id of ids) {
    const entries = await second.calls.audit(id);
    const count = (wanted: string): number => entries.filter(({ type: entry }) => entry === wanted).length;
    expect([count('StepArrived'), count('StepProcessed'), count('SequenceCompleted')]).toEqual([STEPS, STEPS, 1]);
  }
  atSecond.close();
});
