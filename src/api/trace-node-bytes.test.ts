import fc from 'fast-check';
import { found, sighting } from '../../observers/correlation/found.testing';
import type { FoundEvent, Sighting, Told } from '../../observers/correlation/found';
import { missingItem, NOTHING_TOLD, type Item } from '../../observers/correlation/items';
import type { LookResponse__Output } from '../contract/generated/annals/v1/LookResponse';
import type { Sighting__Output } from '../contract/generated/annals/v1/Sighting';
import type { TraceNode__Output } from '../contract/generated/annals/v1/TraceNode';
import type { TraceResponse__Output } from '../contract/generated/annals/v1/TraceResponse';
import { messageCodec } from '../contract/services';
import type { IdentityRecord } from '../storage/identities';
import { TraceNodeBytes } from './trace-node-bytes';

const OURS = 'here';

const text = fc.string({ unit: 'binary', maxLength: 60 });
const count = fc.nat(100_000);
const date = fc.date({ noInvalidDate: true, min: new Date(-1e12), max: new Date(4e12) });

const sightings: fc.Arbitrary<Sighting> = fc
  .record({ deployment: fc.constantFrom(OURS, 'there', ''), number: count, recorded: date, link: text, address: text })
  .map(sighting);

const events: fc.Arbitrary<FoundEvent> = fc
  .record({
    eventId: text,
    type: text,
    eventSourceId: text,
    correlationId: text,
    causationId: text,
    causedBy: text,
    occurred: date,
    tags: fc.array(text, { maxLength: 3 }),
    traceParent: text,
    announcement: fc.option(
      fc.record({ kind: fc.constantFrom('compensation', 'redaction'), number: count, reason: text }),
      { nil: undefined },
    ),
    redacted: fc.boolean(),
    compensations: count,
    announcedAt: fc.array(count, { maxLength: 3 }),
    at: sightings,
    origin: fc.option(sightings, { nil: undefined }),
    hops: count,
  })
  .map(({ eventId, ...event }) => found(eventId, event));

const described = fc.record({ name: text, subject: text, onBehalfOf: text }).map((said): IdentityRecord => ({
  ...{ id: 'u-1', revision: 1, state: 'described', described: new Date(0), former: [] },
  description: { ...said, kind: 'person' },
}));

const tolds: fc.Arbitrary<Told> = fc.record({
  identity: fc.option(described, { nil: undefined }),
  failures: fc.array(
    fc.record({ observer: text, attempts: count, message: text, quarantined: fc.boolean(), at: sightings }),
    { maxLength: 2 },
  ),
  parts: fc.array(
    fc.record({ sequenceId: text, name: text, status: text, order: count, compensating: fc.boolean(), phase: text }),
    { maxLength: 2 },
  ),
});

const placed = fc.record({
  id: text,
  parent: fc.option(text, { nil: undefined }),
  depth: count,
  parentElsewhere: fc.boolean(),
  circular: fc.boolean(),
  cut: fc.boolean(),
});

const timestamp = (at: Date) => {
  const seconds = Math.floor(at.getTime() / 1000);
  return { seconds, nanos: (at.getTime() - seconds * 1000) * 1_000_000 };
};

const sightingIn = (
  { number, recorded, deployment, ...place }: Sighting,
  ours: string | undefined,
): Sighting__Output => ({
  ...place,
  sequenceNumber: number,
  recorded: timestamp(recorded),
  deployment: deployment === ours ? '' : deployment,
});

