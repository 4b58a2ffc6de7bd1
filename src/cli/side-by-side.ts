/**
 * Contents beside each other: a row for each property, a column for each content, what differs from the column before
 * marked. Where the terminal is too narrow for that, one below the other. Pure.
 */
import { clip, plural, printable, type Colors } from './terminal';

export interface Column {
  readonly title: string;
  /** Undefined: there is none, and `note` says why. */
  readonly content: object | undefined;
  readonly note?: string | undefined;
}

export interface SideBySideOptions {
  readonly columns: number;
  readonly colors: Colors;
  /** Also the properties that are alike in all columns, however many they are. */
  readonly all?: boolean | undefined;
}

/** Signs of a value's column at least: less says nothing of most values. */
const NARROWEST_COLUMN = 18;
/** Signs of a property's path at most, in the rows. */
const PATH_SIGNS = 36;
/** Properties that are alike in all columns are left out when there are more rows than fit a screen or two. */
const ROWS_WITH_ALIKE = 40;
const GAP = '  ';

interface Row {
  readonly path: string;
  /** JSON text of the value in each column; undefined where it is absent. */
  readonly values: readonly (string | undefined)[];
}

export function sideBySide(contents: readonly Column[], options: SideBySideOptions): string[] {
  const { rows, alike } = rowsOf(contents, options.all === true);
  const pathWidth = Math.min(PATH_SIGNS, Math.max(0, ...rows.map(({ path }) => path.length)));
  const room = options.columns - pathWidth - GAP.length * contents.length;
  const width = Math.floor(room / Math.max(1, contents.length));
  const lines =
    width < NARROWEST_COLUMN
      ? below(contents, rows, options)
      : beside(contents, rows, { ...options, pathWidth, width: widest(contents, rows, width) });
  const left =
    alike === 0 ? [] : [options.colors.dim(`${plural(alike, 'property', 'properties')} alike; --all shows them`)];
  return [...lines, ...left];
}

/** No wider than the widest value needs. */
const widest = (contents: readonly Column[], rows: readonly Row[], limit: number): number =>
  Math.min(
    limit,
    Math.max(
      NARROWEST_COLUMN,
      ...contents.flatMap(({ title, note = '' }) => [title.length, note.length]),
      ...rows.flatMap(({ values }) => values.map((value) => value?.length ?? 0)),
    ),
  );

function beside(
  contents: readonly Column[],
  rows: readonly Row[],
  { colors, pathWidth, width }: SideBySideOptions & { readonly pathWidth: number; readonly width: number },
): string[] {
  const cell = (text: string): string => clip(text, width).padEnd(width);
  const line = (path: string, cells: readonly string[]): string =>
    [colors.dim(clip(path, pathWidth).padEnd(pathWidth)), ...cells].join(GAP).trimEnd();
  const notes = contents.some(({ note }) => note !== undefined)
    ? wrappedNotes(contents, width).map((cells) =>
        line(
          '',
          cells.map((text) => colors.red(cell(text))),
        ),
      )
    : [];
  return [
    line(
      '',
      contents.map(({ title }) => colors.bold(cell(title))),
    ),
    ...notes,
    ...rows.map(({ path, values }) =>
      line(
        path,
        values.map((value, i) =>
          marked(cell(value ?? (contents[i]?.content === undefined ? '' : '·')), values, i, colors),
        ),
      ),
    ),
  ];
}

/** What is not as in the column before. */
const marked = (text: string, values: readonly (string | undefined)[], i: number, colors: Colors): string =>
  i > 0 && values[i] !== values[i - 1] ? colors.yellow(text) : text;

/** The notes under their titles, cut into lines of the column's width. */
function wrappedNotes(contents: readonly Column[], width: number): string[][] {
  const cut = contents.map(({ note = '' }) => wrapped(printable(note), width));
  const height = Math.max(...cut.map((lines) => lines.length));
  return Array.from({ length: height }, (_, n) => cut.map((lines) => lines[n] ?? ''));
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ').filter((one) => one !== '')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function below(contents: readonly Column[], rows: readonly Row[], { colors, columns }: SideBySideOptions): string[] {
  return contents.flatMap(({ title, content, note }, i) => [
    colors.bold(title),
    ...wrapped(printable(note ?? ''), columns - GAP.length).map((text) => `${GAP}${colors.red(text)}`),
    ...(content === undefined
      ? []
      : rows.flatMap(({ path, values }) => {
          const value = values[i];
          if (value === undefined) return [];
          const at = clip(path, Math.floor(columns / 2));
          const text = clip(value, Math.max(1, columns - at.length - 2 * GAP.length));
          return [`${GAP}${colors.dim(at)}${GAP}${marked(text, values, i, colors)}`];
        })),
  ]);
}

function rowsOf(contents: readonly Column[], all: boolean): { rows: readonly Row[]; alike: number } {
  const leaves = contents.map(({ content }) => new Map(content === undefined ? [] : leavesOf(content, '')));
  const paths = new Set(leaves.flatMap((one) => [...one.keys()]));
  const rows = [...paths].map((path) => ({ path: printable(path), values: leaves.map((one) => one.get(path)) }));
  if (all || rows.length <= ROWS_WITH_ALIKE) return { rows, alike: 0 };
  const different = rows.filter(({ values }) => values.some((value) => value !== values[0]));
  return { rows: different, alike: rows.length - different.length };
}

/** The values that hold no others, by their paths, in the content's order. */
function leavesOf(value: unknown, path: string): [string, string][] {
  if (typeof value === 'object' && value !== null) {
    const members: [string, unknown][] = Array.isArray(value)
      ? value.map((one, i) => [`${path}[${i}]`, one])
      : Object.entries(value).map(([key, one]) => [path === '' ? key : `${path}.${key}`, one]);
    if (members.length > 0) return members.flatMap(([at, one]) => leavesOf(one, at));
    if (path === '') return [];
  }
  return [[path, printable(JSON.stringify(value))]];
}
