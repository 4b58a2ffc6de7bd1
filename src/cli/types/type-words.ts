/** Schemas and migrations in words: pure. */
import type { Migration, MigrationStep } from '../../client';
import { printable } from '../terminal';

/** One step as a sentence without its full stop: `total becomes amount`. */
export function stepWords(step: MigrationStep): string {
  if ('rename' in step) return `${step.rename.from} becomes ${step.rename.to}`;
  if ('default' in step) return `${step.default.property} is ${JSON.stringify(step.default.value)} where it is absent`;
  if ('remove' in step) return `${step.remove.property} is left out`;
  if ('split' in step) {
    const { property, separator, into } = step.split;
    return `${property} is split at ${JSON.stringify(separator)} into ${all(into)}`;
  }
  if ('join' in step) {
    const { properties, separator, into } = step.join;
    return `${all(properties)} are joined with ${JSON.stringify(separator)} into ${into}`;
  }
  if ('convert' in step) return `${step.convert.property} becomes ${article(step.convert.to)}`;
  return `${step.expression.property} is ${step.expression.expression}`;
}

const all = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;

const article = (kind: string): string => `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;

/** The lines of a migration; one without steps says so. */
export const migrationWords = ({ steps }: Migration): string[] =>
  steps.length === 0 ? ['content stays as it is'] : steps.map((step) => printable(stepWords(step)));

export interface PropertyWords {
  readonly path: string;
  readonly kind: string;
  readonly required: boolean;
}

/** Properties shown of a schema; a schema of GitHub's has some hundred. */
const PROPERTIES_SHOWN = 24;

/** The properties of a schema with their kinds, in its order; what a schema says beyond them is in itself. */
export function schemaWords(schema: unknown): { readonly properties: readonly PropertyWords[]; readonly more: number } {
  const found = propertiesOf(schema, schema, '');
  return { properties: found.slice(0, PROPERTIES_SHOWN), more: Math.max(0, found.length - PROPERTIES_SHOWN) };
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Levels of objects inside each other that are shown: a schema may refer to itself. */
const LEVELS = 4;

function propertiesOf(schema: unknown, root: unknown, path: string): PropertyWords[] {
  if (!isObject(schema) || !isObject(schema['properties'])) return [];
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(schema['properties']).flatMap(([name, given]) => {
    const property = resolved(given, root);
    const at = path === '' ? name : `${path}.${name}`;
    const own = { path: at, kind: kindOf(property, root), required: required.includes(name) };
    if (at.split('.').length >= LEVELS) return [own];
    const items = isObject(property) ? resolved(property['items'], root) : undefined;
    return [own, ...propertiesOf(property, root, at), ...propertiesOf(items, root, `${at}[]`)];
  });
}

/** What `#/$defs/name` stands for. */
function resolved(schema: unknown, root: unknown): unknown {
  const ref = isObject(schema) ? schema['$ref'] : undefined;
  if (typeof ref !== 'string' || !ref.startsWith('#/')) return schema;
  let found: unknown = root;
  for (const key of ref.slice(2).split('/')) found = isObject(found) ? found[key] : undefined;
  return found ?? schema;
}

function kindOf(schema: unknown, root: unknown): string {
  if (!isObject(schema)) return 'anything';
  const { type, enum: members, const: constant, format, anyOf, oneOf } = schema as Record<string, unknown>;
  if (constant !== undefined) return JSON.stringify(constant);
  if (Array.isArray(members)) return members.map((one) => JSON.stringify(one)).join(' | ');
  const choices = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : undefined;
  if (choices !== undefined) return [...new Set(choices.map((one) => kindOf(resolved(one, root), root)))].join(' | ');
  if (type === 'array') return `array of ${kindOf(resolved(schema['items'], root), root)}`;
  const kinds = Array.isArray(type) ? type.join(' | ') : typeof type === 'string' ? type : 'anything';
  return typeof format === 'string' ? `${kinds} (${format})` : kinds;
}
