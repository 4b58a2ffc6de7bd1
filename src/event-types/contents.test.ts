/** Content in every generation: checked, cast, checked again, or refused with the reason. */
import { jsonToBson } from '../kernel/content/json-to-bson';
import { compileType } from './compiled-type';
import { completeContents, contentsOf } from './contents';
import type { EventTypeDefinition } from './definition';
import type { ContentOutcome } from './types-of-store';

const schema = (properties: object, required: readonly string[]): string =>
  JSON.stringify({ type: 'object', properties, required, additionalProperties: false });

/** `name`, then `title`, then `title` with a length; 13 letters are too many for the third. */
const definition: EventTypeDefinition = {
  type: 'book-added',
  description: '',
  generations: [
    { generation: 1, schema: schema({ name: { type: 'string' } }, ['name']) },
    { generation: 2, schema: schema({ title: { type: 'string' } }, ['title']) },
    { generation: 3, schema: schema({ title: { maxLength: 12 }, length: { type: 'integer' } }, ['title', 'length']) },
  ],
  migrations: [
    { from: 1, to: 2, steps: [{ kind: 'rename', from: 'name', to: 'title' }] },
    { from: 2, to: 1, steps: [{ kind: 'rename', from: 'title', to: 'name' }] },
    {
      from: 2,
      to: 3,
      steps: [
        { kind: 'expression', property: 'length', expression: '120 / size(content.title) * size(content.title)' },
      ],
    },
    { from: 3, to: 2, steps: [{ kind: 'remove', property: 'length' }] },
  ],
};
const type = compileType(definition);
const content = (value: object): Buffer => jsonToBson(Buffer.from(JSON.stringify(value)), 'content');
const inAll = (generation: number, value: object): ContentOutcome =>
  contentsOf(type, generation, content(value), value);

const EMMA = [
  { generation: 1, content: content({ name: 'Emma' }) },
  { generation: 2, content: content({ title: 'Emma' }) },
  { generation: 3, content: content({ title: 'Emma', length: 120 }) },
];

it.each([
  [1, { name: 'Emma' }],
  [2, { title: 'Emma' }],
  [3, { title: 'Emma', length: 120 }],
])('content of generation %d is cast up and down to all others', (generation, value) => {
  expect(inAll(generation, value)).toEqual({ contents: EMMA });
});

it('content of a type with one generation is the bytes that were given', () => {
  const single = compileType({ ...definition, generations: definition.generations.slice(0, 1), migrations: [] });
  const given = content({ name: 'Emma' });
  const outcome = contentsOf(single, 1, given, { name: 'Emma' });
  expect('contents' in outcome && outcome.contents[0]?.content).toBe(given);
});

it('content that does not fit the generation that it is written in is refused with every fault', () => {
  expect(inAll(1, { nam: 1 })).toEqual({
    kind: 'schema',
    at: 1,
    faults: [
      { path: '', message: 'must have the property "name"' },
      { path: '', message: 'must not have the property "nam"' },
    ],
  });
});

it('content that does not fit a generation that it is cast to is refused, naming that one', () => {
  expect(inAll(1, { name: 'Pride and Prejudice' })).toEqual({
    kind: 'schema',
    at: 3,
    faults: [{ path: '.title', message: 'must have at most 12 characters' }],
  });
});

it('content that a migration fails on is refused with the step and the reason', () => {
  expect(inAll(1, { name: '' })).toEqual({
    kind: 'migration',
    from: 2,
    to: 3,
    failure: 'generation 2 to 3, step 1 (expression): the expression fails: int divide by zero',
  });
});

describe('content that is there in some generations already', () => {
  it('keeps those as they are and gets the others from their neighbours', () => {
    const own = [EMMA[0]!, { generation: 2, content: content({ title: 'Emma (1815)' }) }];
    expect(completeContents(type, own, 1)).toEqual({
      contents: [...own, { generation: 3, content: content({ title: 'Emma (1815)', length: 120 - (120 % 11) }) }],
    });
    expect(completeContents(type, EMMA.slice(2), 3)).toEqual({ contents: EMMA });
    expect(completeContents(type, EMMA, 2)).toEqual({ contents: EMMA });
  });

  it('loses generations that the type does not have here', () => {
    const later = { generation: 4, content: content({ other: true }) };
    expect(completeContents(type, [...EMMA, later], 4)).toEqual({ contents: EMMA });
    expect(completeContents(type, [later], 4)).toMatchObject({ kind: 'migration', from: 4, to: 3 });
  });

  it('is refused where it does not fit', () => {
    const wrong = { generation: 2, content: content({ title: 5 }) };
    expect(completeContents(type, [EMMA[0]!, wrong], 1)).toEqual({
      kind: 'schema',
      at: 2,
      faults: [{ path: '.title', message: 'must be string' }],
    });
  });
});
