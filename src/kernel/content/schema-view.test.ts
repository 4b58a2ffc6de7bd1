import { Binary, BSON, Decimal128, Long, ObjectId } from 'bson';
import fc from 'fast-check';
import { jsonToBson } from './json-to-bson';
import { schemaView } from './schema-view';

const viewOf = (content: object): unknown => schemaView(Buffer.from(BSON.serialize(content)));

describe('content as a schema sees it', () => {
  it('is, of what came as JSON, that JSON', () => {
    const anyContent = fc
      .dictionary(fc.string({ maxLength: 5 }), fc.jsonValue())
      // Keys that no BSON document has, or that no object literal makes.
      .filter((content) => !/\\u0000|__proto__/.test(JSON.stringify(content)));
    fc.assert(
      fc.property(anyContent, (content) => {
        const json = JSON.stringify(content);
        expect(schemaView(jsonToBson(Buffer.from(json), 'content'))).toEqual(JSON.parse(json));
      }),
    );
  });

  it.each<[string, unknown, unknown]>([
    ['a date', new Date('2026-03-01T12:00:00.5Z'), '2026-03-01T12:00:00.500Z'],
    ['a large whole number', Long.fromString('9007199254740993'), 9007199254740992],
    ['a decimal', Decimal128.fromString('12.50'), 12.5],
    ['an object id', new ObjectId('65f000000000000000000001'), '65f000000000000000000001'],
    ['binary data', new Binary(Buffer.from('hi')), 'aGk='],
    ['a date within a list', [new Date(0)], ['1970-01-01T00:00:00.000Z']],
  ])('has %s as a type that JSON Schema knows', (_, value, seen) => {
    expect(viewOf({ value, beside: { n: 1 } })).toEqual({ value: seen, beside: { n: 1 } });
  });

  it('has no time for a date that no calendar names, and no fault', () => {
    const beyond = BSON.serialize({ at: new Date(0) });
    new DataView(beyond.buffer, beyond.byteOffset).setBigInt64(4 + 1 + 3, 2n ** 62n, true);
    expect(schemaView(Buffer.from(beyond))).toEqual({ at: null });
  });
});
