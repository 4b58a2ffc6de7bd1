import fc from 'fast-check';
import { placeKey, type FoundEvent } from './found';
import { found, sighting } from './found.testing';
import { KnownNodes } from './parents';
import { nodesOf, sightingsOf } from './sightings';

const STORES = ['a', 'b', 'c', 'd'];

/** An event of the first store, relayed from store to store, of which some places are seen. */
function chain(eventId: string, number: number): FoundEvent[] {
  return STORES.map((store, hops) =>
    found(eventId, {
      at: sighting({ store, sequence: hops === 0 ? 'outbox' : 'inbox', number, link: hops === 0 ? '' : 'link' }),
      origin:
        hops === 0
          ? undefined
          : sighting({ store: STORES[hops - 1] ?? '', sequence: hops === 1 ? 'outbox' : 'inbox', number }),
      hops,
    }),
  );
}

it('an event and all its copies are one node, in whatever order and however often they are found', () => {
  const shuffled = fc.shuffledSubarray([...chain('e', 1), ...chain('e', 1)], { minLength: 8 });
  fc.assert(
    fc.property(shuffled, (events) => {
      const nodes = nodesOf(events, 'here');
      expect(nodes.map(({ id }) => id)).toEqual(['a/default/outbox/1']);
      expect(nodes.flatMap(sightingsOf).map(({ store }) => store)).toEqual(STORES);
    }),
  );
});

it('a copy whose origin is out of reach is known by it, and tells where it was appended', () => {
  const [node] = nodesOf(chain('e', 1).slice(1, 2), 'here');
  expect(node?.id).toBe('a/default/outbox/1');
  expect(node === undefined ? [] : sightingsOf(node).map(placeKey)).toEqual([
    'a/default/outbox/1',
    'b/default/inbox/1',
  ]);
});

it('events of the same id are different events when none was relayed from the other', () => {
  const events = [found('e', { at: sighting({ store: 'a' }) }), found('e', { at: sighting({ store: 'b' }) })];
  expect(nodesOf(events, 'here').map(({ id }) => id)).toEqual(['a/default/event-log/0', 'b/default/event-log/0']);
});

it('the same place of another deployment is another place', () => {
  const events = [found('e'), found('e', { at: sighting({ deployment: 'there' }) })];
  expect(nodesOf(events, 'here').map(({ id }) => id)).toEqual([
    'shop/default/event-log/0',
    'there:shop/default/event-log/0',
  ]);
});

it('of several events that have the id of a cause, the nearest is meant', () => {
  const events = [
    found('cause', { at: sighting({ store: 'a' }) }),
    found('cause', { at: sighting({ store: 'b' }) }),
    found('effect', { causationId: 'cause', at: sighting({ store: 'b', number: 1 }) }),
  ];
  const nodes = nodesOf(events, 'here');
  const effect = nodes.find(({ event }) => event.eventId === 'effect');
  expect(effect && new KnownNodes(nodes).parentOf(effect)?.id).toBe('b/default/event-log/0');
});
