/** What is wrong with content, in words for whoever sent it: the place, and what would be right. */
import type { ErrorObject } from 'ajv';
import { pathStep } from '../kernel/content/json-place';
import type { SchemaFault } from './types-of-store';

/** Faults that one validation tells: the first ones are what somebody mends. */
export const FAULTS_TOLD = 20;

/** Characters of a property's name or a value in a message. */
const SHOWN = 60;
/** Allowed values that a message lists. */
const VALUES_LISTED = 12;

export function faultOf(error: ErrorObject, value: unknown): SchemaFault {
  return { path: pathOf(error.instancePath, value), message: messageOf(error) };
}

/** `/commits/3/author` as `.commits[3].author`: whether 3 is an index or a name, the value says. */
function pathOf(pointer: string, value: unknown): string {
  let path = '';
  let at = value;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path += Array.isArray(at) ? `[${key}]` : pathStep(key);
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
  }
  return path;
}

const WORDS: Readonly<Record<string, (params: Readonly<Record<string, unknown>>) => string>> = {
  type: ({ type }) => `must be ${listed(type, ' or ')}`,
  required: ({ missingProperty }) => `must have the property ${shown(missingProperty)}`,
  dependentRequired: ({ property, missingProperty }) =>
    `must have the property ${shown(missingProperty)}, since it has ${shown(property)}`,
  dependencies: ({ property, missingProperty }) =>
    `must have the property ${shown(missingProperty)}, since it has ${shown(property)}`,
  additionalProperties: ({ additionalProperty }) => `must not have the property ${shown(additionalProperty)}`,
  unevaluatedProperties: ({ unevaluatedProperty }) => `must not have the property ${shown(unevaluatedProperty)}`,
  propertyNames: ({ propertyName }) => `must not have a property named ${shown(propertyName)}`,
  enum: ({ allowedValues }) => `must be one of ${listed(allowedValues, ', ', VALUES_LISTED)}`,
  const: ({ allowedValue }) => `must be ${shown(allowedValue)}`,
  minimum: ({ comparison, limit }) => `must be ${String(comparison)} ${String(limit)}`,
  maximum: ({ comparison, limit }) => `must be ${String(comparison)} ${String(limit)}`,
  exclusiveMinimum: ({ comparison, limit }) => `must be ${String(comparison)} ${String(limit)}`,
  exclusiveMaximum: ({ comparison, limit }) => `must be ${String(comparison)} ${String(limit)}`,
  multipleOf: ({ multipleOf }) => `must be a multiple of ${String(multipleOf)}`,
  minLength: ({ limit }) => `must have at least ${String(limit)} characters`,
  maxLength: ({ limit }) => `must have at most ${String(limit)} characters`,
  minItems: ({ limit }) => `must have at least ${String(limit)} elements`,
  maxItems: ({ limit }) => `must have at most ${String(limit)} elements`,
  items: ({ limit }) => `must have at most ${String(limit)} elements`,
  additionalItems: ({ limit }) => `must have at most ${String(limit)} elements`,
  unevaluatedItems: ({ limit }) => `must have at most ${String(limit)} elements`,
  minProperties: ({ limit }) => `must have at least ${String(limit)} properties`,
  maxProperties: ({ limit }) => `must have at most ${String(limit)} properties`,
  uniqueItems: () => 'must not have the same element twice',
  contains: ({ minContains, maxContains }) => {
    const most = maxContains === undefined ? '' : ` and at most ${shown(maxContains)}`;
    return `must have at least ${shown(minContains)}${most} elements of the kind that is asked for`;
  },
  pattern: ({ pattern }) => `must match the pattern ${shown(pattern)}`,
  format: ({ format }) => `must have the format ${shown(format)}`,
  'false schema': () => 'must not be there',
  not: () => 'must not be what it is',
  anyOf: () => 'must fit one of the alternatives',
  oneOf: ({ passingSchemas }) =>
    Array.isArray(passingSchemas) ? 'must fit one of the alternatives alone' : 'must fit one of the alternatives',
  if: ({ failingKeyword }) => `must fit the schema under "${String(failingKeyword)}"`,
};

const messageOf = ({ keyword, params }: ErrorObject): string =>
  // Ajv's params are records of facts; its type leaves them open.
  WORDS[keyword]?.(params as Readonly<Record<string, unknown>>) ?? `must keep to ${shown(keyword)}`;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function listed(values: unknown, between: string, most = Number.POSITIVE_INFINITY): string {
  if (!Array.isArray(values)) return typeof values === 'string' ? values : shown(values);
  const words = values
    .slice(0, most)
    .map((value) => (most === Number.POSITIVE_INFINITY ? String(value) : shown(value)));
  return words.join(between) + (values.length > most ? ` and ${values.length - most} more` : '');
}
