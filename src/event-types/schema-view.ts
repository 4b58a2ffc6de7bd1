/** Two schemas looked at side by side: keywords as they are meant, references followed. */
import { canonicalText } from './canonical-text';
import { isObject, isSchema, resolveReference, type Schema, type SchemaObject } from './schema-text';

export type JsonType = 'null' | 'boolean' | 'integer' | 'number' | 'string' | 'array' | 'object';
/** Without `integer`, which is part of `number`. */
export const JSON_TYPES: readonly JsonType[] = ['null', 'boolean', 'number', 'string', 'array', 'object'];

/** References one after the other that are followed; a schema with a longer way has been refused. */
const LONGEST_WAY = 100;

/** A schema that is nothing but a reference (and words about it) is what it refers to. */
export function followed(schema: Schema, root: Schema): Schema {
  let at = schema;
  for (let i = 0; i < LONGEST_WAY && isObject(at) && isObject(root) && typeof at['$ref'] === 'string'; i++) {
    if (Object.keys(at).some((keyword) => keyword !== '$ref' && VALIDATING.has(keyword))) return at;
    at = resolveReference(root, at['$ref']);
  }
  return at;
}

/** The keywords that decide whether content fits. All others are words about it. */
export const VALIDATING: ReadonlySet<string> = new Set([
  ...['$ref', 'type', 'nullable', 'enum', 'const', 'multipleOf', 'maximum', 'exclusiveMaximum', 'minimum'],
  ...['exclusiveMinimum', 'maxLength', 'minLength', 'pattern', 'format', 'maxItems', 'minItems', 'uniqueItems'],
  ...['maxContains', 'minContains', 'contains', 'items', 'prefixItems', 'additionalItems', 'unevaluatedItems'],
  ...['maxProperties', 'minProperties', 'required', 'dependentRequired', 'dependentSchemas', 'dependencies'],
  ...['properties', 'patternProperties', 'additionalProperties', 'propertyNames', 'unevaluatedProperties'],
  ...['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else'],
]);

/** The types that a schema allows by its own words, `nullable` counted in. */
export function typesOf(schema: SchemaObject): ReadonlySet<string> | undefined {
  const { type, nullable } = schema as { type?: unknown; nullable?: unknown };
  if (type === undefined) return undefined;
  const types = new Set((Array.isArray(type) ? type : [type]).map(String));
  if (nullable === true) types.add('null');
  return types;
}

/** The types of a value, the narrowest first. */
export function typesOfValue(value: unknown): readonly [string, ...string[]] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value];
}

/** The values that a schema allows when it lists them. */
export function valuesOf(schema: SchemaObject): readonly unknown[] | undefined {
  const listed: readonly unknown[] | undefined = Array.isArray(schema['enum']) ? schema['enum'] : undefined;
  if (!Object.hasOwn(schema, 'const')) return listed;
  const only = schema['const'];
  return listed === undefined || listed.some((value) => sameText(value, only)) ? [only] : [];
}

/** The same JSON, whatever the order of keys; what is absent is only the same as what is absent. */
export const sameText = (a: unknown, b: unknown): boolean =>
  a === undefined || b === undefined ? a === b : canonicalText(a) === canonicalText(b);

export const meansNothing = (schema: SchemaObject): boolean =>
  !Object.keys(schema).some((keyword) => VALIDATING.has(keyword));

/** Keywords that evaluate properties of the same value from beside `properties`. */
export const IN_PLACE: readonly string[] = [
  ...['$ref', 'allOf', 'anyOf', 'oneOf', 'not', 'if', 'dependentSchemas', 'dependencies'],
];

/** What holds for properties that no other keyword is about. */
export function otherProperties(schema: SchemaObject): Schema {
  if (schema['additionalProperties'] !== undefined) return schemaUnder(schema, 'additionalProperties');
  return IN_PLACE.some((keyword) => schema[keyword] !== undefined)
    ? true
    : schemaUnder(schema, 'unevaluatedProperties');
}

export const schemasByName = (schema: SchemaObject, keyword: string): ReadonlyMap<string, Schema> => {
  const held = schema[keyword];
  return new Map(
    isObject(held) ? Object.entries(held).filter((entry): entry is [string, Schema] => isSchema(entry[1])) : [],
  );
};

export const schemasListed = (schema: SchemaObject, keyword: string): readonly Schema[] => {
  const held = schema[keyword];
  return Array.isArray(held) ? held.filter(isSchema) : [];
};

export const schemaUnder = (schema: SchemaObject, keyword: string): Schema => {
  const held = schema[keyword];
  return isSchema(held) ? held : true;
};

export const namesListed = (schema: SchemaObject, keyword: string): readonly string[] => {
  const held = schema[keyword];
  return Array.isArray(held) ? held.filter((name) => typeof name === 'string') : [];
};

export function numberUnder(schema: SchemaObject, keyword: string): number | undefined {
  const held = schema[keyword];
  return typeof held === 'number' ? held : undefined;
}

/** An array's schemas in both dialects: those of the first elements, and that of all others. */
export function elementSchemas(schema: SchemaObject): { readonly first: readonly Schema[]; readonly rest: Schema } {
  if (Array.isArray(schema['items'])) {
    return { first: schemasListed(schema, 'items'), rest: schemaUnder(schema, 'additionalItems') };
  }
  return { first: schemasListed(schema, 'prefixItems'), rest: schemaUnder(schema, 'items') };
}
