/** Whether a definition may be registered: everything about it that can be said without other definitions. */
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import type { EventTypeDefinition, Migration } from './definition';
import { compileStep, InvalidStep } from './migration-steps';
import { schemaOf } from './schema';
import { InvalidSchema, invalidSchema } from './schema-text';

/** Types that the server itself makes start with this. */
const RESERVED = '$';

/**
 * @param field the definition's place in the call, such as `types[0]`.
 * @throws AnnalsError INVALID_EVENT_TYPE, INVALID_SCHEMA or INVALID_MIGRATION, naming the field at fault.
 */
export function checkDefinition(definition: EventTypeDefinition, field: string): void {
  checkTypeName(definition.type, `${field}.type`);
  const { length } = definition.description;
  if (length > LIMITS.descriptionLength) {
    throw overLimit(`${field}.description`, LIMITS.descriptionLength, length, 'characters', 'INVALID_EVENT_TYPE');
  }
  checkGenerations(definition, field);
  checkNeighbours(definition, field);
  for (const [i, migration] of definition.migrations.entries()) checkSteps(migration, `${field}.migrations[${i}]`);
  for (const [i, { schema }] of definition.generations.entries()) {
    checkSchema(schema, `${field}.generations[${i}].schema`);
  }
}

function checkTypeName(type: string, field: string): void {
  const { length } = Array.from(type); // Code points, as everywhere.
  if (length > LIMITS.eventTypeLength) {
    throw overLimit(field, LIMITS.eventTypeLength, length, 'characters', 'INVALID_EVENT_TYPE');
  }
  if (type === '') throw invalid(field, 'is empty; a type has a name');
  if (type.startsWith(RESERVED)) throw invalid(field, `starts with ${RESERVED}, as the server's own types do`);
  if (type.includes('\0')) throw invalid(field, 'has a NUL character');
}

function checkGenerations({ generations }: EventTypeDefinition, field: string): void {
  const at = `${field}.generations`;
  if (generations.length === 0) throw invalid(at, 'is empty; a type has at least generation 1');
  if (generations.length > LIMITS.generationsPerType) {
    throw overLimit(at, LIMITS.generationsPerType, generations.length, 'generations', 'INVALID_EVENT_TYPE');
  }
  for (const [i, { generation }] of generations.entries()) {
    if (generation !== i + 1) {
      throw invalid(
        `${at}[${i}].generation`,
        `is ${generation} where ${i + 1} is expected: they count from 1 without a gap`,
      );
    }
  }
}

function checkNeighbours({ generations, migrations }: EventTypeDefinition, field: string): void {
  const at = `${field}.migrations`;
  const latest = generations.length;
  const needed = 2 * (latest - 1);
  // Looked at one by one below; so many more could only be there to take time.
  if (migrations.length > needed + 1)
    throw migrationFault(at, `has ${migrations.length} migrations; ${latest} generations need ${needed}`);
  const seen = new Map<string, number>();
  for (const [i, { from, to }] of migrations.entries()) {
    const here = `${at}[${i}]`;
    const known = (generation: number): boolean =>
      Number.isInteger(generation) && generation >= 1 && generation <= latest;
    if (!known(from)) throw migrationFault(`${here}.from`, `is ${from}; the type has generations 1 to ${latest}`);
    if (!known(to)) throw migrationFault(`${here}.to`, `is ${to}; the type has generations 1 to ${latest}`);
    if (Math.abs(from - to) !== 1) {
      throw migrationFault(here, `leads from generation ${from} to ${to}; a migration leads to a neighbour`);
    }
    const earlier = seen.get(`${from} to ${to}`);
    if (earlier !== undefined) throw migrationFault(here, `leads from ${from} to ${to}, as ${at}[${earlier}] does`);
    seen.set(`${from} to ${to}`, i);
  }
  for (let lower = 1; lower < latest; lower++) {
    for (const pair of [`${lower} to ${lower + 1}`, `${lower + 1} to ${lower}`]) {
      if (!seen.has(pair)) throw migrationFault(at, `has none from generation ${pair}`);
    }
  }
}

function checkSteps({ steps }: Migration, field: string): void {
  if (steps.length > LIMITS.stepsPerMigration) {
    throw overLimit(`${field}.steps`, LIMITS.stepsPerMigration, steps.length, 'steps', 'INVALID_MIGRATION');
  }
  for (const [i, step] of steps.entries()) {
    try {
      compileStep(step);
    } catch (error) {
      if (!(error instanceof InvalidStep)) throw error;
      throw migrationFault(`${field}.steps[${i}].${step.kind}.${error.property}`, error.message);
    }
  }
}

function checkSchema(schema: string, field: string): void {
  const size = Buffer.byteLength(schema);
  if (size > LIMITS.schemaBytes) throw overLimit(field, LIMITS.schemaBytes, size, 'bytes', 'INVALID_SCHEMA');
  try {
    schemaOf(schema).compile();
  } catch (error) {
    throw error instanceof InvalidSchema ? invalidSchema(field, error) : error;
  }
}

const invalid = (field: string, reason: string): AnnalsError =>
  new AnnalsError('INVALID_EVENT_TYPE', `${field} ${reason}`, { field });

const migrationFault = (field: string, reason: string): AnnalsError =>
  new AnnalsError('INVALID_MIGRATION', `${field} ${reason}`, { field });
