/** The changes from one schema to the next in words, each with whether content that fits the old one fits the new one. */
import { SchemaComparison, type PlacedChange } from './schema-comparison';
import { dialectOf, isObject, parseSchema, type Schema } from './schema-text';
import { sameText } from './schema-view';
import { beginValidation, UNBOUNDED } from './validation-budget';

export interface SchemaChange {
  readonly words: string;
  /** Content that fits the old schema is sure to fit the new one, as far as this change goes. */
  readonly compatible: boolean;
}

/** Changes that are told; nobody reads more. */
const TOLD = 50;

/** Both texts are schemas that have been checked. */
export function changesBetween(oldText: string, newText: string): readonly SchemaChange[] {
  if (oldText === newText) return [];
  const [old, now] = [parseSchema(oldText), parseSchema(newText)];
  if (sameText(old, now)) return [];
  if (dialect(old) !== dialect(now)) return [{ words: 'it is of another dialect of JSON Schema', compatible: false }];
  beginValidation(UNBOUNDED); // Patterns are tried on names of properties, and count their steps.
  const changes = distinct(new SchemaComparison(old, now).changes().map(spoken));
  if (changes.length === 0) return [{ words: 'its descriptions or definitions are new', compatible: true }];
  const rest = changes.slice(TOLD);
  if (rest.length === 0) return changes;
  const compatible = rest.every((one) => one.compatible);
  return [...changes.slice(0, TOLD), { words: `${rest.length} more changes`, compatible }];
}

const dialect = (schema: Schema): string => dialectOf(isObject(schema) ? schema : {});

/** `property "a.b" is …`, or about the content as a whole. */
function spoken({ path, words, compatible }: PlacedChange): SchemaChange {
  const place = path === '' ? 'the content' : `property ${JSON.stringify(path.replace(/^\./, ''))}`;
  return { words: `${place} ${words}`, compatible };
}

const distinct = (changes: readonly SchemaChange[]): SchemaChange[] => [
  ...new Map(changes.map((one) => [`${one.words} ${one.compatible}`, one])).values(),
];
