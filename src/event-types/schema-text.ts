/** JSON Schema as it is written: the text, and where one schema stands inside another. */
import { AnnalsError } from '../kernel/annals-error';

/** A schema that cannot be used; `message` is the end of a sentence about it. */
export class InvalidSchema extends Error {
  override readonly name = 'InvalidSchema';
}

export type SchemaObject = Readonly<Record<string, unknown>>;
export type Schema = SchemaObject | boolean;

export const isObject = (value: unknown): value is SchemaObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isSchema = (value: unknown): value is Schema => typeof value === 'boolean' || isObject(value);

export type Dialect = '2020-12' | 'draft-07';

const DIALECTS: ReadonlyMap<unknown, Dialect> = new Map([
  [undefined, '2020-12'],
  ['https://json-schema.org/draft/2020-12/schema', '2020-12'],
  ['http://json-schema.org/draft-07/schema', 'draft-07'],
]);

export function dialectOf(schema: SchemaObject): Dialect {
  const named = schema['$schema'];
  const dialect = DIALECTS.get(typeof named === 'string' ? named.replace(/#$/, '') : named);
  if (dialect !== undefined) return dialect;
  throw new InvalidSchema(`is of the dialect ${JSON.stringify(named)}; use JSON Schema 2020-12 or draft-07`);
}

/** How a keyword's value holds schemas. */
type Holding = 'one' | 'list' | 'one or list' | 'by name';

interface Applicator {
  readonly holds: Holding;
  /** The schemas are about the same value, not about something inside it. */
  readonly inPlace: boolean;
  /** They are applied to any number of elements or properties. */
  readonly many: boolean;
}

const inPlace = (holds: Holding): Applicator => ({ holds, inPlace: true, many: false });
const once = (holds: Holding): Applicator => ({ holds, inPlace: false, many: false });
const many = (holds: Holding): Applicator => ({ holds, inPlace: false, many: true });

/** The keywords of both dialects that hold schemas. `$defs` and `definitions` hold them for others. */
export const APPLICATORS: ReadonlyMap<string, Applicator> = new Map([
  ['allOf', inPlace('list')],
  ['anyOf', inPlace('list')],
  ['oneOf', inPlace('list')],
  ['not', inPlace('one')],
  ['if', inPlace('one')],
  ['then', inPlace('one')],
  ['else', inPlace('one')],
  ['dependentSchemas', inPlace('by name')],
  ['dependencies', inPlace('by name')],
  ['properties', once('by name')],
  ['prefixItems', once('list')],
  ['items', many('one or list')],
  ['additionalItems', many('one')],
  ['unevaluatedItems', many('one')],
  ['contains', many('one')],
  ['patternProperties', many('by name')],
  ['additionalProperties', many('one')],
  ['unevaluatedProperties', many('one')],
  ['propertyNames', many('one')],
]);

export const DEFINITIONS: readonly string[] = ['$defs', 'definitions'];

/** The schemas that a keyword's value holds; what is none is left to the dialect's own schema. */
export function heldSchemas(value: unknown, holds: Holding): [string, Schema][] {
  if (holds === 'by name') return isObject(value) ? Object.entries(value).filter(hasSchema) : [];
  if (Array.isArray(value)) {
    return holds === 'one' ? [] : value.map((held, i): [string, unknown] => [String(i), held]).filter(hasSchema);
  }
  return holds !== 'list' && isSchema(value) ? [['', value]] : [];
}

const hasSchema = (entry: [string, unknown]): entry is [string, Schema] => isSchema(entry[1]);

/** The place that a reference names inside the schema. Throws InvalidSchema when there is none, or it leads outward. */
export function resolveReference(root: SchemaObject, reference: string): Schema {
  const shown = JSON.stringify(reference.length > 100 ? `${reference.slice(0, 100)}…` : reference);
  const pointer = inside(root, reference);
  if (pointer === undefined) {
    throw new InvalidSchema(`refers to ${shown}, outside itself; put what it needs under $defs and refer to that`);
  }
  let at: unknown = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = decoded(part)?.replaceAll('~1', '/').replaceAll('~0', '~');
    if (key === undefined || typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) {
      throw new InvalidSchema(`refers to ${shown}, which is not there`);
    }
    at = Reflect.get(at, key);
  }
  if (!isSchema(at)) throw new InvalidSchema(`refers to ${shown}, which is no schema`);
  return at;
}

/** The JSON pointer of a reference into the schema: '' or '/…'. */
function inside(root: SchemaObject, reference: string): string | undefined {
  const id = typeof root['$id'] === 'string' ? root['$id'].replace(/#$/, '') : undefined;
  const [base = '', ...fragment] = reference.split('#');
  if (base !== '' && base !== id) return undefined;
  const pointer = fragment.join('#');
  if (pointer === '' || pointer.startsWith('/')) return pointer;
  throw new InvalidSchema(
    `refers to the anchor ${JSON.stringify(reference.slice(0, 100))}; refer to a place, such as #/$defs/name`,
  );
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The schema of a text. Throws InvalidSchema. */
export function parseSchema(text: string): Schema {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    throw new InvalidSchema(`is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isSchema(schema)) throw new InvalidSchema('is neither an object nor true or false');
  return schema;
}

export const invalidSchema = (field: string, error: InvalidSchema): AnnalsError =>
  new AnnalsError('INVALID_SCHEMA', `${field} ${error.message}`, { field, cause: error });
