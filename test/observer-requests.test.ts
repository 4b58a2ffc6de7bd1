/** What people and programs ask of observers, and what they are told when they ask wrongly: a code, and the field. */
import type { ObserversWatchResponse__Output } from '../src/contract/generated/annals/v1/ObserversWatchResponse';
import { messageCodec, serviceDefinition } from '../src/contract/services';
import * as grpc from '@grpc/grpc-js';
import { awaitFact, within } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { freshObserver, ObserverCalls, registration } from './support/observer-calls';
import { event, freshSequence, json, range, type RawClient, refusal, type SequenceRef } from './support/raw-client';
import { failOn, handled, RawObserver, sayNothing, type Register } from './support/raw-observer';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let served: ServedHere;

beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
});
afterAll(async () => {
  await served.stop();
  await database.stop();
});

async function fill(sequence: SequenceRef, count: number): Promise<void> {
  const list = range(0, count).map((i) =>
    event({ eventSourceId: `source-${i % 3}`, type: `type-${i % 4}`, content: json({ i }) }),
  );
  await served.client.appended({ sequence, events: list });
}

async function scene(count: number) {
  const sequence = freshSequence();
  if (count > 0) await fill(sequence, count);
  const calls = new ObserverCalls(served.client, freshObserver());
  const observe = (definition = {}, register: Register = {}, options = {}) =>
    new RawObserver(served.client.address, registration(calls.id, sequence, definition, register), options);
  return { sequence, calls, observe };
}

const registered = (register: Register | Buffer) => new RawObserver(served.client.address, register);

describe('a definition that changes', () => {
  const types = (...names: string[]) => ({ filters: [{ types: names }] });
  const after = async (first: object, second: object, count = 40) => {
    const { calls, observe } = await scene(count);
    const one = observe(first);
    await calls.awaitPosition(count);
    one.end();
    await calls.awaitState('DISCONNECTED');
    const two = observe(second);
    const told = await two.awaitRegistered();
    const numbers = two.numbers;
    two.end();
    return { told, numbers };
  };

  it('to more types: a replay is advised, and nothing is replayed by itself', async () => {
    const { told, numbers } = await after(types('type-0'), types('type-0', 'type-1'));
    expect(told).toMatchObject({
      definitionChanged: true,
      replayAdvised: true,
      changes: 'now also type-1',
      position: 40,
    });
    expect(numbers).toEqual([]);
  });

  it('to more types, of which there has been no event: no replay is advised', async () => {
    expect((await after(types('type-0'), types('type-0', 'later'))).told).toMatchObject({
      definitionChanged: true,
      replayAdvised: false,
    });
  });

  it('to fewer types: no replay is advised', async () => {
    expect((await after(types('type-0', 'type-1'), types('type-1'))).told).toMatchObject({
      definitionChanged: true,
      replayAdvised: false,
      changes: 'no longer type-0',
    });
  });

  it('to another partition key: a replay is advised', async () => {
    expect((await after({}, { partitionKey: { wholeSequence: true } })).told).toMatchObject({ replayAdvised: true });
  });

  it('is none when the same is said in another order', async () => {
    expect((await after(types('type-0', 'type-1'), types('type-1', 'type-0'))).told).toMatchObject({
      definitionChanged: false,
      changes: '',
    });
  });

  it('while clients of the other definition are there is refused, and names them', async () => {
    const { calls, observe } = await scene(3);
    const one = observe(types('type-0'), { clientName: 'the-first' });
    await one.awaitRegistered();
    const two = observe(types('type-1'));
    expect(await two.awaitEnd()).toMatchObject({ code: 'DEFINITION_IN_USE', field: 'definition' });
    expect((await calls.get()).definition?.filters).toMatchObject([{ types: ['type-0'] }]);
    one.end();
  });

  it('to another sequence is refused: that needs another id', async () => {
    const { calls, observe } = await scene(3);
    const one = observe();
    await calls.awaitPosition(3);
    one.end();
    const two = registered(registration(calls.id, freshSequence()));
    expect(await two.awaitEnd()).toMatchObject({ code: 'INVALID_FIELD', field: 'definition.sequence' });
  });
});

