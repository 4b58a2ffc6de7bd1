/**
 * Values that may fit a schema: it follows what is said about types, properties, bounds, references
 * and alternatives, and takes what the schema's author gives as examples. It does not solve schemas,
 * so whoever asks checks what comes out.
 */
import { compilePattern } from './patterns';
import { isObject, resolveReference, type Schema, type SchemaObject } from './schema-text';
import {
  elementSchemas,
  namesListed,
  numberUnder,
  sameText,
  schemasByName,
  schemasListed,
  typesOf,
  typesOfValue,
  valuesOf,
} from './schema-view';
import { beginValidation, UNBOUNDED } from './validation-budget';

/** Levels of objects and arrays; beyond them only what is required is made. */
const DEPTH = 8;
/** Levels beyond which nothing is made: a schema that requires itself has no value. */
const LAST_DEPTH = 40;
/** Schemas that are looked at for one example, those of properties that it leaves out too. */
const SIZE = 10_000;
/** Elements and characters that a bound may ask for. */
const LONGEST = 1_000;

/** No value can be made. */
const NONE = Symbol('none');
type Made = unknown;

/** Up to `count` values: the least, then full ones, each with other alternatives. */
export function madeExamples(schema: Schema, count: number): unknown[] {
  beginValidation(UNBOUNDED); // Patterns are tried, and count their steps.
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) {
    const value = new ExampleMaker(schema, i % 2 === 1, Math.floor(i / 2)).make(schema, 0);
    if (value !== NONE) values.push(value);
  }
  return values;
}

class ExampleMaker {
  private size = 0;

  /** @param turn which of several alternatives is taken. */
  constructor(
    private readonly root: Schema,
    private readonly full: boolean,
    private readonly turn: number,
  ) {}

  make(schema: Schema, depth: number): Made {
    if (!isObject(schema)) return schema ? 'text' : NONE;
    if (depth > LAST_DEPTH || ++this.size > SIZE) return NONE;
    const whole = this.merged(schema, 0);
    const given = givenValues(whole);
    if (given.length > 0) return this.pick(given);
    if (valuesOf(whole) !== undefined) return NONE;
    switch (this.typeOf(whole)) {
      case 'object':
        return this.object(whole, depth);
      case 'array':
        return this.array(whole, depth);
      case 'string':
        return textFor(whole);
      case 'integer':
        return numberFor(whole, true);
      case 'number':
        return numberFor(whole, false);
      case 'boolean':
        return this.turn % 2 === 0;
      default:
        return null;
    }
  }

  private pick<T>(values: readonly T[]): T | undefined {
    return values[this.turn % values.length];
  }

  /** The schema with what it refers to, all parts of `allOf`, and one alternative, as one object. */
  private merged(schema: SchemaObject, depth: number): SchemaObject {
    const { $ref, allOf: _allOf, anyOf: _anyOf, oneOf: _oneOf, ...rest } = schema as Record<string, unknown>;
    if (depth > DEPTH) return rest;
    const parts: Schema[] = [...schemasListed(schema, 'allOf')];
    if (typeof $ref === 'string' && isObject(this.root)) parts.push(resolveReference(this.root, $ref));
    const joinedWith = (all: SchemaObject, part: SchemaObject): SchemaObject =>
      joined(all, this.merged(part, depth + 1));
    const whole = parts.filter(isObject).reduce(joinedWith, rest);
    return ['anyOf', 'oneOf'].reduce((all, keyword) => {
      const alternatives = schemasListed(schema, keyword).filter(isObject);
      const turned = alternatives.map((_, i) => alternatives[(i + this.turn) % alternatives.length] ?? {});
      // The first from here on that can go with what is there.
      return turned.map((alternative) => joinedWith(all, alternative)).find(possible) ?? all;
    }, whole);
  }

  private typeOf(schema: SchemaObject): string | undefined {
    const types = [...(typesOf(schema) ?? [])];
    if (types.length > 0) return this.full ? this.pick(types) : types[0];
    if (schema['properties'] !== undefined || schema['required'] !== undefined) return 'object';
    if (schema['items'] !== undefined || schema['prefixItems'] !== undefined) return 'array';
    if (['minimum', 'maximum', 'multipleOf'].some((keyword) => schema[keyword] !== undefined)) return 'number';
    return depthless(schema) ? 'object' : 'string';
  }

  private object(schema: SchemaObject, depth: number): Made {
    const required = new Set(namesListed(schema, 'required'));
    const properties = schemasByName(schema, 'properties');
    const made: [string, unknown][] = [];
    this.size += properties.size;
    for (const [name, one] of properties) {
      if (!required.has(name) && !(this.full && depth < DEPTH)) continue;
      const value = this.make(one, depth + 1);
      if (value !== NONE) made.push([name, value]);
      else if (required.has(name)) return NONE;
    }
    for (const name of required) if (!properties.has(name)) made.push([name, 'text']);
    return Object.fromEntries(made); // Defines properties, so `__proto__` is one.
  }

  private array(schema: SchemaObject, depth: number): Made {
    const { first, rest } = elementSchemas(schema);
    const least = Math.min(numberUnder(schema, 'minItems') ?? 0, LONGEST);
    const most = numberUnder(schema, 'maxItems') ?? Number.POSITIVE_INFINITY;
    const wanted = this.full && depth < DEPTH ? Math.max(first.length, least, 1) : least;
    const elements: unknown[] = [];
    for (let i = 0; i < Math.min(wanted, most); i++) {
      const value = this.make(first[i] ?? rest, depth + 1);
      if (value === NONE) return elements.length >= least ? elements : NONE;
      elements.push(value);
    }
    return elements;
  }
}

