import fc from 'fast-check';
import { BSON, Long } from 'mongodb';
import { decodeReadResponse } from '../contract/event-codec';
import { genericCodec, genericEvent, genericMessage } from '../contract/generic-messages.testing';
import { ContentType, type WireEvent } from '../contract/messages';
import { bsonToJson } from '../kernel/content/bson-to-json';
import type { GenerationContent } from '../kernel/generation-content';
import { MIN_DATE_MS } from '../kernel/limits';
import { anyDraft, anyNumber, documentOf } from '../storage/arbitrary-event.testing';
import type { EventDraft } from '../storage/event-document';
import { chooseGeneration } from './choose-generation';
import { encodeEntry, FrameWriter } from './event-frame';
import { latestContent, type Presentation } from './presentation';
import { anyEventFacts, storedDocument, typeOf, typesOf, type EventFacts } from './stored-event.testing';

const event = genericMessage('Event');
const contentTypes = fc.constantFrom<ContentType[]>(ContentType.BSON, ContentType.JSON);

const plainly = (contentType: ContentType): Presentation => ({ ...latestContent(contentType), types: undefined });

const plain = (draft: EventDraft, number: number, recorded = 5): EventFacts => ({
  draft,
  number,
  recorded,
  compensations: [],
  redaction: undefined,
});

const sampleDraft = (seed: number): EventDraft => {
  const [draft] = fc.sample(anyDraft, { numRuns: 1, seed });
  if (draft === undefined) throw new Error('no sample');
  const { announces: _, origin: __, ...ordinary } = draft;
  return ordinary;
};

const always = (validFrom: number): number | undefined => (validFrom === MIN_DATE_MS ? undefined : validFrom);

/** What the contract says that this stored event is on the wire. Which generation is chosen is a test of its own. */
function wireEvent(facts: EventFacts, presentation: Presentation): WireEvent {
  const { draft, number, recorded, compensations, redaction } = facts;
  const { contentType, view, allGenerations, wanted, types } = presentation;
  const type = types?.type(draft.type);
  const encoded = (content: Buffer) => (contentType === ContentType.BSON ? content : bsonToJson(content));
  const shown = (stored: readonly GenerationContent[], written: number) => {
    const question = { stored, written, wanted: wanted?.(draft.type) ?? type?.latest ?? 0, type };
    const chosen = chooseGeneration({ ...question, redacted: redaction !== undefined });
    if (chosen === undefined) throw new Error('there is always something');
    return {
      content: encoded(chosen.content),
      contentGeneration: chosen.generation,
      contentType,
      notCast: chosen.notCast,
      generations: allGenerations
        ? stored.map(({ generation, content }) => ({ generation, content: encoded(content) }))
        : [],
    };
  };
  const effective = view === 'effective' ? compensations.at(-1) : undefined;
  const { announces, origin, contents: _, ...rest } = draft;
  return {
    ...rest,
    sequenceNumber: number,
    recorded,
    validFrom: always(draft.validFrom),
    traceParent: draft.traceParent ?? '',
    ...shown((effective ?? draft).contents, (effective ?? draft).generation),
    origin,
    announcement:
      announces === undefined
        ? undefined
        : {
            kind: ({ compensation: 1, redaction: 2, constraint: 0 } as const)[announces.kind],
            sequenceNumber: announces.sequenceNumber,
            reason: announces.reason,
          },
    effectiveCompensationId: effective?.compensationId,
    redaction,
    compensations:
      view === 'all'
        ? compensations.map(({ contents, validFrom, ...compensation }) => ({
            ...compensation,
            validFrom: always(validFrom),
            ...shown(contents, compensation.generation),
          }))
        : [],
  };
}

/** The events of a message as the general deserializer reads them. */
const decoded = (message: Buffer): unknown[] =>
  (genericCodec('Read').responseDeserialize(message) as { events: unknown[] }).events;

const asGeneric = (one: WireEvent): unknown => event.deserialize(event.serialize(genericEvent(one)));

/** Any form in which a reader may want it; the types are known by the event's own name, or not at all. */
const anyPresentation = ({ draft }: EventFacts): fc.Arbitrary<Presentation> =>
  fc.record({
    contentType: contentTypes,
    view: fc.constantFrom('original', 'effective', 'all'),
    allGenerations: fc.boolean(),
    wanted: fc.option(
      fc.option(fc.integer({ min: 1, max: 14 }), { nil: undefined }).map((generation) => () => generation),
      { nil: undefined },
    ),
    types: fc.option(
      fc
        .record({ latest: fc.integer({ min: 1, max: 14 }), broken: fc.subarray(['1→2', '2→3', '4→3', '3→4', '12→13']) })
        .map(({ latest, broken }) => typesOf([typeOf(draft.type, latest, broken)])),
      { nil: undefined },
    ),
  });

const anyShownEvent = anyEventFacts.chain((facts) =>
  anyPresentation(facts).map((presentation) => ({ facts, presentation })),
);

