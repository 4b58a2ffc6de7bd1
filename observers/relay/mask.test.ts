import { deserialize, Double, Int32, Long, serialize } from 'bson';
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { MaskRule } from '../../src/storage/link-records';
import { anyContent, asObject } from '../../src/kernel/content/arbitrary-content.testing';
import { HASHED, mask } from './mask';

const KEY = Buffer.from('secret');
const rule = (property: string, action: MaskRule['action'], types: string[] = []): MaskRule => ({
  property,
  action,
  types,
});

const masked = (content: object, rules: readonly MaskRule[], type = 'order.placed') =>
  mask(rules, KEY)(type, [{ generation: 1, content: Buffer.from(serialize(content)) }]).map(({ content: bytes }) =>
    deserialize(bytes, { promoteValues: true }),
  )[0];

it('leaves a property out, however deep, and in every element of an array', () => {
  const content = {
    name: 'x',
    customer: { email: 'a@b', id: 7 },
    lines: [
      { price: 1, n: 1 },
      { price: 2, n: 2 },
    ],
  };
  expect(masked(content, [rule('customer.email', 'drop'), rule('lines[].price', 'drop')])).toEqual({
    name: 'x',
    customer: { id: 7 },
    lines: [{ n: 1 }, { n: 2 }],
  });
});

it('drops the elements of an array, and the array stays one', () => {
  expect(masked({ tags: ['a', 'b'] }, [rule('tags[]', 'drop')])).toEqual({ tags: [] });
});

it('hashes under the secret, so that equal values stay equal', () => {
  const hash = (bytes: string | Buffer) => HASHED + createHmac('sha256', KEY).update(bytes).digest('base64url');
  const rules = [rule('email', 'hash')];
  const first = masked({ email: 'a@b' }, rules);
  expect(first?.['email']).toMatch(/^hmac-sha256:[\w-]{43}$/);
  expect(masked({ email: 'a@b', more: 1 }, rules)?.['email']).toBe(first?.['email']);
  expect(masked({ email: 'a@c' }, rules)?.['email']).not.toBe(first?.['email']);
  for (const seven of [new Int32(7), new Double(7), Long.fromNumber(7)])
    expect(masked({ email: seven }, rules)?.['email']).toBe(hash('number:7'));
});

it('is about the types that it names alone', () => {
  const rules = [rule('a', 'drop', ['other'])];
  expect(masked({ a: 1 }, rules)).toEqual({ a: 1 });
  expect(masked({ a: 1 }, rules, 'other')).toEqual({});
});

it('leaves every byte of what no rule is about as it is', () => {
  fc.assert(
    fc.property(anyContent, (content) => {
      // Content's tree is that of an object.
      const bytes = Buffer.from(serialize(asObject(content) as object));
      const [out] = mask([rule('no.such[].property', 'hash')], KEY)('t', [{ generation: 3, content: bytes }]);
      expect(out?.generation).toBe(3);
      expect(out?.content.equals(bytes)).toBe(true);
    }),
  );
});
