/** Examples that are made of schemas, and migrations that are tried on them before they are registered. */
import fc from 'fast-check';
import { AnnalsError } from '../kernel/annals-error';
import { anySchema } from './arbitrary-schema.testing';
import { checkDefinition } from './check-definition';
import { compileType } from './compiled-type';
import type { EventTypeDefinition, MigrationStep } from './definition';
import { examplesOf, tryMigrations } from './examples';
import { CompiledSchema } from './schema';

const examples = (schema: unknown): unknown[] => examplesOf(JSON.stringify(schema));

describe('examples', () => {
  const order = {
    type: 'object',
    required: ['id', 'kind'],
    additionalProperties: false,
    properties: {
      id: { type: 'string', format: 'uuid' },
      kind: { enum: ['new', 'used'] },
      count: { type: 'integer', minimum: 3, maximum: 9 },
      code: { type: 'string', pattern: '^[A-Z]{2}-\\d+$' },
      lines: { type: 'array', minItems: 2, items: { $ref: '#/$defs/line' } },
    },
    $defs: {
      line: {
        type: 'object',
        required: ['price'],
        properties: { price: { type: 'number', exclusiveMinimum: 0 }, note: { type: ['string', 'null'] } },
      },
    },
  };

  it('have the least that is required, and all that may be there', () => {
    const made = examples(order);
    expect(made).toContainEqual({ id: expect.any(String), kind: 'new' });
    expect(made).toContainEqual({
      id: expect.any(String),
      kind: 'used',
      count: 3,
      code: 'AB-12',
      lines: [expect.objectContaining({ price: 0.5 }), expect.objectContaining({ price: 0.5 })],
    });
  });

  it('are the schema’s own where it has some that fit', () => {
    expect(
      examples({ ...order, examples: [{ id: 'x' }, { id: '018f2f2e-7b1a-7c3d-9e4f-5a6b7c8d9e0f', kind: 'new' }] }),
    ).toEqual([{ id: '018f2f2e-7b1a-7c3d-9e4f-5a6b7c8d9e0f', kind: 'new' }]);
    const inside = {
      properties: { a: { type: 'string', examples: ['1-2'] }, b: { default: 5 } },
      required: ['a', 'b'],
    };
    expect(examples(inside)).toEqual([{ a: '1-2', b: 5 }]);
  });

  it('take each alternative in turn', () => {
    const kinds = ['a', 'b', 'c'].map((kind) => ({ properties: { kind: { const: kind } }, required: ['kind'] }));
    expect(examples({ oneOf: kinds })).toEqual(expect.arrayContaining(['a', 'b', 'c'].map((kind) => ({ kind }))));
  });

  it('put what has to fit together into one', () => {
    const schema = {
      allOf: [
        { properties: { a: { type: ['string', 'null'] } } },
        { properties: { a: { type: 'null' } }, required: ['a'] },
      ],
    };
    expect(examples(schema)).toEqual([{ a: null }]);
  });

  it('end, also where a schema is about itself', () => {
    expect(examples({ properties: { n: { $ref: '#' } }, required: ['n'] })).toEqual([]);
    expect(examples({ properties: { n: { $ref: '#' } } }).length).toBeGreaterThan(0);
    const wide = Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`p${i}`, { $ref: '#' }]));
    expect(examples({ properties: wide })).toContainEqual({});
  });

  it('are content: objects', () => expect(examples({ type: 'string' })).toEqual([]));

  it('fit, whatever the schema is', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const compiled = new CompiledSchema(JSON.stringify(schema));
        for (const example of examples(schema)) expect(compiled.fits(example)).toBe(true);
      }),
    );
  });
});

describe('a migration is tried', () => {
  const text = (properties: object, required = Object.keys(properties)): string =>
    JSON.stringify({ type: 'object', properties, required, additionalProperties: false });

  const definition = (
    schemas: readonly string[],
    ...steps: readonly (readonly MigrationStep[])[]
  ): EventTypeDefinition => ({
    type: 'a',
    description: '',
    generations: schemas.map((schema, i) => ({ generation: i + 1, schema })),
    migrations: schemas.slice(1).flatMap((_, i) => [
      { from: i + 1, to: i + 2, steps: steps[2 * i] ?? [] },
      { from: i + 2, to: i + 1, steps: steps[2 * i + 1] ?? [] },
    ]),
  });

  /** The field and message of what is wrong. */
  function fault(tried: EventTypeDefinition): unknown {
    checkDefinition(tried, 'types[2]');
    try {
      tryMigrations(tried, compileType(tried), 'types[2]');
      return undefined;
    } catch (error) {
      if (!(error instanceof AnnalsError) || error.code !== 'INVALID_MIGRATION') throw error;
      return [error.field, error.message];
    }
  }

  const name = text({ name: { type: 'string', examples: ['Ada Lovelace'] } });
  const parts = text({ first: { type: 'string' }, last: { type: 'string' } });
  const split: MigrationStep = { kind: 'split', property: 'name', separator: ' ', into: ['first', 'last'] };
  const join: MigrationStep = { kind: 'join', properties: ['first', 'last'], separator: ' ', into: 'name' };

  it('in both directions, and taken when each result fits', () => {
    expect(fault(definition([name, parts], [split], [join]))).toBeUndefined();
  });

  it('and refused with the example and the reason when a step fails', () => {
    const divide: MigrationStep = { kind: 'expression', property: 'x', expression: '1 / size(content.name)' };
    const empty = text({ name: { type: 'string', examples: [''] } });
    expect(fault(definition([empty, '{}'], [divide], []))).toEqual([
      'types[2].migrations[0]',
      'types[2].migrations[0] from generation 1 to 2 fails on the example {"name":""} of generation 1: ' +
        'generation 1 to 2, step 1 (expression): the expression fails: int divide by zero',
    ]);
  });

  it('and refused when a result does not fit the schema that it is for', () => {
    expect(fault(definition([name, parts], [split], []))).toEqual([
      'types[2].migrations[1]',
      'types[2].migrations[1] from generation 2 to 1 fails on the example {"first":"text","last":"text"} of generation 2: ' +
        'the result does not fit generation 1: it must have the property "name"; it must not have the property "first"; it must not have the property "last"',
    ]);
  });

  it('over all generations, as an append would', () => {
    const third = text({ first: { type: 'string', maxLength: 2 }, last: { type: 'string' } });
    expect(fault(definition([name, parts, third], [split], [join]))).toEqual([
      'types[2].migrations[2]',
      expect.stringContaining(
        'fails on the example {"name":"Ada Lovelace"} of generation 1: the result does not fit generation 3: .first must have at most 2 characters',
      ),
    ]);
  });

  it('and a long example is shortened', () => {
    const long = text({ name: { type: 'string', examples: ['x'.repeat(5_000)] } });
    const [, message] = fault(definition([long, parts], [split], [join])) as [string, string];
    expect(message.length).toBeLessThan(700);
  });
});
