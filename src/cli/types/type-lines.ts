/** Types as a person sees them, and as a program does: pure. */
import type { EventTypeInfo } from '../../client';
import { table } from '../table';
import { clip, plural, printable, type Colors } from '../terminal';
import { migrationWords, schemaWords } from './type-words';

/** Signs of a description in its row. */
const DESCRIPTION_SIGNS = 60;

export const typeTable = (types: readonly EventTypeInfo[], colors: Colors): string[] =>
  table(
    ['TYPE', 'GENERATIONS', 'CHANGED', 'DESCRIPTION'],
    types.map(({ definition, latestGeneration, changed }) => [
      definition.type,
      String(latestGeneration),
      minutes(changed),
      clip(definition.description ?? '', DESCRIPTION_SIGNS),
    ]),
    colors,
  );

/** `2026-03-01 12:00`, in UTC. */
const minutes = (date: Date | undefined): string => date?.toISOString().replace('T', ' ').slice(0, 16) ?? '-';

/** Everything about one type: its generations, and what leads from one to the next. */
export function typeDetails(info: EventTypeInfo, colors: Colors, { schemas }: { readonly schemas: boolean }): string[] {
  const { definition, latestGeneration } = info;
  const { type, description, generations, migrations = [] } = definition;
  const head = `${colors.bold(printable(type))}  ${plural(generations.length, 'generation')}, changed ${minutes(info.changed)}`;
  return [
    head,
    ...(description === undefined ? [] : [`  ${printable(description)}`]),
    ...generations.flatMap(({ generation, schema }) => [
      '',
      `${colors.bold(`generation ${generation}`)}${generation === latestGeneration ? colors.dim(', the latest') : ''}`,
      ...(schemas ? schemaText(schema) : schemaLines(schema, colors)),
    ]),
    ...[...migrations]
      .sort((a, b) => Math.min(a.from, a.to) - Math.min(b.from, b.to) || a.from - b.from)
      .flatMap((migration) => [
        '',
        colors.bold(`${migration.from} → ${migration.to}`),
        ...migrationWords(migration).map((words) => `  ${words}`),
      ]),
  ];
}

const schemaText = (schema: unknown): string[] =>
  JSON.stringify(schema, undefined, 2)
    .split('\n')
    .map((line) => `  ${printable(line)}`);

function schemaLines(schema: unknown, colors: Colors): string[] {
  const { properties, more } = schemaWords(schema);
  if (properties.length === 0) return [colors.dim('  names no properties; --schemas shows it whole')];
  const width = Math.max(...properties.map(({ path }) => path.length));
  return [
    ...properties.map(
      ({ path, kind, required }) =>
        `  ${printable(path.padEnd(width))}  ${printable(kind)}${required ? '' : colors.dim(', optional')}`,
    ),
    ...(more === 0 ? [] : [colors.dim(`  and ${plural(more, 'property', 'properties')} more; --schemas shows them`)]),
  ];
}

/** The definition as `annals types register` takes it, with what the server says of it. */
export const typeJson = ({ definition, latestGeneration, registered, changed }: EventTypeInfo): string =>
  JSON.stringify({
    ...definition,
    latestGeneration,
    registered: registered?.toISOString() ?? null,
    changed: changed?.toISOString() ?? null,
  });
