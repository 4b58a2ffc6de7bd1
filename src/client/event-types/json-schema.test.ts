/** Most of it is the compiler's to run (`npm run types`): a wrong line that compiles, or a right one that does not, fails there. */
import { schema, type ContentOfSchema, type JsonSchema } from './json-schema';

/** The content's type by inference from the literal, as a builder takes it. */
const like = <const S extends JsonSchema>(_schema: S, content: ContentOfSchema<S>): ContentOfSchema<S> => content;

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_is: Same<A, B>): void => undefined;

const ORDER = {
  type: 'object',
  properties: {
    total: { type: 'integer', minimum: 0 },
    currency: { enum: ['EUR', 'USD'] },
    note: { type: ['string', 'null'] },
    lines: {
      type: 'array',
      items: { type: 'object', properties: { article: { type: 'string' } }, required: ['article'] },
    },
    customer: { $ref: '#/$defs/person' },
  },
  required: ['total', 'currency'],
  $defs: { person: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] } },
} as const;

test('properties, required or not, enums, arrays, alternatives of types and references', () => {
  same<
    ContentOfSchema<typeof ORDER>,
    {
      readonly total: number;
      readonly currency: 'EUR' | 'USD';
      readonly note?: string | null;
      readonly lines?: readonly { readonly article: string }[];
      readonly customer?: { readonly name: string };
    }
  >(true);
  const order = like(ORDER, { total: 1, currency: 'EUR', note: null, customer: { name: 'Ada' } });
  expect(order.total).toBe(1);
  // @ts-expect-error -- `total` is required
  like(ORDER, { currency: 'EUR' });
  // @ts-expect-error -- a number
  like(ORDER, { total: '1', currency: 'EUR' });
  // @ts-expect-error -- none of the enum
  like(ORDER, { total: 1, currency: 'GBP' });
  // @ts-expect-error -- misspelt
  like(ORDER, { total: 1, currency: 'EUR', nots: 'x' });
  // @ts-expect-error -- an article has a name
  like(ORDER, { total: 1, currency: 'EUR', lines: [{}] });
});

test('a literal needs no `as const`', () => {
  const content = like({ type: 'object', properties: { n: { type: 'number' } }, required: ['n'] }, { n: 1 });
  same<typeof content, { readonly n: number }>(true);
  expect(content.n).toBe(1);
});

test('anyOf and oneOf are unions, allOf narrows', () => {
  const either = {
    oneOf: [
      { type: 'object', properties: { kind: { const: 'card' }, last: { type: 'string' } }, required: ['kind', 'last'] },
      { type: 'object', properties: { kind: { const: 'cash' } }, required: ['kind'] },
    ],
  } as const;
  const paid = like(either, { kind: 'card', last: '4242' });
  expect(paid.kind === 'card' ? paid.last : '').toBe('4242');
  const both = {
    allOf: [
      { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
      { type: 'object', properties: { b: { type: 'number' } }, required: ['b'] },
    ],
  } as const;
  same<ContentOfSchema<typeof both>, { readonly a: string; readonly b: number }>(true);
  expect(like(both, { a: '', b: 1 })).toEqual({ a: '', b: 1 });
});

test('a tree refers to itself', () => {
  const tree = {
    type: 'object',
    properties: { name: { type: 'string' }, children: { type: 'array', items: { $ref: '#' } } },
    required: ['name'],
  } as const;
  const content = like(tree, { name: 'root', children: [{ name: 'leaf' }] });
  expect(content.children?.[0]?.children).toBeUndefined();
  // @ts-expect-error -- a child has a name, too
  like(tree, { name: 'root', children: [{}] });
});

test('a schema that says nothing leaves content open', () => {
  same<ContentOfSchema<true>, Readonly<Record<string, unknown>>>(true);
  same<ContentOfSchema<JsonSchema>, Readonly<Record<string, unknown>>>(true);
  same<ContentOfSchema<{ type: 'object' }>, Readonly<Record<string, unknown>>>(true);
  same<ContentOfSchema<{ type: 'object'; additionalProperties: { type: 'number' } }>, Readonly<Record<string, number>>>(
    true,
  );
  expect(like({ type: 'object' }, { anything: [1] })).toEqual({ anything: [1] });
});

test("`schema` gives the program's own type and leaves the schema as it is", () => {
  interface Placed {
    total: number;
  }
  const json = { type: 'object' };
  const typed = schema<Placed>(json);
  same<ContentOfSchema<typeof typed>, Placed>(true);
  expect(typed).toBe(json);
});
