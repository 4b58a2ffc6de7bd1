/** Filters in memory and in the database are one thing: held together over random events and filters. */
import fc from 'fast-check';
import { BSON, Long, MongoClient } from 'mongodb';
import { startReplicaSet } from '../../test/support/replica-set';
import { anyDraft, documentOf } from '../storage/arbitrary-event.testing';
import { ensureEventCollection } from '../storage/event-collections';
import { encodeEventDocument, stamp } from '../storage/event-document';
import { decodeDocument, documentAt, findEvents } from '../storage/find-events';
import { insertEvents } from '../storage/insert-events';
import { fromDocument, fromDraft, isDelivered, matchesAny } from './log-event';

it('a committed event is the same whether it is remembered or read', () => {
  fc.assert(
    fc.property(anyDraft, fc.maxSafeNat(), (draft, number) => {
      const document = encodeEventDocument(draft);
      stamp(document, number, 0);
      expect(fromDocument(document)).toEqual(fromDraft(number, draft, document));
      expect(fromDocument(Buffer.from(BSON.serialize(documentOf(draft, number, 0)))).number).toBe(number);
    }),
  );
});

it('filters select the same events in memory as in the database', async () => {
  const text = fc.constantFrom('a', 'b', 'A', '', 'a ', '$a', 'é', 'e\u0301', 'a\0b', '^a.*$');
  const list = fc.array(text, { maxLength: 3 });
  const anyEvent = fc.record({ type: text, eventSourceId: text, tags: list, correlationId: text });
  const anyAnnouncement = fc.option(
    fc.record({ kind: fc.constantFrom('compensation', 'redaction', 'constraint'), sequenceNumber: fc.nat(9) }),
    { nil: undefined },
  );
  const anyFilters = fc.array(
    fc.record({
      types: list,
      eventSourceIds: list,
      tags: list,
      correlationId: fc.option(text, { nil: undefined }),
      announcements: fc.boolean(),
    }),
    { maxLength: 3 },
  );
  const events = fc
    .sample(fc.tuple(anyEvent, anyAnnouncement), { numRuns: 300, seed: 7 })
    .map(([event, announces]) => (announces === undefined ? event : { announces, ...event }));
  const database = await startReplicaSet();
  const client = new MongoClient(database.url);
  const db = client.db('annals+test+default');
  await ensureEventCollection(db, 'filtered');
  const documents = events.map((event, i) =>
    Buffer.from(
      // Announcements say so right behind number and time.
      BSON.serialize({ _id: Long.fromNumber(i), recorded: new Date(0), ...event, eventId: String(i) }),
    ),
  );
  await insertEvents(db, 'sequence+filtered', documents);

  await fc.assert(
    fc.asyncProperty(anyFilters, async (filters) => {
      const expected = events.flatMap((event, i) => (matchesAny(filters, event) ? [i] : []));
      // Announcements that nobody asks for are left out by the database, or by who reads.
      for (const delivered of [true, false]) {
        const range = { from: 0, limit: 1_000, filters, delivered };
        const { bytes, starts } = await findEvents(db, 'sequence+filtered', range);
        const wanted = delivered ? starts : starts.filter((start) => isDelivered(filters, bytes, start));
        expect(wanted.map((start) => Number(decodeDocument(documentAt(bytes, start))['_id']))).toEqual(expected);
      }
    }),
    { numRuns: 200 },
  );
  await client.close();
  await database.stop();
});
