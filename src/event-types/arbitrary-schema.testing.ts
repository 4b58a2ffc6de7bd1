/** For property tests: schemas of 2020-12 with every keyword, and values that fit some of them. */
import fc from 'fast-check';

const schemas = fc.letrec<{ schema: unknown }>((tie) => {
  const name = fc.constantFrom('a', 'b');
  const names = fc.uniqueArray(name, { maxLength: 2 });
  const small = fc.integer({ min: 0, max: 3 });
  const list = fc.array(tie('schema'), { minLength: 1, maxLength: 2 });
  const byName = fc.dictionary(name, tie('schema'), { maxKeys: 2, noNullPrototype: true });
  const keywords = fc.record(
    {
      type: fc.oneof(
        fc.constantFrom('object', 'string', 'integer', 'number', 'array'),
        fc.uniqueArray(fc.constantFrom('object', 'string', 'integer', 'null', 'array'), { minLength: 1, maxLength: 3 }),
      ),
      enum: fc.uniqueArray(fc.constantFrom<unknown>('x', 1, null, 2), { minLength: 1, maxLength: 3 }),
      const: fc.constantFrom<unknown>('x', 1, null),
      minimum: small,
      exclusiveMinimum: small,
      maximum: small,
      multipleOf: fc.constantFrom(1, 2),
      minLength: small,
      maxLength: small,
      pattern: fc.constantFrom('x', '^x$'),
      required: names,
      properties: byName,
      patternProperties: fc.dictionary(fc.constantFrom('a', '^.$'), tie('schema'), {
        maxKeys: 1,
        noNullPrototype: true,
      }),
      additionalProperties: tie('schema'),
      propertyNames: tie('schema'),
      minProperties: small,
      maxProperties: small,
      items: tie('schema'),
      prefixItems: list,
      contains: tie('schema'),
      minItems: small,
      maxItems: small,
      uniqueItems: fc.boolean(),
      allOf: list,
      anyOf: list,
      oneOf: list,
      not: tie('schema'),
      if: tie('schema'),
      then: tie('schema'),
      dependentRequired: fc.dictionary(name, names, { maxKeys: 1, noNullPrototype: true }),
      unevaluatedProperties: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  return {
    schema: fc.oneof(
      { depthSize: 'small', maxDepth: 3 },
      fc.boolean(),
      // A few keywords at a time, so that they meet.
      fc.tuple(keywords, fc.array(fc.nat(), { maxLength: 3 })).map(([all, picks]) => {
        const entries = Object.entries(all);
        return Object.fromEntries(picks.flatMap((pick) => entries.slice(pick % (entries.length || 1)).slice(0, 1)));
      }),
    ),
  };
});
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    fc.constantFrom<unknown>('x', '', 'xx', 0, 1, 2, 3, 1.5, null, true),
    fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

export const anySchema = schemas.schema;
export const anyValue = values.value;
