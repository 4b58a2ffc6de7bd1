/**
 * Two links that bring the same events at the same time: what is new to an inbox is recorded without a look for it,
 * so each of them meets all the time what the other has brought a moment ago.
 */
import { all, level, startServices, type Services } from './support/services';

const EVENTS = 1_500;
const SOURCES = 20;

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(async () => services.stop());

it('each event comes once and in order, and both links prove it', async () => {
  const source = await services.service('shop');
  const target = await services.service('mail');
  for (const id of ['one', 'two']) await target.links.add(id, { source: { store: source.store } });
  await Promise.all(
    Array.from({ length: EVENTS }, async (_, i) => {
      await source.outbox.append({ type: 'order.placed', eventSourceId: `order-${i % SOURCES}`, content: { i } });
    }),
  );
  const links = [await level(target, source, 'one'), await level(target, source, 'two')];

  const [sent, came] = [await all(source.outbox), await all(target.inbox)];
  expect(came).toHaveLength(EVENTS);
  // Links of one source bring the same order whoever of them is first.
  expect(came.map(({ origin }) => origin?.sequenceNumber)).toEqual(sent.map(({ sequenceNumber }) => sequenceNumber));
  expect(links.map(({ relayed, heldPartitions, skipped }) => ({ relayed, heldPartitions, skipped }))).toEqual([
    { relayed: EVENTS, heldPartitions: 0, skipped: 0 },
    { relayed: EVENTS, heldPartitions: 0, skipped: 0 },
  ]);
  for (const id of ['one', 'two']) {
    expect(await target.links.prove(id)).toMatchObject({ inInbox: EVENTS, missing: 0, outOfOrder: 0, proven: true });
  }
});