describe('a stored event in its wire form', () => {
  it('is what the general serializer makes of it, in any form, whatever has happened to it', () => {
    fc.assert(
      fc.property(anyShownEvent, ({ facts, presentation }) => {
        const frame = encodeEntry(storedDocument(facts), 0, presentation);
        expect(decoded(frame)).toEqual([asGeneric(wireEvent(facts, presentation))]);
      }),
      { numRuns: 200 },
    );
  });

  it('is what our own client reads too', () => {
    fc.assert(
      fc.property(anyShownEvent, ({ facts, presentation }) => {
        const { events } = decodeReadResponse(encodeEntry(storedDocument(facts), 0, presentation));
        expect(events).toEqual([wireEvent(facts, presentation)]);
      }),
    );
  });

  it('has the right length whatever the size, around where the length itself grows', () => {
    const draft = { ...sampleDraft(3), generation: 1, tags: [] };
    const frameOf = (bytes: number, type: ContentType) => {
      const contents = [{ generation: 1, content: sized(bytes) }];
      return encodeEntry(storedDocument(plain({ ...draft, contents }, 1, 2)), 0, plainly(type));
    };
    const bare = frameOf(12, ContentType.BSON).length;
    for (const boundary of [2 ** 7, 2 ** 14, 2 ** 21]) {
      for (let bytes = boundary - bare - 400; bytes < boundary - bare + 60; bytes += 1) {
        if (bytes < 20 || (boundary > 2 ** 15 && bytes % 23 !== 0)) continue;
        for (const type of [ContentType.BSON, ContentType.JSON]) {
          const [found] = decoded(frameOf(bytes, type)) as { content: Buffer; eventId: string }[];
          expect([found?.content.length, found?.eventId]).toEqual([
            type === ContentType.BSON ? bytes : bsonToJson(sized(bytes)).length,
            draft.eventId,
          ]);
        }
      }
    }
  });

  it('in JSON may be many times as long as in BSON', () => {
    // A control character is one byte of BSON and six of JSON.
    const content = Buffer.from(BSON.serialize({ text: '\u0001'.repeat(50_000) }));
    const draft = { ...sampleDraft(4), generation: 1, contents: [{ generation: 1, content }] };
    const [found] = decoded(encodeEntry(storedDocument(plain(draft, 1)), 0, plainly(ContentType.JSON))) as {
      content: Buffer;
    }[];
    expect(found?.content).toEqual(bsonToJson(content));
  });

  it('has the content of its own generation alone when its type is not registered', () => {
    const document = {
      ...documentOf(sampleDraft(5), 1, 2),
      generation: 2,
      content: { '1': { old: true }, '2': { fresh: true }, '3': { fresher: true } },
    };
    const [found] = decoded(encodeEntry(Buffer.from(BSON.serialize(document)), 0, plainly(ContentType.JSON)));
    expect(found).toMatchObject({
      generation: 2,
      contentGeneration: 2,
      content: Buffer.from('{"fresh":true}'),
      notCast: '',
      generations: [],
    });
  });

  it('has no content at all when none is stored, and everything else', () => {
    const document = { ...documentOf(sampleDraft(6), 1, 2), content: {} };
    const [found] = decoded(encodeEntry(Buffer.from(BSON.serialize(document)), 0, plainly(ContentType.BSON)));
    expect(found).toMatchObject({ contentGeneration: 0, content: Buffer.alloc(0) });
  });
});

/** A BSON document of exactly so many bytes. */
const sized = (bytes: number): Buffer => {
  const empty = BSON.calculateObjectSize({ t: '' });
  return Buffer.from(BSON.serialize(bytes < empty ? {} : { t: 'x'.repeat(bytes - empty) }));
};

