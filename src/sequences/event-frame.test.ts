import fc from 'fast-check';
import { BSON, Long } from 'mongodb';
import { decodeReadResponse } from '../contract/event-codec';
import { genericCodec, genericEvent, genericMessage } from '../contract/generic-messages.testing';
import { ContentType, type Origin, type WireEvent } from '../contract/messages';
import { bsonToJson } from '../kernel/content/bson-to-json';
import { MIN_DATE_MS } from '../kernel/limits';
import { anyDate, anyDraft, anyNumber, anyText, documentOf } from '../storage/arbitrary-event.testing';
import type { EventDraft } from '../storage/event-document';
import { encodeEntry, FrameWriter } from './event-frame';

const event = genericMessage('Event');
const contentTypes = fc.constantFrom<ContentType[]>(ContentType.BSON, ContentType.JSON);

const anyOrigin: fc.Arbitrary<Origin> = fc.record({
  store: anyText,
  namespace: anyText,
  sequence: anyText,
  sequenceNumber: anyNumber,
  recorded: anyDate,
  link: anyText,
  hops: fc.nat(2 ** 31 - 1),
});

const stored = (draft: EventDraft, number: number, recorded: number, origin?: Origin): Buffer =>
  Buffer.from(
    BSON.serialize({
      ...documentOf(draft, number, recorded),
      ...(origin === undefined
        ? {}
        : {
            origin: {
              ...origin,
              sequenceNumber: Long.fromNumber(origin.sequenceNumber),
              recorded: new Date(origin.recorded),
            },
          }),
    }),
  );

/** What the contract says that this stored event is on the wire. */
function wireEvent(draft: EventDraft, number: number, recorded: number, type: ContentType, origin?: Origin): WireEvent {
  return {
    sequenceNumber: number,
    eventId: draft.eventId,
    type: draft.type,
    generation: draft.generation,
    eventSourceId: draft.eventSourceId,
    tags: draft.tags,
    correlationId: draft.correlationId,
    causationId: draft.causationId,
    causedBy: draft.causedBy,
    occurred: draft.occurred,
    recorded,
    validFrom: draft.validFrom === MIN_DATE_MS ? undefined : draft.validFrom,
    content: type === ContentType.BSON ? draft.content : bsonToJson(draft.content),
    contentGeneration: draft.generation,
    contentType: type,
    origin,
  };
}

/** The events of a message as the general deserializer reads them. */
const decoded = (message: Buffer): unknown[] =>
  (genericCodec('Read').responseDeserialize(message) as { events: unknown[] }).events;

const asGeneric = (one: WireEvent): unknown => event.deserialize(event.serialize(genericEvent(one)));

describe('a stored event in its wire form', () => {
  it('is what the general serializer makes of it, in BSON and in JSON, with an origin or without', () => {
    fc.assert(
      fc.property(
        anyDraft,
        anyNumber,
        anyDate,
        contentTypes,
        fc.option(anyOrigin, { nil: undefined }),
        (draft, number, recorded, type, origin) => {
          const frame = encodeEntry(stored(draft, number, recorded, origin), 0, type);
          expect(decoded(frame)).toEqual([asGeneric(wireEvent(draft, number, recorded, type, origin))]);
        },
      ),
    );
  });

  it('is what our own client reads too', () => {
    fc.assert(
      fc.property(anyDraft, anyNumber, anyDate, anyOrigin, (draft, number, recorded, origin) => {
        const frame = encodeEntry(stored(draft, number, recorded, origin), 0, ContentType.BSON);
        const { events } = decodeReadResponse(frame);
        expect(events).toEqual([wireEvent(draft, number, recorded, ContentType.BSON, origin)]);
      }),
    );
  });

  it('has the right length whatever the size, around where the length itself grows', () => {
    const draft = fc.sample(anyDraft, { numRuns: 1, seed: 3 })[0];
    if (draft === undefined) throw new Error('no sample');
    const bare = encodeEntry(stored({ ...draft, tags: [], content: sized(12) }, 0, 0), 0, ContentType.BSON).length;
    for (const boundary of [2 ** 7, 2 ** 14, 2 ** 21]) {
      for (let bytes = boundary - bare - 400; bytes < boundary - bare + 60; bytes += 1) {
        if (bytes < 20 || (boundary > 2 ** 15 && bytes % 7 !== 0)) continue;
        const of = { ...draft, tags: [], content: sized(bytes) };
        for (const type of [ContentType.BSON, ContentType.JSON]) {
          const [found] = decoded(encodeEntry(stored(of, 1, 2), 0, type)) as { content: Buffer; eventId: string }[];
          expect([found?.content.length, found?.eventId]).toEqual([
            type === ContentType.BSON ? bytes : bsonToJson(of.content).length,
            draft.eventId,
          ]);
        }
      }
    }
  });

  it('in JSON may be many times as long as in BSON', () => {
    const draft = fc.sample(anyDraft, { numRuns: 1, seed: 4 })[0];
    if (draft === undefined) throw new Error('no sample');
    // A control character is one byte of BSON and six of JSON.
    const content = Buffer.from(BSON.serialize({ text: '\u0001'.repeat(50_000) }));
    const [found] = decoded(encodeEntry(stored({ ...draft, content }, 1, 2), 0, ContentType.JSON)) as {
      content: Buffer;
    }[];
    expect(found?.content).toEqual(bsonToJson(content));
  });

  it('has the content of its own generation alone', () => {
    const document = {
      ...documentOf(fc.sample(anyDraft, { numRuns: 1, seed: 5 })[0] as EventDraft, 1, 2),
      generation: 2,
      content: { '1': { old: true }, '2': { fresh: true } },
    };
    const [found] = decoded(encodeEntry(Buffer.from(BSON.serialize(document)), 0, ContentType.JSON));
    expect(found).toMatchObject({ generation: 2, contentGeneration: 2, content: Buffer.from('{"fresh":true}') });
  });
});

/** A BSON document of exactly so many bytes. */
const sized = (bytes: number): Buffer => {
  const empty = BSON.calculateObjectSize({ t: '' });
  return Buffer.from(BSON.serialize(bytes < empty ? {} : { t: 'x'.repeat(bytes - empty) }));
};

describe('a message of many events', () => {
  it('has them one after the other, with the fields of the message behind them', () => {
    fc.assert(
      fc.property(
        fc.array(anyDraft, { maxLength: 20 }),
        fc.nat(2_000),
        contentTypes,
        anyNumber,
        (drafts, size, type, position) => {
          const documents = drafts.map((draft, i) => stored(draft, i, 5));
          const writer = new FrameWriter(type, size);
          let at = 0;
          const all = Buffer.concat(documents);
          documents.forEach((document, i) => {
            // Some as they lie in a reply of the database, some as they were kept.
            if (i % 2 === 0) writer.event(all, at);
            else writer.entry(encodeEntry(document, 0, type));
            at += document.length;
          });
          writer.field(2, position);
          const message = genericCodec('Read').responseDeserialize(writer.take()) as {
            events: unknown[];
            position: number;
          };
          expect(message.events).toEqual(drafts.map((draft, i) => asGeneric(wireEvent(draft, i, 5, type))));
          expect(message.position).toBe(position);
        },
      ),
      { numRuns: 60 },
    );
  });
});
