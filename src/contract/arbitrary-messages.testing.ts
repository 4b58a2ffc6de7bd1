import fc from 'fast-check';
import { MAX_DATE_MS, MIN_DATE_MS } from '../kernel/limits';
import { Status } from '../kernel/error-registry';
import {
  AnnouncementKind,
  type Announcement,
  type AppendRequest,
  type AppendResponse,
  type AppendStreamItem,
  type AppendStreamResult,
  type Compensation,
  type ContentType,
  type EventFilter,
  type Failure,
  type NewEvent,
  type Origin,
  type Redaction,
  type Violation,
  type WireEvent,
  type WireGeneration,
} from './messages';

/** Any message of the hot path, for the property tests of the codecs. */

/** Text as it may be: mostly short ASCII, sometimes any Unicode, sometimes longer than the writer's short path. */
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ minLength: 45, maxLength: 150 }),
  fc.string({ unit: 'grapheme', minLength: 30, maxLength: 60 }),
);
const number = fc.oneof(
  fc.nat(300),
  fc.nat(),
  fc.maxSafeNat(),
  fc.constantFrom(2 ** 28, 2 ** 32, 2 ** 35, 2 ** 53 - 1),
);
const uint32 = fc.oneof(fc.nat(3), fc.nat(0xffff_ffff));
const date = fc.integer({ min: MIN_DATE_MS, max: MAX_DATE_MS });
// Now and then longer than 16 KiB, whose length takes a third byte; rarely, since comparing it takes the test's time.
const content = fc
  .oneof(
    { weight: 30, arbitrary: fc.uint8Array({ maxLength: 150 }) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(16_400).fill(7)) },
  )
  .map((bytes) => Buffer.from(bytes));
const contentType = fc.constantFrom<ContentType[]>(0, 1, 2);
const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
/** Rare on the wire, so rare here, or comparing them takes the tests' time. */
const rarely = <T>(value: fc.Arbitrary<T>, otherwise: T): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(otherwise) }, { weight: 1, arbitrary: value });
const few = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(value, { maxLength: 4 });

const newEvent: fc.Arbitrary<NewEvent> = fc.record({
  eventId: optional(text),
  type: text,
  generation: uint32,
  eventSourceId: text,
  tags: few(text),
  correlationId: text,
  causationId: text,
  causedBy: text,
  occurred: optional(date),
  validFrom: optional(date),
  content,
  contentType,
  traceParent: rarely(text, ''),
});

const filter: fc.Arbitrary<EventFilter> = fc.record({
  types: few(text),
  eventSourceIds: few(text),
  tags: few(text),
  correlationId: optional(text),
  announcements: fc.boolean(),
});

export const appendRequests: fc.Arbitrary<AppendRequest> = fc.record({
  sequence: fc.record({ store: text, namespace: text, sequence: text }),
  events: few(newEvent),
  expectations: few(fc.record({ filter, lastSeen: optional(number) })),
});

export const appendStreamItems: fc.Arbitrary<AppendStreamItem[]> = few(
  fc.record({ requestId: number, append: content }),
);

// `__proto__` is no key of a plain object in protobufjs; the server's own keys are names of its own.
const metadata = fc.dictionary(
  text.filter((key) => key !== '__proto__'),
  text,
  { maxKeys: 3, noNullPrototype: true },
);

const violation: fc.Arbitrary<Violation> = fc
  .record({ code: text, message: text, field: text, sequenceNumber: optional(number) })
  .chain((one) => metadata.map((facts) => (Object.keys(facts).length === 0 ? one : { ...one, metadata: facts })));

export const appendResponses: fc.Arbitrary<AppendResponse> = fc.oneof(
  fc.record({
    appended: fc.record({
      firstSequenceNumber: number,
      lastSequenceNumber: number,
      duplicate: fc.boolean(),
      recorded: date,
      eventIds: few(text),
    }),
  }),
  fc.record({ refused: fc.record({ violations: few(violation) }) }),
);

const failures: fc.Arbitrary<Failure> = fc.record({
  status: fc.constantFrom(...Object.values(Status)),
  code: text,
  message: text,
  field: text,
  metadata,
});

export const appendStreamResults: fc.Arbitrary<AppendStreamResult[]> = few(
  fc.oneof(
    fc.record({ requestId: number, response: appendResponses }),
    fc.record({ requestId: number, failure: failures }),
  ),
);

const origin: fc.Arbitrary<Origin> = fc.record({
  store: text,
  namespace: text,
  sequence: text,
  sequenceNumber: number,
  recorded: date,
  link: text,
  hops: uint32,
});

const announcement: fc.Arbitrary<Announcement> = fc.record({
  kind: fc.constantFrom<AnnouncementKind[]>(...Object.values(AnnouncementKind)),
  sequenceNumber: number,
  reason: text,
});

const redaction: fc.Arbitrary<Redaction> = fc.record({
  reason: text,
  causedBy: text,
  recorded: date,
  sequenceNumber: number,
});

const generations: fc.Arbitrary<WireGeneration[]> = fc.array(fc.record({ generation: uint32, content }), {
  maxLength: 3,
});

const compensation: fc.Arbitrary<Compensation> = fc.record({
  compensationId: text,
  generation: uint32,
  correlationId: text,
  causationId: text,
  causedBy: text,
  occurred: date,
  recorded: date,
  validFrom: optional(date),
  reason: text,
  sequenceNumber: number,
  content,
  contentGeneration: uint32,
  contentType,
  notCast: text,
  generations,
});

export const wireEvents: fc.Arbitrary<WireEvent> = fc.record({
  sequenceNumber: number,
  eventId: text,
  type: text,
  generation: uint32,
  eventSourceId: text,
  tags: few(text),
  correlationId: text,
  causationId: text,
  causedBy: text,
  occurred: date,
  recorded: date,
  validFrom: optional(date),
  content,
  contentGeneration: uint32,
  contentType,
  origin: optional(origin),
  announcement: rarely(optional(announcement), undefined),
  compensations: rarely(fc.array(compensation, { maxLength: 3 }), []),
  effectiveCompensationId: rarely(optional(text), undefined),
  redaction: rarely(optional(redaction), undefined),
  notCast: rarely(text, ''),
  generations: rarely(generations, []),
  traceParent: rarely(text, ''),
});

export { date as dates, few, number as sequenceNumbers, optional };
