/**
 * Guarantee 6: a write that outlives the server's patience. A wire between one server and the
 * database holds back the write or its answer; a second server, with a wire of its own, shows what
 * the log holds meanwhile. Whatever lands late, and whenever: nothing is there twice, nothing stands
 * beside an answer that it contradicts, and the same ids sent again say what became of them.
 */
import { AppendRefusedError, connect, type Annals, type Expectation, type NewEvent } from '../src/client';
import { AnnalsError } from '../src/kernel/annals-error';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';
import { startTcpProxy, type Direction, type TcpProxy } from './support/tcp-proxy';

/** Milliseconds that a caller waits: less than the server waits for the database, so that the caller is answered first. */
const PATIENCE_MS = 2_000;
/** Milliseconds beyond its deadline in which a call must have been answered, on a busy machine. */
const GRACE_MS = 1_500;

let database: ReplicaSet;
let wire: TcpProxy;
let servers: AnnalsProcess[] = [];
/** Through the server whose database is out of reach at times. */
let held: Annals;
/** Through the server that nothing is held back from. */
let free: Annals;

beforeAll(async () => {
  database = await startReplicaSet({ members: 1 });
  wire = await startTcpProxy(database.members[0]?.port ?? 0);
  const first = await startAnnals({ mongodb: `mongodb://${wire.address}/?directConnection=true` });
  servers = [first];
  const second = await startAnnals({ mongodb: database.url });
  servers = [first, second];
  held = connect(`annals://${first.address}/default`);
  free = connect(`annals://${second.address}/default`);
});

afterAll(async () => {
  await Promise.all([held.close(), free.close()]);
  await Promise.all(servers.map((server) => server.kill9()));
  await wire.close();
  await database.stop();
});

afterEach(() => {
  wire.release();
});

const event = (eventId: string, source = eventId): NewEvent => ({
  eventId,
  type: 'noted',
  eventSourceId: source,
  content: { of: eventId },
});

/** The numbers at which the log holds these ids, as the server that nothing is held back from reads it. */
async function numbersOf(...eventIds: string[]): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { eventId, sequenceNumber } of free.eventLog.read())
    if (eventIds.includes(eventId)) numbers.push(sequenceNumber);
  return numbers;
}

/** So that the server knows the tail and has nothing to ask before it writes. */
async function warmUp(name: string): Promise<void> {
  await held.eventLog.append(event(`${name}-warm`));
}

/** Appends while this direction is held back; answers how the call ended, and after how long. */
async function appendHeld(direction: Direction, events: NewEvent[], expect?: Expectation) {
  wire.hold(direction);
  const began = performance.now();
  const code = await held.eventLog
    .append(events, { timeoutMs: PATIENCE_MS, ...(expect === undefined ? {} : { expect }) })
    .then(
      () => 'appended',
      (error: unknown) => (error instanceof AnnalsError ? error.code : String(error)),
    );
  return { code, ms: performance.now() - began };
}

it.each<Direction>(['requests', 'answers'])(
  'while %s are held back an append is answered OUTCOME_UNKNOWN within its deadline, and the same ids sent again resolve it',
  async (direction) => {
    await warmUp(direction);
    const { code, ms } = await appendHeld(direction, [event(`${direction}-1`)]);
    expect(code).toBe('OUTCOME_UNKNOWN');
    expect(ms).toBeLessThan(PATIENCE_MS + GRACE_MS);
    wire.release();
    const again = await held.eventLog.append(event(`${direction}-1`));
    expect(await numbersOf(`${direction}-1`)).toEqual([again.firstSequenceNumber]);
  },
);

it('a write that landed while its answer was held back is a duplicate through the other server, with the same number', async () => {
  await warmUp('answer');
  await appendHeld('answers', [event('answer-late')]);
  await awaitFact('the write has landed', async () => (await numbersOf('answer-late')).length === 1);
  const elsewhere = await free.eventLog.append(event('answer-late'));
  expect(elsewhere).toMatchObject({ duplicate: true, firstSequenceNumber: (await numbersOf('answer-late'))[0] });
  wire.release();
  expect(await held.eventLog.append(event('answer-late'))).toMatchObject({
    duplicate: true,
    firstSequenceNumber: elsewhere.firstSequenceNumber,
  });
});

