import fc from 'fast-check';
import { BSON, Binary, Code, Decimal128, Double, Int32, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'mongodb';
import { anyDraft, anyNumber, documentOf } from './arbitrary-event.testing';
import { readInt64, visitEvent } from './event-fields';

interface Visited {
  readonly strings: Record<string, string>;
  readonly numbers: Record<string, number>;
  readonly tags: string[];
  readonly content: Record<string, unknown>;
  readonly origin: unknown;
}

/** Everything that a visit finds, in the place of the bytes where it begins. */
function visited(bytes: Buffer, start = 0): Visited {
  const strings: Record<string, string> = {};
  const numbers: Record<string, number> = {};
  const tags: string[] = [];
  const content: Record<string, unknown> = {};
  let origin: unknown;
  visitEvent(bytes, start, {
    string: (field, b, from, to) => (strings[field] = b.toString('utf8', from, to)),
    number: (field, value) => (numbers[field] = value),
    tag: (b, from, to) => tags.push(b.toString('utf8', from, to)),
    content: (generation, b, from, to) => (content[generation] = BSON.deserialize(b.subarray(from, to))),
    origin: (b, from, to) => (origin = BSON.deserialize(b.subarray(from, to))),
  });
  return { strings, numbers, tags, content, origin };
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
      ['eventId', 'correlationId', 'causationId', 'causedBy', 'type', 'eventSourceId'],
      (name) => document[name] as unknown,
    ) as Record<string, string>,
    numbers: of(['_id', 'generation', 'occurred', 'recorded', 'validFrom'], number) as Record<string, number>,
    tags: document['tags'] as string[],
    content: document['content'] as Record<string, unknown>,
    origin: document['origin'] as unknown,
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
