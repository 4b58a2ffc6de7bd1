/** Event types between the wire and the registry. */
import type { ConvertTarget as WireTarget, ConvertTarget__Output } from '../contract/generated/annals/v1/ConvertTarget';
import type { EventType } from '../contract/generated/annals/v1/EventType';
import type { EventTypeDefinition as WireDefinition } from '../contract/generated/annals/v1/EventTypeDefinition';
import type { EventTypeDefinition__Output } from '../contract/generated/annals/v1/EventTypeDefinition';
import type { MigrationStep as WireStep } from '../contract/generated/annals/v1/MigrationStep';
import type { MigrationStep__Output } from '../contract/generated/annals/v1/MigrationStep';
import { durationOf } from '../contract/seconds-and-nanos';
import type { ConvertTarget, EventTypeDefinition, MigrationStep } from '../event-types/definition';
import type { RegisteredType } from '../event-types/known-types';
import { AnnalsError } from '../kernel/annals-error';

/** @param field the definition's place in the request. @throws AnnalsError INVALID_MIGRATION for a step that says nothing. */
export function definitionOf(wire: EventTypeDefinition__Output, field: string): EventTypeDefinition {
  return {
    type: wire.type,
    description: wire.description,
    generations: wire.generations.map(({ generation, schema }) => ({ generation, schema })),
    migrations: wire.migrations.map(({ from, to, steps }, i) => ({
      from,
      to,
      steps: steps.map((step, j) => stepOf(step, `${field}.migrations[${i}].steps[${j}]`)),
    })),
  };
}

function stepOf(wire: MigrationStep__Output, field: string): MigrationStep {
  const { rename, default: absent, remove, split, join, convert, expression } = wire;
  if (rename) return { kind: 'rename', from: rename.from, to: rename.to };
  if (absent) return { kind: 'default', property: absent.property, value: absent.value };
  if (remove) return { kind: 'remove', property: remove.property };
  if (split) return { kind: 'split', property: split.property, separator: split.separator, into: split.into };
  if (join) return { kind: 'join', properties: join.properties, separator: join.separator, into: join.into };
  if (convert) return { kind: 'convert', property: convert.property, to: targetOf(convert.to, `${field}.convert.to`) };
  if (expression) return { kind: 'expression', property: expression.property, expression: expression.expression };
  throw new AnnalsError('INVALID_MIGRATION', `${field} says nothing; a step is one of rename, default, and so on`, {
    field,
  });
}

const TARGETS: Readonly<Partial<Record<ConvertTarget__Output, ConvertTarget>>> = {
  CONVERT_TARGET_STRING: 'string',
  CONVERT_TARGET_INTEGER: 'integer',
  CONVERT_TARGET_NUMBER: 'number',
  CONVERT_TARGET_BOOLEAN: 'boolean',
  CONVERT_TARGET_DATE: 'date',
};

const WIRE_TARGETS: Readonly<Record<ConvertTarget, WireTarget>> = {
  string: 'CONVERT_TARGET_STRING',
  integer: 'CONVERT_TARGET_INTEGER',
  number: 'CONVERT_TARGET_NUMBER',
  boolean: 'CONVERT_TARGET_BOOLEAN',
  date: 'CONVERT_TARGET_DATE',
};

function targetOf(wire: ConvertTarget__Output, field: string): ConvertTarget {
  const target = TARGETS[wire];
  if (target !== undefined) return target;
  throw new AnnalsError('INVALID_MIGRATION', `${field} is not a type that a value can be turned into`, { field });
}

export function eventTypeMessage({ definition, registered, changed }: RegisteredType): EventType {
  return {
    definition: definitionMessage(definition),
    latestGeneration: definition.generations.length,
    registered: durationOf(registered.getTime()),
    changed: durationOf(changed.getTime()),
  };
}

function definitionMessage({ type, description, generations, migrations }: EventTypeDefinition): WireDefinition {
  return {
    type,
    description,
    generations: generations.map(({ generation, schema }) => ({ generation, schema })),
    migrations: migrations.map(({ from, to, steps }) => ({ from, to, steps: steps.map(stepMessage) })),
  };
}

function stepMessage(step: MigrationStep): WireStep {
  switch (step.kind) {
    case 'rename':
      return { rename: { from: step.from, to: step.to } };
    case 'default':
      return { default: { property: step.property, value: step.value } };
    case 'remove':
      return { remove: { property: step.property } };
    case 'split':
      return { split: { property: step.property, separator: step.separator, into: [...step.into] } };
    case 'join':
      return { join: { properties: [...step.properties], separator: step.separator, into: step.into } };
    case 'convert':
      return { convert: { property: step.property, to: WIRE_TARGETS[step.to] } };
    case 'expression':
      return { expression: { property: step.property, expression: step.expression } };
  }
}
