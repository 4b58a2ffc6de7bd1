/** What the target refuses holds its partition alone, in a place that a person can list, and goes on in order. */
import type { Annals } from '../src/client';
import { all, level, startServices, until, type Services } from './support/services';

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(async () => services.stop());

const TYPE = 'order.changed';

/** A target that takes events whose `i` is a number, and nothing else. */
async function choosy(): Promise<Annals> {
  const target = await services.service('choosy');
  await demand(target, { i: { type: 'number' } });
  return target;
}

/** From now on the target wants this of content. */
const demand = async (target: Annals, properties: object): Promise<unknown> =>
  target.eventTypes.register({
    type: TYPE,
    generations: [{ generation: 1, schema: { type: 'object', properties } }],
    migrations: [],
  });

const event = (i: unknown, partition: string) => ({ type: TYPE, eventSourceId: partition, content: { i } });

/** The content of the inbox's events by their source, in order. */
async function bySource(target: Annals): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {};
  for (const { eventSourceId, content } of await all(target.inbox)) (found[eventSourceId] ??= []).push(content['i']);
  return found;
}

it('of a thousand partitions ten are held, and the others do not notice', async () => {
  const [source, target] = [await services.service('shop'), await choosy()];
  await target.links.add('link', { source: { store: source.store } });
  const partitions = Array.from({ length: 1_000 }, (_, i) => `p${i}`);
  const isBroken = (i: number): boolean => i % 100 === 0;
  for (const round of [1, 2, 3]) {
    await source.outbox.append(partitions.map((p, i) => event(round === 2 && isBroken(i) ? 'broken' : round, p)));
  }
  const link = await level(target, source);
  expect(link).toMatchObject({ state: 'running', heldPartitions: 10, heldEvents: 20 });
  const came = await bySource(target);
  expect(partitions.map((p) => came[p])).toEqual(partitions.map((_, i) => (isBroken(i) ? [1] : [1, 2, 3])));
  const held = await target.links.held('link');
  expect(held.map(({ partition, from, events, attempts }) => [partition, from, events, attempts])).toEqual(
    partitions.flatMap((p, i) => (isBroken(i) ? [[p, 1_000 + i, 2, 1]] : [])),
  );
  expect(held[0]?.violations).toMatchObject([{ code: 'SCHEMA_VIOLATION' }]);
  const proof = await target.links.prove('link');
  expect(proof).toMatchObject({ inInbox: 2_980, held: 20, missing: 0, proven: true });

  // Mended, they catch up, in order.
  await demand(target, {});
  const redriven = await target.links.redrive('link');
  expect(redriven.map(({ relayed, skipped, held: still }) => [relayed, skipped, still])).toEqual(
    redriven.map(() => [2, 0, undefined]),
  );
  expect((await bySource(target))['p0']).toEqual([1, 'broken', 3]);
  expect(await target.links.get('link')).toMatchObject({ heldPartitions: 0, heldEvents: 0 });
  expect(await target.links.prove('link')).toMatchObject({ inInbox: 3_000, held: 0, proven: true });
});

it('redriven as it is, a partition goes on to the next event that is refused', async () => {
  const [source, target] = [await services.service('shop'), await services.service('choosy')];
  await demand(target, { i: { type: 'number' }, j: { type: 'number' } });
  await target.links.add('link', { source: { store: source.store } });
  const second = { ...event(5, 'p'), content: { i: 5, j: 'y' } };
  await source.outbox.append([event('x', 'p'), event(1, 'p'), second, event(2, 'p'), event(3, 'q')]);
  await level(target, source);
  await demand(target, { j: { type: 'number' } });
  const [redriven] = await target.links.redrive('link', { partition: 'p' });
  expect(redriven).toMatchObject({ partition: 'p', relayed: 2, skipped: 0, held: { from: 2, events: 2, attempts: 2 } });
  expect(await bySource(target)).toEqual({ p: ['x', 1], q: [3] });
  // Again without a change: nothing moves, and the attempt is counted.
  const [again] = await target.links.redrive('link', { sequenceNumber: 2 });
  expect(again).toMatchObject({ relayed: 0, held: { from: 2, events: 2, attempts: 3 } });
});

it('one event is skipped with a reason, which the proof tells, and the partition goes on behind it', async () => {
  const [source, target] = [await services.service('shop'), await choosy()];
  await target.links.add('link', { source: { store: source.store } });
  await source.outbox.append([event('x', 'p'), event(1, 'p'), event('y', 'p'), event(2, 'p')]);
  await level(target, source);
  const skip = { reason: 'a test order', who: 'ann' };
  const [redriven] = await target.links.redrive('link', { sequenceNumber: 0, skip });
  expect(redriven).toMatchObject({ relayed: 1, skipped: 1, held: { from: 2, events: 2 } });
  const ranges: unknown[] = [];
  await target.links.prove('link', { onRanges: (some) => ranges.push(...some) });
  expect(ranges).toEqual([
    { from: 0, to: 0, outcome: 'skipped', inboxFrom: undefined, detail: 'BY_HAND: a test order (ann)' },
    { from: 1, to: 1, outcome: 'in-inbox', inboxFrom: 0, detail: '' },
    { from: 2, to: 3, outcome: 'held', inboxFrom: undefined, detail: 'p' },
  ]);
  // Whatever is refused now, of all that is held.
  const [rest] = await target.links.redrive('link', { skip });
  expect(rest).toMatchObject({ relayed: 1, skipped: 1, held: undefined });
  expect(await bySource(target)).toEqual({ p: [1, 2] });
  expect(await target.links.prove('link')).toMatchObject({ inInbox: 2, skipped: 2, held: 0, proven: true });
  await expect(target.links.redrive('link', { partition: 'p' })).rejects.toMatchObject({ code: 'PARTITION_NOT_HELD' });
});

