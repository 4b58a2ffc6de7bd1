/** Rows as columns, for people. */
import { printable, type Colors } from './terminal';

/** The lines of a table; its first row is the heading. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[], colors: Colors): string[] {
  const all = [heading, ...rows].map((row) => row.map(printable));
  const widths = heading.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all.map((row, index) => {
    const line = row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
    return index === 0 ? colors.dim(line) : line;
  });
}