describe('WaitFor', () => {
  it('returns once the observer has handled the number: what was written can be read', async () => {
    const { sequence, calls, observe } = await scene(10);
    const observer = observe({}, {}, { handling: sayNothing });
    await observer.awaitRegistered();
    let answer: unknown;
    const waiting = calls.waitFor(10).then((told) => (answer = told));
    await fill(sequence, 1);
    await awaitFact('all is on its way', () => observer.numbers.length >= 10);
    expect(answer).toBeUndefined();
    observer.handling = (delivery) => [handled(delivery)];
    observer.acknowledge(...observer.deliveries.map((delivery) => handled(delivery)));
    expect(await within(10_000, 'it is told', waiting)).toMatchObject({ handled: true, position: 11 });
    expect(await calls.waitFor(3)).toMatchObject({ handled: true });
    observer.end();
  });

  it('is told when the server goes instead of an answer that would not be true', async () => {
    const other = await serve(database.url);
    const there = new ObserverCalls(other.client, freshObserver());
    const client = new RawObserver(other.client.address, registration(there.id, freshSequence()));
    await client.awaitRegistered();
    const waiting = refusal(there.waitFor(5));
    await awaitFact('it is waiting', async () => (await there.get()).ownerAddress === other.client.address);
    await other.stop();
    expect((await waiting).status).not.toBe(grpc.status.OK);
  });
});

describe('Pause and Resume', () => {
  it('stop deliveries and let them go on; what is on its way is still acknowledged', async () => {
    const { sequence, calls, observe } = await scene(30);
    const observer = observe({}, { deliverySize: 2 }, { handling: sayNothing });
    await awaitFact('three are on their way', () => observer.deliveries.length === 3);
    await calls.pause();
    await calls.awaitState('PAUSED');
    observer.handling = (delivery) => [handled(delivery)];
    observer.acknowledge(...observer.deliveries.map((delivery) => handled(delivery)));
    await calls.awaitPosition(6);
    await fill(sequence, 3);
    expect(observer.deliveries).toHaveLength(3);
    await calls.resume();
    await calls.awaitPosition(33);
    await calls.awaitState('ACTIVE');
    observer.end();
  });

  it('a pause outlives the server, and both are audited', async () => {
    const { sequence, calls, observe } = await scene(3);
    const observer = observe();
    await calls.awaitPosition(3);
    await calls.pause();
    await served.stop();
    served = await serve(database.url);
    observer.end();
    const there = new ObserverCalls(served.client, calls.id);
    expect((await there.get()).state).toBe('OBSERVER_STATE_PAUSED');
    const second = new RawObserver(served.client.address, registration(calls.id, sequence));
    await second.awaitRegistered();
    await fill(sequence, 3);
    await there.resume();
    await there.awaitPosition(6);
    const acts = await served.client.read({
      sequence: { sequence: 'system' },
      filters: [{ types: ['ObserverPaused', 'ObserverResumed'] }],
    });
    const mine = acts.filter((act) => String(act.content).includes(JSON.stringify(calls.id)));
    expect(mine.map(({ type }) => type)).toEqual(['ObserverPaused', 'ObserverResumed']);
    second.end();
  });
});

