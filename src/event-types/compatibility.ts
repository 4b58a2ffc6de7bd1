/**
 * What is new in a definition, and whether what is recorded can live with it.
 *
 * A generation that there is may only be widened: content that fitted it fits it still, since events
 * are recorded in it and readers are written for it. Generations may be added and never taken away.
 * A migration between generations that there are may not change at all: what is stored in a generation
 * was made by the old one, and what is not stored yet would be another content from one reading to the
 * next. Whoever needs another migration needs another generation.
 *
 * A definition with fewer generations than are registered, and no other difference, is that of a
 * program that has not been updated yet. It changes nothing.
 */
import { canonicalText } from './canonical-text';
import type { EventTypeDefinition, Migration } from './definition';
import { changesBetween } from './schema-changes';

export interface DefinitionChanges {
  /** What is new, in words; nothing when nothing is. */
  readonly changes: readonly string[];
  /** Those of the changes that cannot be. */
  readonly incompatible: readonly string[];
}

/** Both have been checked. */
export function compareDefinitions(old: EventTypeDefinition | undefined, now: EventTypeDefinition): DefinitionChanges {
  const changes: string[] = [];
  const incompatible: string[] = [];
  const add = (words: string, compatible: boolean): void => {
    changes.push(words);
    if (!compatible) incompatible.push(words);
  };
  const known = old?.generations.length ?? 0;
  if (old !== undefined) {
    if (old.description !== now.description) add('the description is new', true);
    for (const [i, { schema, generation }] of now.generations.entries()) {
      const before = old.generations[i];
      if (before === undefined) continue;
      for (const { words, compatible } of changesBetween(before.schema, schema)) {
        add(`generation ${generation}: ${words}`, compatible);
      }
    }
    for (const migration of now.migrations) {
      if (Math.max(migration.from, migration.to) > known || sameMigration(migrationOf(old, migration), migration))
        continue;
      const { from, to } = migration;
      add(`the migration from generation ${from} to ${to} is another; register a new generation instead`, false);
    }
  }
  for (const { generation } of now.generations.slice(known)) add(`generation ${generation} is new`, true);
  if (now.generations.length < known && changes.length > 0) {
    add(`generations ${now.generations.length + 1} to ${known} are registered and missing here`, false);
  }
  return { changes, incompatible };
}

const migrationOf = ({ migrations }: EventTypeDefinition, { from, to }: Migration): Migration | undefined =>
  migrations.find((migration) => migration.from === from && migration.to === to);

const sameMigration = (a: Migration | undefined, b: Migration): boolean =>
  a !== undefined && canonicalText(a.steps) === canonicalText(b.steps);
