/**
 * Migrations are tried before they are registered: on examples of each generation's content, cast to
 * all others as an append would. Examples are the schema's own `examples` where there are any, or else
 * made from it; only what fits the schema counts as one.
 */
import { AnnalsError } from '../kernel/annals-error';
import { jsonToBson } from '../kernel/content/json-to-bson';
import { contentsOf } from './contents';
import type { EventTypeDefinition } from './definition';
import { madeExamples } from './example-maker';
import { schemaOf } from './schema';
import { isObject, parseSchema } from './schema-text';
import type { CompiledType } from './types-of-store';

/** Examples of one generation: the least, the fullest, and some between for alternatives. */
const EXAMPLES = 12;
/** Characters of an example in a message. */
const SHOWN = 300;

/** Content that fits a schema. None where none can be made. */
export function examplesOf(schemaText: string): unknown[] {
  const compiled = schemaOf(schemaText);
  const schema = parseSchema(schemaText);
  const own = isObject(schema) && Array.isArray(schema['examples']) ? schema['examples'] : [];
  const fits = (value: unknown): boolean => isObject(value) && compiled.fits(value);
  const given = own.slice(0, EXAMPLES).filter(fits);
  return given.length > 0 ? given : distinct(madeExamples(schema, EXAMPLES)).filter(fits);
}

const distinct = (values: readonly unknown[]): unknown[] => [
  ...new Map(values.map((value) => [JSON.stringify(value), value])).values(),
];

/**
 * @param type the definition, compiled.
 * @throws AnnalsError INVALID_MIGRATION with the example that a migration fails on, and why.
 */
export function tryMigrations(definition: EventTypeDefinition, type: CompiledType, field: string): void {
  if (definition.generations.length === 1) return;
  for (const { generation, schema } of definition.generations) {
    for (const example of examplesOf(schema)) tryOn(definition, type, field, generation, example);
  }
}

function tryOn(
  definition: EventTypeDefinition,
  type: CompiledType,
  field: string,
  generation: number,
  example: unknown,
): void {
  const text = JSON.stringify(example);
  const outcome = contentsOf(type, generation, jsonToBson(Buffer.from(text), field), example);
  if ('contents' in outcome) return;
  const { from, to, reason } =
    outcome.kind === 'migration'
      ? { from: outcome.from, to: outcome.to, reason: outcome.failure }
      : {
          // Content goes outward from where it was written, so it came from the neighbour on that side.
          from: outcome.at > generation ? outcome.at - 1 : outcome.at + 1,
          to: outcome.at,
          reason: `the result does not fit generation ${outcome.at}: ${faultsIn(outcome.faults)}`,
        };
  const at = definition.migrations.findIndex((migration) => migration.from === from && migration.to === to);
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  throw new AnnalsError(
    'INVALID_MIGRATION',
    `${field}.migrations[${at}] from generation ${from} to ${to} fails on the example ${shown} of generation ${generation}: ${reason}`,
    { field: `${field}.migrations[${at}]`, metadata: { from: String(from), to: String(to), example: shown } },
  );
}

/** Faults in a message; the first ones say enough. */
const FAULTS_SHOWN = 3;

const faultsIn = (faults: readonly { readonly path: string; readonly message: string }[]): string =>
  faults
    .slice(0, FAULTS_SHOWN)
    .map(({ path, message }) => `${path === '' ? 'it' : path} ${message}`)
    .join('; ');