describe('List, Get and Watch', () => {
  const codec = messageCodec<ObserversWatchResponse__Output>('ObserversWatchResponse');
  const watch = (client: RawClient) => {
    const channel = new grpc.Client(client.address, grpc.credentials.createInsecure());
    const path = serviceDefinition('Observers')['Watch']?.path ?? '';
    const call = channel.makeServerStreamRequest(
      path,
      (bytes: Buffer) => bytes,
      (bytes) => codec.decode(bytes),
      Buffer.alloc(0),
    );
    const told: ObserversWatchResponse__Output[] = [];
    call.on('data', (response: ObserversWatchResponse__Output) => told.push(response));
    call.on('error', () => undefined);
    const stop = () => {
      call.cancel();
      channel.close();
    };
    return { told, stop };
  };

  it('tell who observes what, where it stands, and how far behind', async () => {
    const { sequence, calls, observe } = await scene(9);
    const definition = { filters: [{ types: ['type-1'] }], partitionKey: { property: 'i' } };
    const observer = observe(definition, { clientName: 'worker-7' }, { handling: sayNothing });
    await observer.awaitRegistered();
    await awaitFact('two are on their way', () => observer.numbers.length === 2);
    const [listed] = (await calls.list()).filter(({ id }) => id === calls.id);
    expect(listed).toMatchObject({
      state: 'OBSERVER_STATE_ACTIVE',
      position: 1,
      tail: 8,
      ownerAddress: served.client.address,
      failedPartitions: 0,
      clients: [{ name: 'worker-7', inFlight: 2 }],
      definition: { sequence: sequence.sequence, partitionKey: { property: 'i' } },
      replay: null,
    });
    expect(Number(listed?.lag?.seconds) + Number(listed?.lag?.nanos)).toBeGreaterThan(0);
    observer.end();
  });

  it('Watch tells the state at once, and again when it changes', async () => {
    const { sequence, calls, observe } = await scene(3);
    const { told, stop } = watch(served.client);
    await awaitFact('it is told something', () => told.length > 0);
    const seen = () => told.flatMap(({ observers }) => observers.filter(({ id }) => id === calls.id));
    const observer = observe({}, {}, { handling: failOn(new Set([4])) });
    await awaitFact('it is active', () =>
      seen().some(({ state, position }) => state === 'OBSERVER_STATE_ACTIVE' && position === 3),
    );
    await fill(sequence, 3);
    await awaitFact('a partition has failed', () => seen().some(({ failedPartitions }) => failedPartitions === 1));
    await calls.pause();
    await awaitFact('it is paused', () => seen().at(-1)?.state === 'OBSERVER_STATE_PAUSED');
    observer.end();
    await calls.resume();
    await awaitFact('nobody is there', () => seen().at(-1)?.state === 'OBSERVER_STATE_DISCONNECTED');
    stop();
  });
});

it('a hundred observers at once are each given everything', async () => {
  const sequence = freshSequence();
  await fill(sequence, 200);
  const all = range(0, 100).map(() => {
    const calls = new ObserverCalls(served.client, freshObserver());
    return { calls, observer: new RawObserver(served.client.address, registration(calls.id, sequence)) };
  });
  for (const { calls } of all) await calls.awaitPosition(200, { withinMs: 30_000 });
  await fill(sequence, 10);
  for (const { calls, observer } of all) {
    await calls.awaitPosition(210, { withinMs: 30_000 });
    expect(new Set(observer.numbers).size).toBe(210);
    observer.end();
  }
});

