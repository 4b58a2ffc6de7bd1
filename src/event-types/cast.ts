/**
 * Content from one generation to another, over the neighbours between them. A cast gives content
 * that can be stored, or says which step failed and why.
 */
import { LIMITS } from '../kernel/limits';
import { BsonDocument } from './bson-tree';
import { CannotCast } from './cannot-cast';
import type { EventTypeDefinition, Migration } from './definition';
import { compileStep, type CompiledStep } from './migration-steps';
import type { CastOutcome } from './types-of-store';

interface CompiledMigration {
  readonly name: string;
  readonly steps: readonly { readonly name: string; readonly apply: CompiledStep }[];
}

export type Cast = (content: Buffer, from: number, to: number) => CastOutcome;

/** The cast of a definition that has been checked. Migrations are compiled when they are first needed. */
export function compileCast(definition: EventTypeDefinition): Cast {
  const compiled = new Map<string, CompiledMigration>();

  function neighbours(from: number, to: number): CompiledMigration | undefined {
    const name = `${from} to ${to}`;
    const existing = compiled.get(name);
    if (existing !== undefined) return existing;
    const migration = definition.migrations.find((m) => m.from === from && m.to === to);
    if (migration === undefined) return undefined;
    const made = { name, steps: compileSteps(migration) };
    compiled.set(name, made);
    return made;
  }

  return (content, from, to) => {
    if (from === to) return { content };
    const tree = new BsonDocument(content);
    const direction = to > from ? 1 : -1;
    for (let generation = from; generation !== to; generation += direction) {
      const migration = neighbours(generation, generation + direction);
      if (migration === undefined)
        return { failure: `there is no migration from ${generation} to ${generation + direction}` };
      const failure = migrate(tree, migration);
      if (failure !== undefined) return { failure };
    }
    return { content: tree.toBson() };
  };
}

const compileSteps = (migration: Migration): CompiledMigration['steps'] =>
  migration.steps.map((step, i) => ({ name: `step ${i + 1} (${step.kind})`, apply: compileStep(step) }));

function migrate(tree: BsonDocument, { name, steps }: CompiledMigration): string | undefined {
  for (const step of steps) {
    try {
      step.apply(tree);
    } catch (error) {
      if (!(error instanceof CannotCast)) throw error;
      return `generation ${name}, ${step.name}: ${error.message}`;
    }
    const { size } = tree;
    if (size > LIMITS.contentBytes) {
      return `generation ${name}, ${step.name}: the content grows to ${size} bytes; the limit is ${LIMITS.contentBytes}`;
    }
  }
  return undefined;
}
