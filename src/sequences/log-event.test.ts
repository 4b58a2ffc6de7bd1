/** Filters in memory and in the database are one thing: held together over random events and filters. */
import fc from 'fast-check';
import { BSON, Long, MongoClient } from 'mongodb';
import { startReplicaSet } from '../../test/support/replica-set';
import { anyDraft, documentOf } from '../storage/arbitrary-event.testing';
import { ensureEventCollection } from '../storage/event-collections';
import { encodeEventDocument, stamp } from '../storage/event-document';
import { decodeDocument, documentAt, findEvents } from '../storage/find-events';
import { insertEvents } from '../storage/insert-events';
import { fromDocument, fromDraft, matchesAny } from './log-event';

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
  const anyFilters = fc.array(
    fc.record({
      types: list,
      eventSourceIds: list,
      tags: list,
      correlationId: fc.option(text, { nil: undefined }),
    }),
    { maxLength: 3 },
  );
  const events = fc.sample(anyEvent, { numRuns: 200, seed: 7 });
  const database = await startReplicaSet();
  const client = new MongoClient(database.url);
  const db = client.db('annals+test+default');
  await ensureEventCollection(db, 'filtered');
  const documents = events.map((event, i) =>
    Buffer.from(BSON.serialize({ _id: Long.fromNumber(i), eventId: String(i), ...event })),
  );
  await insertEvents(db, 'sequence+filtered', documents);

  await fc.assert(
    fc.asyncProperty(anyFilters, async (filters) => {
      const { bytes, starts } = await findEvents(db, 'sequence+filtered', { from: 0, limit: 1_000, filters });
      const found = starts.map((start) => Number(decodeDocument(documentAt(bytes, start))['_id']));
      expect(found).toEqual(events.flatMap((event, i) => (matchesAny(filters, event) ? [i] : [])));
    }),
    { numRuns: 200 },
  );
  await client.close();
  await database.stop();
});