it('what is recorded while a partition catches up comes after what it had waiting', async () => {
  const [source, target] = [await services.service('shop'), await choosy()];
  await target.links.add('link', { source: { store: source.store } });
  await source.outbox.append([event('x', 'p'), ...Array.from({ length: 1_999 }, (_, i) => event(i, 'p'))]);
  await level(target, source);
  await demand(target, {});
  const redriving = target.links.redrive('link', { partition: 'p' });
  for (let i = 0; i < 20; i++) await source.outbox.append(event(2_000 + i, 'p'));
  await redriving;
  await level(target, source);
  const sent = (await all(source.outbox)).map(({ content }) => content['i']);
  expect((await bySource(target))['p']).toEqual(sent);
  expect(await target.links.prove('link')).toMatchObject({ inInbox: 2_020, outOfOrder: 0, proven: true });
});

it('by a property, and with the whole sequence in order, what is kept together is held together', async () => {
  const [source, target] = [await services.service('shop'), await choosy()];
  const of = { source: { store: source.store } };
  const customer = (i: unknown, name: string, id: string) => ({
    type: TYPE,
    eventSourceId: id,
    content: { i, customer: { name } },
  });
  await source.outbox.append([
    customer(1, 'ann', 'a'),
    customer('x', 'bob', 'b'),
    customer(2, 'bob', 'c'),
    customer(3, 'ann', 'd'),
  ]);
  // What is announced about an event waits with that event, although its own content is another's.
  await source.outbox.compensate(
    { sequenceNumber: 2 },
    { content: { i: 4, customer: { name: 'cid' } }, reason: 'typo' },
  );
  await target.links.add('link', { ...of, partitionBy: { property: 'customer.name' } });
  await level(target, source);
  expect(await bySource(target)).toEqual({ a: [1], d: [3] });
  expect(await target.links.held('link')).toMatchObject([{ partition: 'bob', from: 1, events: 3 }]);
  const whole = await choosy();
  await whole.links.add('link', { ...of, partitionBy: 'whole' });
  await level(whole, source);
  expect(await bySource(whole)).toEqual({ a: [1] });
  expect(await whole.links.held('link')).toMatchObject([{ partition: '', from: 1, events: 4 }]);
  await demand(target, {});
  await target.links.redrive('link');
  expect((await all(target.inbox)).map(({ content }) => content['i'])).toEqual([1, 3, 'x', 2, 4]);
});

it('an inbox that got an event by hand with the same id holds the partition, and says which event it is', async () => {
  const [source, target] = [await services.service('shop'), await services.service('mail')];
  await target.inbox.append([
    { ...event(1, 'p'), eventId: 'same' },
    { ...event(0, 'p'), eventId: 'other' },
  ]);
  await source.outbox.append([{ ...event(1, 'p'), eventId: 'same' }, event(2, 'p'), event(3, 'q')]);
  await target.links.add('link', { source: { store: source.store } });
  await level(target, source);
  expect(await target.links.held('link')).toMatchObject([
    { partition: 'p', from: 0, events: 2, violations: [{ code: 'EVENT_ID_REUSED', sequenceNumber: 0 }] },
  ]);
  expect(await bySource(target)).toEqual({ p: [1, 0], q: [3] });
  await target.links.redrive('link', { sequenceNumber: 0, skip: { reason: 'it is there', who: 'ann' } });
  expect(await bySource(target)).toEqual({ p: [1, 0, 2], q: [3] });
});

it('an event that two links select comes once, and a link that comes second says so', async () => {
  const [source, target] = [await services.service('shop'), await services.service('mail')];
  await source.outbox.append([event(1, 'p'), event(2, 'p')]);
  await target.links.add('one', { source: { store: source.store } });
  await level(target, source, 'one');
  const { warnings } = await target.links.add('two', { source: { store: source.store } });
  expect(warnings).toEqual([expect.stringMatching(/^one reads .* too/)]);
  expect(await level(target, source, 'two')).toMatchObject({ relayed: 2, duplicates: 2 });
  expect(await bySource(target)).toEqual({ p: [1, 2] });
});

it('stops when so many partitions are held that it is not the events that are broken, and goes on by itself', async () => {
  const [source, target] = [await services.service('shop'), await choosy()];
  await target.links.add('link', { source: { store: source.store } });
  await source.outbox.append(Array.from({ length: 1_100 }, (_, i) => event('x', `p${i}`)));
  await source.outbox.append(event(1, 'q'));
  const stopped = await until(target, 'it stops', ({ state }) => state === 'target-refuses');
  expect(stopped.lastError).toMatch(/partitions are held/);
  await demand(target, {});
  await target.links.redrive('link');
  await level(target, source);
  const link = await until(target, 'it runs', ({ state }) => state === 'running');
  expect(link).toMatchObject({ heldPartitions: 0, lastError: '' });
  expect(await target.links.prove('link')).toMatchObject({ inInbox: 1_101, proven: true });
});