describe('what happened to an event', () => {
  const draft = {
    ...sampleDraft(7),
    type: 't',
    generation: 1,
    contents: [{ generation: 1, content: Buffer.from(BSON.serialize({ total: 42 })) }],
  };
  const compensations = [1, 2].map((n) => ({
    compensationId: `c-${n}`,
    generation: 1,
    contents: [{ generation: 1, content: Buffer.from(BSON.serialize({ total: n })) }],
    correlationId: 'corr',
    causationId: '',
    causedBy: 'ada',
    occurred: 1,
    recorded: 2,
    validFrom: MIN_DATE_MS,
    reason: 'a typing error',
    sequenceNumber: 10 + n,
  }));
  const compensated: EventFacts = { ...plain(draft, 1), compensations };
  const shown = (facts: EventFacts, over: Partial<Presentation>) =>
    decoded(encodeEntry(storedDocument(facts), 0, { ...plainly(ContentType.JSON), ...over }))[0];

  it('is not shown in the original view', () => {
    const original = shown(compensated, { view: 'original' });
    expect(original).toMatchObject({ content: Buffer.from('{"total":42}'), compensations: [] });
    expect(original).not.toHaveProperty('effectiveCompensationId');
  });

  it('is its content in the effective view, which says by which compensation', () => {
    expect(shown(compensated, { view: 'effective' })).toMatchObject({
      content: Buffer.from('{"total":2}'),
      effectiveCompensationId: 'c-2',
      compensations: [],
    });
    const untouched = shown(plain(draft, 1), { view: 'effective' });
    expect(untouched).toMatchObject({ content: Buffer.from('{"total":42}') });
    expect(untouched).not.toHaveProperty('effectiveCompensationId');
  });

  it('stands beside it when all is asked for, oldest first', () => {
    expect(shown(compensated, { view: 'all' })).toMatchObject({
      content: Buffer.from('{"total":42}'),
      compensations: [
        { compensationId: 'c-1', content: Buffer.from('{"total":1}'), sequenceNumber: 11, validFrom: null },
        { compensationId: 'c-2', content: Buffer.from('{"total":2}'), sequenceNumber: 12, reason: 'a typing error' },
      ],
    });
  });

  it('comes in the generation wanted', () => {
    const types = typesOf([typeOf('t', 2)]);
    expect(shown(compensated, { view: 'all', types })).toMatchObject({
      contentGeneration: 2,
      content: Buffer.from('{"step":"1→2","of":{"total":42}}'),
      compensations: [
        { contentGeneration: 2, content: Buffer.from('{"step":"1→2","of":{"total":1}}') },
        { contentGeneration: 2 },
      ],
    });
  });

  it('is that nothing is left of it after a redaction, and nothing is made up', () => {
    const empty = [{ generation: 1, content: Buffer.from(BSON.serialize({})) }];
    const redacted: EventFacts = {
      ...compensated,
      draft: { ...draft, contents: empty },
      compensations: compensations.map((compensation) => ({ ...compensation, contents: empty })),
      redaction: { reason: 'asked to', causedBy: 'ada', recorded: 3, sequenceNumber: 13 },
    };
    const types = typesOf([typeOf('t', 2)]);
    for (const view of ['original', 'effective', 'all'] as const) {
      expect(shown(redacted, { view, types })).toMatchObject({
        contentGeneration: 1,
        content: Buffer.from('{}'),
        notCast: 'the content was redacted',
        redaction: { reason: 'asked to', causedBy: 'ada', sequenceNumber: 13 },
      });
    }
  });
});

describe('a message of many events', () => {
  it('has them one after the other, with the fields of the message behind them', () => {
    fc.assert(
      fc.property(
        fc.array(anyEventFacts, { maxLength: 20 }),
        fc.nat(2_000),
        contentTypes,
        anyNumber,
        (facts, size, type, position) => {
          const presentation = {
            ...plainly(type),
            types: typesOf(facts.map(({ draft }, i) => typeOf(draft.type, 1 + (i % 4)))),
          };
          const documents = facts.map(storedDocument);
          const writer = new FrameWriter(presentation, size);
          let at = 0;
          const all = Buffer.concat(documents);
          documents.forEach((document, i) => {
            // Some as they lie in a reply of the database, some as they were kept.
            if (i % 2 === 0) writer.event(all, at);
            else writer.entry(encodeEntry(document, 0, presentation));
            at += document.length;
          });
          writer.field(2, position);
          const message = genericCodec('Read').responseDeserialize(writer.take()) as {
            events: unknown[];
            position: number;
          };
          expect(message.events).toEqual(facts.map((one) => asGeneric(wireEvent(one, presentation))));
          expect(message.position).toBe(position);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is by the types that are given for it, whatever the one before was by', () => {
    const facts = plain(
      { ...sampleDraft(8), type: 't', generation: 1, contents: [{ generation: 1, content: sized(20) }] },
      1,
    );
    const document = storedDocument(facts);
    const by = (latest: number): Presentation => ({
      ...plainly(ContentType.BSON),
      types: typesOf([typeOf('t', latest)], latest),
    });
    const writer = new FrameWriter(by(1), 100);
    for (const latest of [1, 2, 3, 2]) {
      writer.reset(by(latest));
      writer.event(document, 0);
      expect(decoded(writer.take())).toMatchObject([{ contentGeneration: latest }]);
    }
    writer.reset(plainly(ContentType.BSON));
    writer.event(document, 0);
    expect(decoded(writer.take())).toMatchObject([{ contentGeneration: 1 }]);
  });
});

it('numbers of any kind that MongoDB stores are taken as they are', () => {
  const document = {
    ...documentOf(sampleDraft(9), 1, 2),
    announces: { kind: 'compensation', sequenceNumber: 2 ** 40, reason: '' },
    redaction: { reason: '', causedBy: '', recorded: new Date(0), sequenceNumber: Long.fromNumber(7) },
  };
  const [found] = decoded(encodeEntry(Buffer.from(BSON.serialize(document)), 0, plainly(ContentType.BSON)));
  expect(found).toMatchObject({ announcement: { sequenceNumber: 2 ** 40 }, redaction: { sequenceNumber: 7 } });
});
