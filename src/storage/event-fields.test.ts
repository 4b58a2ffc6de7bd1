import fc from 'fast-check';
import { BSON, Binary, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'mongodb';
import { anyDraft, anyNumber, documentOf } from './arbitrary-event.testing';
import { encodeEventDocument } from './event-document';
import { announcementAt, announcementKind, eachElement, readInt64, visitEvent } from './event-fields';

interface Visited {
  readonly strings: Record<string, string>;
  readonly numbers: Record<string, number>;
  readonly tags: string[];
  readonly content: Record<string, unknown>;
  readonly origin: unknown;
  readonly announces: unknown;
  readonly compensations: unknown;
  readonly redaction: unknown;
}

/** Everything that a visit finds, in the place of the bytes where it begins. */
function visited(bytes: Buffer, start = 0): Visited {
  const strings: Record<string, string> = {};
  const numbers: Record<string, number> = {};
  const tags: string[] = [];
  const content: Record<string, unknown> = {};
  const parts: Record<string, unknown> = {};
  const part = (name: string) => (b: Buffer, from: number, to: number) => {
    parts[name] = BSON.deserialize(b.subarray(from, to));
  };
  visitEvent(bytes, start, {
    string: (field, b, from, to) => (strings[field] = b.toString('utf8', from, to)),
    number: (field, value) => (numbers[field] = value),
    tag: (b, from, to) => tags.push(b.toString('utf8', from, to)),
    traceparent: (b, from, to) => (strings['traceparent'] = b.toString('utf8', from, to)),
    content: (generation, b, from, to) => (content[generation] = BSON.deserialize(b.subarray(from, to))),
    origin: part('origin'),
    announces: part('announces'),
    redaction: part('redaction'),
    compensations: (b, from, to) => {
      const all: unknown[] = [];
      eachElement(b, from, (_t, _k, _s, at) => all.push(BSON.deserialize(b.subarray(at, at + b.readInt32LE(at)))));
      // The array ends where its last element does.
      expect(b[to - 1]).toBe(0);
      parts['compensations'] = all;
    },
  });
  const { origin, announces, compensations, redaction } = parts;
  return { strings, numbers, tags, content, origin, announces, compensations, redaction };
}

/** The same from the driver's decoder. */
function decoded(bytes: Uint8Array): Visited {
  const document = BSON.deserialize(bytes);
  const of = (names: string[], value: (name: string) => unknown) =>
    Object.fromEntries(names.filter((name) => name in document).map((name) => [name, value(name)]));
  const number = (name: string) => {
    const value: unknown = document[name];
    return value instanceof Date ? value.getTime() : Number(value);
  };
  return {
    strings: of(
      ['eventId', 'correlationId', 'causationId', 'causedBy', 'traceparent', 'type', 'eventSourceId'],
      (name) => document[name] as unknown,
    ) as Record<string, string>,
    numbers: of(['_id', 'generation', 'occurred', 'recorded', 'validFrom'], number) as Record<string, number>,
    tags: document['tags'] as string[],
    content: document['content'] as Record<string, unknown>,
    origin: document['origin'] as unknown,
    announces: document['announces'] as unknown,
    compensations: (document['compensations'] as unknown[]).length === 0 ? undefined : document['compensations'],
    redaction: document['redaction'] as unknown,
  };
}

/** A value of every type that BSON has: what a later version may put beside the fields that are known here. */
const OF_EVERY_TYPE: Record<string, unknown> = {
  double: new Double(1.5),
  string: 'text',
  document: { type: 'not the event’s', tags: ['no'] },
  array: ['not', { a: 'tag' }],
  binary: new Binary(Buffer.from('binary')),
  oldBinary: new Binary(Buffer.from('binary'), 2),
  objectId: new ObjectId(),
  yes: true,
  date: new Date(0),
  nothing: null,
  regex: /pattern/i,
  code: new Code('1'),
  scoped: new Code('1', { a: 1 }),
  int32: new Int32(7),
  timestamp: new Timestamp(7n),
  int64: Long.fromNumber(7),
  decimal: Decimal128.fromString('1.5'),
  least: new MinKey(),
  greatest: new MaxKey(),
};

describe('visiting a stored event', () => {
  it('finds what decoding finds', () => {
    fc.assert(
      fc.property(anyDraft, anyNumber, fc.nat(), (draft, number, recorded) => {
        const bytes = Buffer.from(BSON.serialize(documentOf(draft, number, recorded)));
        expect(visited(bytes)).toEqual(decoded(bytes));
      }),
    );
  });

  it('finds it wherever in a buffer the document begins', () => {
    fc.assert(
      fc.property(anyDraft, fc.nat(50), (draft, before) => {
        const bytes = Buffer.from(BSON.serialize(documentOf(draft, 1, 2)));
        const inside = Buffer.concat([Buffer.alloc(before, 0xaa), bytes, Buffer.alloc(20, 0xaa)]);
        expect(visited(inside, before)).toEqual(decoded(bytes));
      }),
    );
  });

  it('is not led astray by the order of fields', () => {
    fc.assert(
      fc.property(anyDraft, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (draft, random) => {
        const entries = Object.entries(documentOf(draft, 3, 4));
        const shuffled = entries.map((entry) => ({ entry, at: random.next().value ?? 0 })).sort((a, b) => a.at - b.at);
        const bytes = Buffer.from(BSON.serialize(Object.fromEntries(shuffled.map(({ entry }) => entry))));
        expect(visited(bytes)).toEqual(decoded(bytes));
      }),
    );
  });

  it.each(Object.keys(OF_EVERY_TYPE))('passes over a field of a later version of the type %s', (type) => {
    const draft = fc.sample(anyDraft, { numRuns: 1, seed: 1 })[0];
    if (draft === undefined) throw new Error('no sample');
    const known = documentOf(draft, 5, 6);
    const later = {
      '': OF_EVERY_TYPE[type],
      unknown: OF_EVERY_TYPE[type],
      ...known,
      [`z-${type}`]: OF_EVERY_TYPE[type],
    };
    const bytes = Buffer.from(BSON.serialize(later));
    expect(visited(bytes)).toEqual(decoded(BSON.serialize(known)));
  });

  it.each([
    'contexT',
    'content2',
    'eventIx',
    'occasion',
    'resource',
    'gEnerators',
    'compensated___',
    'corRelations_',
    'tooo',
    'tall',
    'text',
    'occupier',
    'recurred',
    'validTill',
    'eventStreamId',
    'object',
    'causeless',
    'causality_id',
    'causeTwo',
  ])('passes over a field of a later version called %s, however like a known one it looks', (name) => {
    const draft = fc.sample(anyDraft, { numRuns: 1, seed: 2 })[0];
    if (draft === undefined) throw new Error('no sample');
    const known = documentOf(draft, 5, 6);
    for (const value of ['text', { '1': { a: 1 } }, new Date(1)]) {
      const bytes = Buffer.from(BSON.serialize({ ...known, [name]: value }));
      expect(visited(bytes)).toEqual(decoded(BSON.serialize(known)));
    }
  });

  it('hands over every generation of the content, and none of a compensation', () => {
    const bytes = Buffer.from(
      BSON.serialize({
        _id: Long.fromNumber(0),
        content: { '1': { a: 1 }, '2': { a: 2 }, '10': { a: 10 } },
        compensations: [{ generation: 1, content: { '1': { a: 'replaced' } }, correlationId: 'other' }],
      }),
    );
    expect(visited(bytes)).toMatchObject({
      content: { 1: { a: 1 }, 2: { a: 2 }, 10: { a: 10 } },
      strings: {},
      numbers: { _id: 0 },
    });
  });

  it('hands over compensations and redaction as they lie there', () => {
    const draft = fc.sample(anyDraft, { numRuns: 1, seed: 3 })[0];
    if (draft === undefined) throw new Error('no sample');
    const document = {
      ...documentOf(draft, 5, 6),
      compensations: [
        { compensationId: 'a', content: { '1': { x: 1 } } },
        { compensationId: 'b', content: { '1': { x: 2 } } },
      ],
      redaction: { reason: 'asked to', causedBy: 'ada' },
    };
    const bytes = Buffer.from(BSON.serialize(document));
    expect(visited(bytes)).toEqual(decoded(bytes));
    expect(visited(bytes).compensations).toHaveLength(2);
  });

  it('hands over the origin of a relayed event', () => {
    const origin = { store: 's', namespace: 'n', sequence: 'outbox', sequenceNumber: 7, link: 'l', hops: 1 };
    expect(visited(Buffer.from(BSON.serialize({ _id: 1, origin }))).origin).toEqual(origin);
  });
});

it('an int64 is read as the number that it is', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigInt64LE(BigInt(n));
      expect(readInt64(bytes, 0)).toBe(n);
    }),
  );
});

