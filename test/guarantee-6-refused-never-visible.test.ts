/**
 * Guarantee 6: an append that was refused never becomes visible. A write that outlives the server's patience is
 * test/outlives-patience.test.ts; here is what is refused with a definite answer.
 */
import { LIMITS } from '../src/kernel/limits';
import { awaitFact } from './support/await-fact';
import { event, events, freshSequence, json, range, refusal, type AppendRequest } from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';

let servers: TwoServers;

beforeAll(async () => {
  servers = await serveTwice();
});
afterAll(() => servers.stop());

const tooLarge = json({ text: 'x'.repeat(LIMITS.contentBytes) });

const refusals: [string, (request: AppendRequest) => AppendRequest][] = [
  ['for its content', (request) => ({ ...request, events: [...(request.events ?? []), event({ content: tooLarge })] })],
  ['for an expectation', (request) => ({ ...request, expectations: [{ filter: { types: ['first'] } }] })],
  ['for an expectation ahead', (request) => ({ ...request, expectations: [{ filter: {}, lastSeen: 99 }] })],
  ['for an id of its batch that is used', (request) => ({ ...request, events: [...(request.events ?? []), used] })],
];
const used = event({ eventId: 'used', type: 'first', content: json({ first: true }) });

it.each(refusals)(
  'an append that was refused %s is seen by nobody, and its ids can be used later',
  async (_, spoil) => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: [{ ...used, content: json({ first: 'differently' }) }] });
    const followers = [servers.a.subscribe({ sequence }), servers.b.subscribe({ sequence })];
    const batch = events(3);
    const outcome = await servers.a.append(spoil({ sequence, events: batch })).then(
      ({ refused }) => refused?.violations.map(({ code }) => code) ?? 'appended',
      (error: unknown) => String(error),
    );
    expect(outcome).not.toBe('appended');

    for (const { eventId } of batch) {
      const call = servers.b.getEvent({ sequence, eventId: eventId ?? '' });
      expect(await refusal(call)).toMatchObject({ code: 'EVENT_NOT_FOUND', field: 'event_id' });
    }
    const later = await servers.b.appended({ sequence, events: batch });
    expect(later).toMatchObject({ firstSequenceNumber: 1, lastSequenceNumber: 3, duplicate: false });

    for (const follower of followers) {
      await awaitFact('the subscriber has the accepted batch', () => follower.events.length >= 4);
      expect(follower.events.map(({ eventId }) => eventId)).toEqual(['used', ...batch.map(({ eventId }) => eventId)]);
      follower.cancel();
    }
  },
);

it('of many appends at once, refused and not, exactly those that were acknowledged are in the log', async () => {
  const sequence = freshSequence();
  const follower = servers.b.subscribe({ sequence });
  const answers = await Promise.all(
    range(0, 200).map(async (i) => {
      const batch = events(1 + (i % 3), { eventSourceId: `source ${i % 5}` });
      const expectations = i % 2 === 0 ? [] : [{ filter: { eventSourceIds: [`source ${i % 5}`] } }];
      const { appended } = await servers.either(i).append({ sequence, events: batch, expectations });
      return { ids: batch.map(({ eventId }) => eventId ?? ''), appended: Boolean(appended) };
    }),
  );
  const acknowledged = answers.filter(({ appended }) => appended).flatMap(({ ids }) => ids);
  expect(answers.some(({ appended }) => !appended)).toBe(true);
  const log = (await servers.a.read({ sequence })).map(({ eventId }) => eventId);
  expect([...log].sort()).toEqual(acknowledged.sort());
  await awaitFact('the subscriber has them all', () => follower.events.length >= log.length);
  expect(follower.events.map(({ eventId }) => eventId)).toEqual(log);
  follower.cancel();
});

it('a call that was cancelled is either recorded whole or not at all, and the same ids find out which', async () => {
  const sequence = freshSequence();
  const batches = range(0, 30).map(() => events(2));
  await Promise.all(
    batches.map(async (batch, i) => {
      const stream = servers.either(i).appendStream();
      stream.on('error', () => undefined);
      stream.write({ items: [{ requestId: 1, append: { sequence, events: batch } }] });
      await new Promise((resolve) => setImmediate(resolve));
      stream.cancel();
    }),
  );
  for (const batch of batches) await servers.a.appended({ sequence, events: batch });
  const log = (await servers.b.read({ sequence })).map(({ eventId }) => eventId);
  expect(log).toHaveLength(60);
  for (const batch of batches) {
    const first = log.indexOf(batch[0]?.eventId ?? '');
    expect(log[first + 1]).toBe(batch[1]?.eventId);
  }
});
