/** For property tests: any event that admission would let through, and the document that a person would write for it. */
import { BSON, Long } from 'mongodb';
import fc from 'fast-check';
import { MAX_DATE_MS, MIN_DATE_MS } from '../kernel/limits';
import type { AnnouncementDraft, EventDraft, OriginDraft } from './event-document';

/** Mostly short, sometimes any Unicode with NULs, sometimes around the lengths at which a varint grows. */
export const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.string({ minLength: 1, maxLength: 20 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }) },
  { weight: 1, arbitrary: fc.integer({ min: 120, max: 135 }).map((length) => 'x'.repeat(length)) },
);

export const anyDate = fc.oneof(
  fc.integer({ min: MIN_DATE_MS, max: MAX_DATE_MS }),
  fc.constantFrom(MIN_DATE_MS, MIN_DATE_MS + 1, -1_001, -1_000, -999, -1, 0, 1, 999, 1_000, MAX_DATE_MS),
);

export const anyNumber = fc.oneof(
  fc.nat(300),
  fc.maxSafeNat(),
  fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
);

/** Content whose own size is around the lengths at which a varint grows, now and then. */
export const anyContent = fc
  .oneof(
    {
      weight: 8,
      arbitrary: fc.dictionary(
        fc.string({ maxLength: 5 }).filter((key) => !key.includes('\0')),
        fc.jsonValue(),
      ),
    },
    {
      weight: 1,
      arbitrary: fc
        .oneof(fc.integer({ min: 60, max: 130 }), fc.integer({ min: 16_000, max: 16_400 }))
        .map((length) => ({
          text: 'x'.repeat(length),
        })),
    },
  )
  .map((value) => Buffer.from(BSON.serialize(value)));

const anyAnnouncement: fc.Arbitrary<AnnouncementDraft> = fc.record({
  kind: fc.constantFrom('compensation', 'redaction', 'constraint'),
  sequenceNumber: anyNumber,
  reason: fc.oneof(fc.constant(''), anyText),
});

const anyOrigin: fc.Arbitrary<OriginDraft> = fc.record({
  store: anyText,
  namespace: anyText,
  sequence: anyText,
  sequenceNumber: anyNumber,
  recorded: anyDate,
  link: anyText,
  hops: fc.nat(20),
});

/** Stored as it is, whatever it is. */
const anyTraceParent = fc.constantFrom('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'short');

const anyPlainDraft = fc.record({
  eventId: anyText,
  correlationId: anyText,
  causationId: fc.oneof(fc.constant(''), anyText),
  causedBy: fc.oneof(fc.constant(''), anyText),
  type: anyText,
  occurred: anyDate,
  validFrom: anyDate,
  eventSourceId: anyText,
  tags: fc.oneof(fc.array(anyText, { maxLength: 4 }), fc.array(anyText, { minLength: 9, maxLength: 32 })),
});

/** Mostly one generation, as of a type that is not registered. */
const anyContents = fc.oneof(
  { weight: 3, arbitrary: fc.array(anyContent, { minLength: 1, maxLength: 1 }) },
  { weight: 1, arbitrary: fc.array(anyContent, { minLength: 2, maxLength: 12 }) },
);

export const anyDraft: fc.Arbitrary<EventDraft> = fc
  .tuple(
    anyPlainDraft,
    anyContents,
    fc.nat(),
    fc.option(anyAnnouncement, { nil: undefined }),
    fc.option(anyOrigin, { nil: undefined }),
    fc.option(anyTraceParent, { nil: undefined }),
  )
  .map(([draft, contents, written, announces, origin, traceParent]) => ({
    ...draft,
    generation: (written % contents.length) + 1,
    contents: contents.map((content, i) => ({ generation: i + 1, content })),
    ...(announces === undefined ? {} : { announces }),
    ...(origin === undefined ? {} : { origin }),
    ...(traceParent === undefined ? {} : { traceParent }),
  }));

/** The stored document, as the driver's own serializer would have it. */
export const documentOf = (draft: EventDraft, number: number, recorded: number): Record<string, unknown> => ({
  _id: Long.fromNumber(number),
  recorded: new Date(recorded),
  ...(draft.announces === undefined
    ? {}
    : { announces: { ...draft.announces, sequenceNumber: Long.fromNumber(draft.announces.sequenceNumber) } }),
  eventId: draft.eventId,
  correlationId: draft.correlationId,
  causationId: draft.causationId,
  causedBy: draft.causedBy,
  ...(draft.traceParent === undefined ? {} : { traceparent: draft.traceParent }),
  type: draft.type,
  generation: draft.generation,
  occurred: new Date(draft.occurred),
  validFrom: new Date(draft.validFrom),
  eventSourceId: draft.eventSourceId,
  tags: [...draft.tags],
  content: Object.fromEntries(
    draft.contents.map(({ generation, content }) => [
      String(generation),
      BSON.deserialize(content, { promoteValues: false }),
    ]),
  ),
  compensations: [],
  ...(draft.origin === undefined ? {} : { origin: originOf(draft.origin) }),
});

const originOf = ({ store, namespace, sequence, sequenceNumber, recorded, link, hops }: OriginDraft) => ({
  store,
  namespace,
  sequence,
  sequenceNumber: Long.fromNumber(sequenceNumber),
  recorded: new Date(recorded),
  link,
  hops,
});