describe('an announcement', () => {
  it('is told from an ordinary event by one fixed place, in our own documents and in the driver’s', () => {
    fc.assert(
      fc.property(anyDraft, anyNumber, fc.nat(50), (draft, number, before) => {
        for (const document of [
          encodeEventDocument(draft),
          Buffer.from(BSON.serialize(documentOf(draft, number, 0))),
        ]) {
          const inside = Buffer.concat([Buffer.alloc(before, 0x03), document, Buffer.alloc(20, 0x03)]);
          expect(announcementKind(inside, before)).toBe(draft.announces?.kind);
        }
      }),
    );
  });

  it('is none when something else of that name or type stands there', () => {
    const at = (third: Record<string, unknown>) =>
      Buffer.from(BSON.serialize({ _id: Long.fromNumber(1), recorded: new Date(0), ...third, eventId: 'e' }));
    expect(announcementKind(at({ announces: { kind: 'redaction' } }), 0)).toBe('redaction');
    expect(announcementKind(at({ announces: 'redaction' }), 0)).toBeUndefined();
    expect(announcementKind(at({ announcesX: { kind: 'redaction' } }), 0)).toBeUndefined();
    expect(announcementKind(at({}), 0)).toBeUndefined();
    expect(announcementKind(at({ announces: { kind: 'redaction' } }).subarray(0, 40), 0)).toBeUndefined();
  });

  it('names its kind and the event that it is about; one of a later version’s kind is nobody’s to read', () => {
    const of = (announces: Record<string, unknown>) => announcementAt(Buffer.from(BSON.serialize(announces)), 0);
    const sequenceNumber = Long.fromNumber(2 ** 40);
    expect(of({ kind: 'compensation', sequenceNumber, reason: '' })).toEqual({
      kind: 'compensation',
      sequenceNumber: 2 ** 40,
    });
    expect(of({ kind: 'renumbering', sequenceNumber }).kind).toBe('constraint');
  });
});
