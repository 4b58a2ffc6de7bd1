import fc from 'fast-check';
import { encodeEventDocument } from '../storage/event-document';
import { eventDraft, firstGeneration } from '../storage/event-draft.testing';
import { compileType } from '../event-types/compiled-type';
import { partitionKey } from './partition-key';

const NO_TYPES = { types: undefined, wanted: undefined };

const documentOf = (eventSourceId: string, content: Record<string, unknown>): Buffer =>
  encodeEventDocument(eventDraft({ eventSourceId, tags: ['tag'], contents: firstGeneration(content) }));

const by = (path: string, content: Record<string, unknown>): string =>
  partitionKey({ kind: 'property', path })(documentOf('s', content), 0, NO_TYPES);

test('the event source, whatever its name, also of a document in the middle of others', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.nat(20), (source, before) => {
      const document = documentOf(source, { eventSourceId: 'not this one' });
      const bytes = Buffer.concat([Buffer.alloc(before), document]);
      expect(partitionKey({ kind: 'source' })(bytes, before, NO_TYPES)).toBe(source);
    }),
  );
});

test('the whole sequence is one partition', () => {
  const whole = partitionKey({ kind: 'whole' });
  expect(whole(documentOf('a', {}), 0, NO_TYPES)).toBe(whole(documentOf('b', { x: 1 }), 0, NO_TYPES));
});

test.each<[string, string, Record<string, unknown>, string]>([
  ['text', 'customer', { customer: 'c-7' }, 'c-7'],
  ['a nested value', 'customer.id', { customer: { id: 'c-7' } }, 'c-7'],
  ['a number', 'n', { n: 42 }, '42'],
  ['a fraction', 'n', { n: 1.5 }, '1.5'],
  ['a boolean', 'b', { b: false }, 'false'],
  ['an element of a list', 'list.1', { list: ['a', 'b'] }, 'b'],
])('a property: %s is its text', (_, path, content, partition) => {
  expect(by(path, content)).toBe(partition);
});

test.each<[string, string, Record<string, unknown>]>([
  ['is missing', 'customer.id', { customer: {} }],
  ['is missing further up', 'customer.id', {}],
  ['lies below a value', 'customer.id', { customer: 'text' }],
  ['is null', 'x', { x: null }],
  ['is an object', 'x', { x: { y: 1 } }],
  ['is inherited and not its own', 'constructor.name', {}],
  ['is the prototype', '__proto__', {}],
])('an event whose property %s is in the partition of the empty name', (_, path, content) => {
  expect(by(path, content)).toBe('');
});

describe('a property, of a type in generations', () => {
  const type = compileType({
    type: 't',
    description: '',
    generations: [1, 2].map((generation) => ({ generation, schema: '{}' })),
    migrations: [
      { from: 1, to: 2, steps: [{ kind: 'rename', from: 'customer', to: 'client' }] },
      { from: 2, to: 1, steps: [{ kind: 'rename', from: 'client', to: 'customer' }] },
    ],
  });
  const types = { revision: 1, strict: false, empty: false, type: () => type };
  const of = (path: string, wanted?: number): string =>
    partitionKey({ kind: 'property', path })(documentOf('s', { customer: 'c-7' }), 0, {
      types,
      wanted: wanted === undefined ? undefined : () => wanted,
    });

  test('is looked for in the generation that the observer is given, also before it is stored', () => {
    expect(of('client')).toBe('c-7');
    expect(of('customer')).toBe('');
    expect(of('customer', 1)).toBe('c-7');
  });
});