it('a write that lands after the same ids were recorded through the other server changes nothing', async () => {
  await warmUp('overtaken');
  await appendHeld('requests', [event('overtaken')]);
  expect(wire.holds('requests', 'overtaken')).toBe(true);
  const elsewhere = await free.eventLog.append(event('overtaken'));
  expect(elsewhere.duplicate).toBe(false);
  wire.release();
  expect(await held.eventLog.append(event('overtaken'))).toMatchObject({
    duplicate: true,
    firstSequenceNumber: elsewhere.firstSequenceNumber,
  });
  expect(await numbersOf('overtaken')).toEqual([elsewhere.firstSequenceNumber]);
});

it('a write that lands after another one won its expectation never appears beside it', async () => {
  await warmUp('seat');
  const expectNone = { source: 'seat' };
  await appendHeld('requests', [event('loser', 'seat')], expectNone);
  expect(wire.holds('requests', 'loser')).toBe(true);
  const winner = await free.eventLog.append(event('winner', 'seat'), { expect: expectNone });
  wire.release();
  const again = held.eventLog.append(event('loser', 'seat'), { expect: expectNone });
  await expect(again).rejects.toThrow(AppendRefusedError);
  // The server goes on behind what it had sent, so whatever was under way has landed or failed.
  await held.eventLog.append(event('behind'));
  expect(await numbersOf('loser', 'winner')).toEqual([winner.firstSequenceNumber]);
});

it.each<Direction>(['requests', 'answers'])(
  'a batch whose %s are held back is there whole or not at all',
  async (direction) => {
    await warmUp(`batch-${direction}`);
    const ids = ['a', 'b', 'c'].map((letter) => `batch-${direction}-${letter}`);
    const batch = ids.map((id) => event(id));
    expect((await appendHeld(direction, batch)).code).toBe('OUTCOME_UNKNOWN');
    expect([0, ids.length]).toContain((await numbersOf(...ids)).length);
    wire.release();
    const { firstSequenceNumber: first } = await held.eventLog.append(batch);
    expect(await numbersOf(...ids)).toEqual([first, first + 1, first + 2]);
  },
);

it('a write that the server itself has given up on, and tried again, is there once', async () => {
  await warmUp('twice');
  // Longer than the server's patience with the database, so that it gives the connection up and tries on another.
  wire.hold('requests');
  const append = held.eventLog.append(event('twice'), { timeoutMs: 25_000 });
  const tried = () => wire.holds('requests', 'twice');
  await awaitFact('the write is on its way', tried);
  const before = wire.connections();
  await awaitFact('the server tries on another connection', () => wire.connections() > before, { withinMs: 20_000 });
  wire.release();
  const { firstSequenceNumber: first } = await append;
  await held.eventLog.append(event('after-twice'));
  expect(await numbersOf('twice')).toEqual([first]);
});

it('a large append that a stalled database does not take in is given up and tried again, and the log goes on', async () => {
  const { pid } = database.members[0] ?? { pid: 0 };
  // More than the sockets between them hold, so that the write itself is what waits.
  const batch = Array.from({ length: 14 }, (_, i): NewEvent => ({
    type: 'patience.tried',
    eventSourceId: 'large',
    eventId: `large-${i}`,
    content: { filling: 'x'.repeat(1_000_000) },
  }));
  await free.eventLog.append(event('large-warm'));
  process.kill(pid, 'SIGSTOP');
  try {
    const append = free.eventLog.append(batch, { timeoutMs: PATIENCE_MS });
    await expect(append).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    const triedAgain = () => servers[1]?.output().includes('outcome unknown') === true;
    await awaitFact('the server tries again', triedAgain, { withinMs: 25_000 });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  const { firstSequenceNumber: first } = await free.eventLog.append(batch);
  expect(await numbersOf('large-0', 'large-13')).toEqual([first, first + 13]);
});