/** A schema that says nothing about its type stands for content, which is an object. */
const depthless = (schema: SchemaObject): boolean =>
  schema['minLength'] === undefined && schema['pattern'] === undefined && schema['format'] === undefined;

function givenValues(schema: SchemaObject): readonly unknown[] {
  const types = typesOf(schema);
  const listed = valuesOf(schema);
  if (listed !== undefined)
    return listed.filter((value) => types === undefined || typesOfValue(value).some((type) => types.has(type)));
  if (Array.isArray(schema['examples']) && schema['examples'].length > 0) return schema['examples'];
  return Object.hasOwn(schema, 'default') ? [schema['default']] : [];
}

/** Whether some type is left, and some value. */
const possible = (schema: SchemaObject): boolean =>
  typesOf(schema)?.size !== 0 && (valuesOf(schema) === undefined || givenValues(schema).length > 0);

const typesListed = (schema: SchemaObject): readonly string[] | undefined => {
  const types = typesOf(schema);
  return types === undefined ? undefined : [...types];
};

/** What both lists have, where there are two. */
function common<T>(
  a: readonly T[] | undefined,
  b: readonly T[] | undefined,
  among: (value: T, others: readonly T[]) => boolean,
): readonly T[] | undefined {
  return a === undefined || b === undefined ? (a ?? b) : a.filter((value) => among(value, b));
}

/** Both at once, as far as they can be put into one object. */
function joined(a: SchemaObject, b: SchemaObject): SchemaObject {
  const [ofA, ofB] = [schemasByName(a, 'properties'), schemasByName(b, 'properties')];
  const properties = new Map(ofA);
  for (const [name, schema] of ofB) {
    const other = ofA.get(name);
    properties.set(name, other === undefined ? schema : { allOf: [other, schema] });
  }
  const required = [...new Set([...namesListed(a, 'required'), ...namesListed(b, 'required')])];
  const values = common(valuesOf(a), valuesOf(b), (value, others) => others.some((other) => sameText(value, other)));
  const types = common(typesListed(a), typesListed(b), (type, others) => others.includes(type));
  return {
    ...b,
    ...a,
    ...(values === undefined ? {} : { enum: values }),
    ...(types === undefined ? {} : { type: types }),
    ...(properties.size > 0 ? { properties: Object.fromEntries(properties) } : {}),
    ...(required.length > 0 ? { required } : {}),
  };
}

const OF_FORMAT: Readonly<Record<string, string>> = {
  date: '2024-02-29',
  time: '12:30:00Z',
  'date-time': '2024-02-29T12:30:00Z',
  duration: 'P1DT2H',
  uri: 'https://example.org/a',
  'uri-reference': '/a',
  'uri-template': 'https://example.org/{a}',
  url: 'https://example.org/a',
  email: 'someone@example.org',
  hostname: 'example.org',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  regex: '^a$',
  uuid: '018f2f2e-7b1a-7c3d-9e4f-5a6b7c8d9e0f',
  'json-pointer': '/a',
  'relative-json-pointer': '0/a',
};

/** Texts that many patterns match. */
const TRIED = [
  'text',
  'a',
  'A',
  '1',
  '12',
  '123',
  '1234',
  '12345',
  'abc',
  'ABC',
  'Ab1',
  'a-b',
  'a_b',
  'a b',
  'a.b',
  'a/b',
  'a:b',
  'A-1',
  'AB-12',
  '1.0',
  '1.0.0',
  '+1234567',
  '#abcdef',
  'en',
  'EUR',
  '0123456789abcdef',
];

function textFor(schema: SchemaObject): unknown {
  const format = OF_FORMAT[typeof schema['format'] === 'string' ? schema['format'] : ''];
  if (format !== undefined) return format;
  const least = Math.min(numberUnder(schema, 'minLength') ?? 0, LONGEST);
  const most = numberUnder(schema, 'maxLength') ?? Number.POSITIVE_INFINITY;
  const sized = (text: string): string => text.padEnd(least, text.at(-1) ?? 'a').slice(0, most);
  const { pattern } = schema as { readonly pattern?: unknown };
  if (typeof pattern !== 'string') return sized('text');
  const matches = compilePattern(pattern);
  return [...TRIED, ...Object.values(OF_FORMAT)].map(sized).find((text) => matches.test(text)) ?? sized('text');
}

function numberFor(schema: SchemaObject, whole: boolean): number {
  const least = numberUnder(schema, 'minimum') ?? numberUnder(schema, 'exclusiveMinimum');
  const most = numberUnder(schema, 'maximum') ?? numberUnder(schema, 'exclusiveMaximum');
  const unit = numberUnder(schema, 'multipleOf') ?? (whole ? 1 : 0.5);
  if (least === undefined && most === undefined) return unit;
  if (least === undefined)
    return Math.floor((most ?? 0) / unit) * unit - (numberUnder(schema, 'maximum') === undefined ? unit : 0);
  const from = Math.ceil(least / unit) * unit;
  const tooLow = numberUnder(schema, 'minimum') === undefined && from <= least;
  return tooLow ? from + unit : from;
}
