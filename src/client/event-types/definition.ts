import type { ConvertTarget } from '../../contract/generated/annals/v1/ConvertTarget';
import type { EventTypeDefinition as WireDefinition } from '../../contract/generated/annals/v1/EventTypeDefinition';
import type { EventTypeDefinition__Output } from '../../contract/generated/annals/v1/EventTypeDefinition';
import type { MigrationStep as WireStep } from '../../contract/generated/annals/v1/MigrationStep';
import type { MigrationStep__Output } from '../../contract/generated/annals/v1/MigrationStep';
import { checkNumber, checkText, invalidField } from '../field-checks';
import type { JsonSchema } from './json-schema';

/**
 * A type of events as data: what `eventType(…)` builds, what a file holds that the command line registers, and how both
 * become the wire's message and back. Whether a definition is right the server says; here it only has to have its shape.
 */

export interface EventTypeDefinition {
  readonly type: string;
  readonly description?: string | undefined;
  /** Generations 1, 2, 3 … without a gap. */
  readonly generations: readonly GenerationDefinition[];
  /** One in each direction between neighbours. */
  readonly migrations?: readonly Migration[] | undefined;
}

export interface GenerationDefinition {
  readonly generation: number;
  readonly schema: JsonSchema;
}

export interface Migration {
  readonly from: number;
  readonly to: number;
  readonly steps: readonly MigrationStep[];
}

/** `date` is a BSON date, from ISO 8601 text or milliseconds since 1970. */
export type ConversionTarget = 'string' | 'integer' | 'number' | 'boolean' | 'date';

/** Properties are paths such as `customer.id`; `lines[].price` means every element of an array. */
export type MigrationStep =
  | { readonly rename: { readonly from: string; readonly to: string } }
  | { readonly default: { readonly property: string; readonly value: unknown } }
  | { readonly remove: { readonly property: string } }
  | { readonly split: { readonly property: string; readonly separator: string; readonly into: readonly string[] } }
  | { readonly join: { readonly properties: readonly string[]; readonly separator: string; readonly into: string } }
  | { readonly convert: { readonly property: string; readonly to: ConversionTarget } }
  | { readonly expression: { readonly property: string; readonly expression: string } };

const TARGETS: Readonly<Record<ConversionTarget, ConvertTarget>> = {
  string: 'CONVERT_TARGET_STRING',
  integer: 'CONVERT_TARGET_INTEGER',
  number: 'CONVERT_TARGET_NUMBER',
  boolean: 'CONVERT_TARGET_BOOLEAN',
  date: 'CONVERT_TARGET_DATE',
};

/** Throws INVALID_FIELD or INVALID_UTF8, naming the place. */
export function wireDefinition(definition: EventTypeDefinition, field: string): WireDefinition {
  const { type, description, generations, migrations = [] } = members(definition, field);
  return {
    type: checkText(`${field}.type`, type),
    description: checkText(`${field}.description`, description ?? ''),
    generations: list(generations, `${field}.generations`, (one, at) => ({
      generation: checkNumber(`${at}.generation`, one.generation),
      schema: jsonText(one.schema, `${at}.schema`),
    })),
    migrations: list(migrations, `${field}.migrations`, (one, at) => ({
      from: checkNumber(`${at}.from`, one.from),
      to: checkNumber(`${at}.to`, one.to),
      steps: list(one.steps, `${at}.steps`, wireStep),
    })),
  };
}

function wireStep(step: MigrationStep, field: string): WireStep {
  const kinds = Object.keys(step);
  if (kinds.length !== 1) throw invalidField(field, 'is one step, such as { "rename": { "from": "a", "to": "b" } }');
  const { properties, texts, text } = fieldsOf(step, field);
  if ('rename' in step) return { rename: { from: text('from'), to: text('to') } };
  if ('default' in step) {
    return {
      default: { property: text('property'), value: jsonText(step.default.value, `${field}.default.value`) },
    };
  }
  if ('remove' in step) return { remove: { property: text('property') } };
  if ('split' in step) {
    return { split: { property: text('property'), separator: text('separator'), into: texts('into') } };
  }
  if ('join' in step) {
    return { join: { properties: texts('properties'), separator: text('separator'), into: text('into') } };
  }
  if ('expression' in step) return { expression: { property: text('property'), expression: text('expression') } };
  if ('convert' in step) {
    const to = properties['to'];
    if (typeof to !== 'string' || !Object.hasOwn(TARGETS, to)) {
      throw invalidField(`${field}.convert.to`, `is one of ${Object.keys(TARGETS).join(', ')}`);
    }
    return { convert: { property: text('property'), to: TARGETS[step.convert.to] } };
  }
  throw invalidField(
    field,
    `has no step ${JSON.stringify(kinds[0])}: it is rename, default, remove, split, join, convert or expression`,
  );
}

/** The members of a step, looked at as a file may have them. */
function fieldsOf(step: MigrationStep, field: string) {
  const [kind = '', value] = Object.entries(step)[0] ?? [];
  const at = `${field}.${kind}`;
  // A definition from a file, or from JavaScript, may hold anything.
  const properties = members(value as Record<string, unknown>, at);
  return {
    properties,
    text: (name: string): string => checkText(`${at}.${name}`, properties[name] as string),
    texts: (name: string): string[] =>
      list(properties[name] as readonly string[], `${at}.${name}`, (one, where) => checkText(where, one)),
  };
}

function members<T>(value: T, field: string): T & object {
  if (typeof value === 'object' && value !== null) return value;
  throw invalidField(field, 'is no object');
}

function list<T, R>(values: readonly T[], field: string, map: (value: T, field: string) => R): R[] {
  if (!Array.isArray(values)) throw invalidField(field, 'is no array');
  return values.map((value: T, i) =>
    map(typeof value === 'object' ? members(value, `${field}[${i}]`) : value, `${field}[${i}]`),
  );
}

function jsonText(value: unknown, field: string): string {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw invalidField(field, 'is missing');
  return text;
}

const TARGET_NAMES = new Map<ConvertTarget, ConversionTarget>(
  // Object.entries forgets which keys there are.
  Object.entries(TARGETS).map(([name, wire]) => [wire, name as ConversionTarget]),
);

export const definitionOf = (wire: EventTypeDefinition__Output): EventTypeDefinition => ({
  type: wire.type,
  ...(wire.description === '' ? {} : { description: wire.description }),
  // The server has checked that what it tells is JSON, and a schema.
  generations: wire.generations.map(({ generation, schema }) => ({
    generation,
    schema: JSON.parse(schema) as JsonSchema,
  })),
  migrations: wire.migrations.map(({ from, to, steps }) => ({ from, to, steps: steps.map(stepOf) })),
});

function stepOf(wire: MigrationStep__Output): MigrationStep {
  const { rename, default: fallback, remove, split, join, convert, expression } = wire;
  if (rename) return { rename };
  if (fallback) return { default: { property: fallback.property, value: JSON.parse(fallback.value) as unknown } };
  if (remove) return { remove };
  if (split) return { split };
  if (join) return { join };
  if (convert) return { convert: { property: convert.property, to: TARGET_NAMES.get(convert.to) ?? 'string' } };
  return { expression: expression ?? { property: '', expression: '' } };
}