describe('a request that is wrong is refused with a code that names the field', () => {
  const ref = { observer: 'wrong' };
  const longest = 'x'.repeat(101);

  it.each<[string, Register, object]>([
    ['no observer', {}, { code: 'INVALID_FIELD', field: 'observer' }],
    ['an id that is too long', { observer: { observer: longest } }, { code: 'INVALID_FIELD', field: 'observer' }],
    ['an id of other characters', { observer: { observer: 'a b' } }, { code: 'INVALID_FIELD', field: 'observer' }],
    ['a store that is not there', { observer: { ...ref, store: 'nowhere' } }, { code: 'UNKNOWN_STORE' }],
    ['a namespace that is not there', { observer: { ...ref, namespace: 'nowhere' } }, { code: 'UNKNOWN_NAMESPACE' }],
    [
      'a name of a sequence',
      { observer: ref, definition: { sequence: 'No!' } },
      { code: 'INVALID_NAME', field: 'definition.sequence' },
    ],
    [
      'too many filters',
      { observer: ref, definition: { filters: Array.from({ length: 33 }, () => ({})) } },
      { code: 'INVALID_FIELD', field: 'filters' },
    ],
    [
      'a number that is none',
      { observer: ref, definition: { start: { number: '18446744073709551615' } } },
      { code: 'INVALID_FIELD', field: 'definition.start.number' },
    ],
    [
      'a property without a name',
      { observer: ref, definition: { partitionKey: { property: '' } } },
      { code: 'INVALID_FIELD', field: 'definition.partition_key.property' },
    ],
    [
      'a property with a part that has no name',
      { observer: ref, definition: { partitionKey: { property: 'a..b' } } },
      { code: 'INVALID_FIELD', field: 'definition.partition_key.property' },
    ],
    [
      'a property that is too long',
      { observer: ref, definition: { partitionKey: { property: 'x'.repeat(201) } } },
      { code: 'INVALID_FIELD', field: 'definition.partition_key.property' },
    ],
    [
      'a client name that is too long',
      { observer: ref, clientName: 'x'.repeat(201) },
      { code: 'INVALID_FIELD', field: 'client_name' },
    ],
    ['too many credits', { observer: ref, credits: 1_000_000 }, { code: 'INVALID_FIELD', field: 'credits' }],
    [
      'a deadline that is too short',
      { observer: ref, acknowledgementDeadline: { nanos: 1_000_000 } },
      { code: 'INVALID_FIELD', field: 'acknowledgement_deadline' },
    ],
    [
      'a deadline that is too long',
      { observer: ref, acknowledgementDeadline: { seconds: 1_000_000 } },
      { code: 'INVALID_FIELD', field: 'acknowledgement_deadline' },
    ],
  ])('Register with %s', async (_, register, told) => {
    expect(await registered(register).awaitEnd()).toMatchObject(told);
  });

  it('a first message that is no Register, a second Register, bytes that are no message', async () => {
    const { calls, observe } = await scene(0);
    const twice = observe();
    await twice.awaitRegistered();
    twice.write(Buffer.from([0x0a, 0x00]));
    expect(await twice.awaitEnd()).toMatchObject({ code: 'INVALID_FIELD', field: 'register' });

    const garbage = observe();
    await garbage.awaitRegistered();
    garbage.write(Buffer.from([0x12, 0x7f, 0x01]));
    expect(await garbage.awaitEnd()).toMatchObject({ code: 'MALFORMED_REQUEST' });

    const noRegister = registered(Buffer.from([0xff, 0xff]));
    expect(await noRegister.awaitEnd()).toMatchObject({ code: 'MALFORMED_REQUEST' });
    expect((await calls.get()).clients).toEqual([]);
  });

  it.each<[string, object]>([
    ['Get', {}],
    ['Replay', {}],
    ['CancelReplay', {}],
    ['RetryPartition', {}],
    ['SkipEvent', { reason: 'x' }],
    ['Pause', {}],
    ['Resume', {}],
    ['ListFailedPartitions', {}],
    ['WaitFor', {}],
  ])('%s of no observer, and of one that is not there', async (method, rest) => {
    const ask = (observer: object) => refusal(served.client.unary('Observers', method, { observer, ...rest }));
    expect(await ask({})).toMatchObject({ code: 'INVALID_FIELD', field: 'observer' });
    expect(await ask({ observer: 'not-there' })).toMatchObject({ code: 'UNKNOWN_OBSERVER', field: 'observer' });
    expect(await ask({ observer: 'x', store: 'nowhere' })).toMatchObject({ code: 'UNKNOWN_STORE' });
  });

  it('numbers beyond any number, and a skip without a reason', async () => {
    const { calls, observe } = await scene(3);
    const observer = observe();
    await calls.awaitPosition(3);
    const ask = (method: string, rest: object) =>
      refusal(served.client.unary('Observers', method, { observer: calls.ref, ...rest }));
    const beyond = '18446744073709551615';
    expect(await ask('WaitFor', { sequenceNumber: beyond })).toMatchObject({ field: 'sequence_number' });
    expect(await ask('Replay', { from: beyond })).toMatchObject({ code: 'INVALID_FIELD', field: 'from' });
    expect(await ask('Replay', { to: beyond })).toMatchObject({ code: 'INVALID_FIELD', field: 'to' });
    const skip = { partition: 'source-1', sequenceNumber: beyond };
    expect(await ask('SkipEvent', { ...skip, reason: 'x' })).toMatchObject({ field: 'sequence_number' });
    expect(await ask('SkipEvent', { ...skip, sequenceNumber: 1, reason: ' ' })).toMatchObject({ field: 'reason' });
    observer.end();
  });
});