/** What the general deserializer should make of it, but for where it stands. */
function nodeOf(event: FoundEvent, told: Told, ours: string | undefined): Partial<TraceNode__Output> {
  const { identity } = told;
  const { announcement } = event;
  return {
    kind: 'TRACE_NODE_KIND_EVENT',
    ...{ eventId: event.eventId, type: event.type, eventSourceId: event.eventSourceId },
    ...{ correlationId: event.correlationId, causationId: event.causationId },
    causedBy:
      identity?.state === 'described'
        ? // The rest of it is its own message's test.
          expect.objectContaining({ id: 'u-1', name: identity.description.name, kind: 'IDENTITY_KIND_PERSON' })
        : event.causedBy === ''
          ? null
          : expect.objectContaining({ id: event.causedBy, name: '', kind: 'IDENTITY_KIND_UNSPECIFIED' }),
    occurred: timestamp(event.occurred),
    tags: [...event.tags],
    traceParent: event.traceParent,
    failures: told.failures.map(({ at, ...failure }) => ({ ...failure, at: sightingIn(at, ours) })),
    parts: told.parts.map((part) => ({ ...part })),
    announcement:
      announcement === undefined
        ? null
        : {
            kind: announcement.kind === 'redaction' ? 'ANNOUNCEMENT_KIND_REDACTION' : 'ANNOUNCEMENT_KIND_COMPENSATION',
            sequenceNumber: announcement.number,
            reason: announcement.reason,
          },
    redacted: event.redacted,
    compensations: event.compensations,
  };
}

const traceCodec = messageCodec<TraceResponse__Output>('TraceResponse');
const lookCodec = messageCodec<LookResponse__Output>('LookResponse');

it('the general deserializer reads what is written by hand', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(placed, events, tolds), { maxLength: 4 }), (all) => {
      const items = all.map(([place, event, told]) => {
        const node = { id: place.id, event, copies: [event] };
        return { item: { ...place, of: { kind: 'event', node } } satisfies Item, told };
      });
      const { nodes } = traceCodec.decode(new TraceNodeBytes(OURS).nodes(items));
      expect(nodes).toHaveLength(all.length);
      for (const [i, [place, event, told]] of all.entries()) {
        const { parent = '', parentElsewhere, ...rest } = place;
        expect(nodes[i]).toMatchObject({
          ...{ ...rest, parentId: parent, parentOnEarlierPage: parentElsewhere },
          ...nodeOf(event, told, OURS),
        });
        // Its origin is where it was appended, and comes first.
        expect(nodes[i]?.sightings.at(-1)).toEqual(sightingIn(event.at, OURS));
      }
    }),
    { numRuns: 50 },
  );
});

it('to another server every deployment is named, and each event is at one place', () => {
  fc.assert(
    fc.property(events, tolds, (event, told) => {
      const node = { id: '0', event, copies: [event] };
      const [seen] = lookCodec.decode(
        new TraceNodeBytes(undefined).seen([node], new Map([['0', told]]), NOTHING_TOLD),
      ).events;
      expect(seen?.node).toMatchObject({ ...nodeOf(event, told, undefined), id: '', depth: 0 });
      expect(seen?.node?.sightings).toEqual([sightingIn(event.at, undefined)]);
      expect(seen?.origin ?? undefined).toEqual(event.origin && sightingIn(event.origin, undefined));
      expect(seen).toMatchObject({ hops: event.hops, announcedAt: [...event.announcedAt] });
    }),
    { numRuns: 50 },
  );
});

it('what is no event stands between events in its place', () => {
  const event = found('a');
  const first: Item = { ...missingItem('nowhere'), id: 'missing:nowhere' };
  const second: Item = {
    ...first,
    id: 'a',
    parent: first.id,
    depth: 1,
    of: { kind: 'event', node: { id: 'a', event, copies: [event] } },
  };
  const items = [first, second].map((item) => ({ item, told: NOTHING_TOLD }));
  const { nodes } = traceCodec.decode(new TraceNodeBytes(OURS).nodes(items));
  expect(nodes).toMatchObject([
    { kind: 'TRACE_NODE_KIND_MISSING', eventId: 'nowhere', depth: 0 },
    { kind: 'TRACE_NODE_KIND_EVENT', eventId: 'a', parentId: 'missing:nowhere', depth: 1 },
  ]);
});
