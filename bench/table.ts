/** Figures in columns for a person to read. */

export interface Column {
  readonly heading: string;
  readonly align?: 'left' | 'right';
}

/** The lines of a table, its heading first. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const all = [columns.map(({ heading }) => heading), ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  return all.map((row) =>
    columns
      .map(({ align }, i) => {
        const cell = row[i] ?? '';
        return align === 'right' ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Stands for a figure that could not be told. */
const NONE = '–';

/** A number of things: `12,345`. */
export const whole = (value: number): string => (Number.isNaN(value) ? NONE : Math.round(value).toLocaleString('en'));

/** A figure with as many decimals as matter at its size. */
export function decimal(value: number): string {
  if (Number.isNaN(value)) return NONE;
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}

export const percent = (share: number): string => (Number.isNaN(share) ? NONE : `${(share * 100).toFixed(1)} %`);

const BYTES_PER_MB = 1_000_000;

export const megabytes = (bytes: number): string => `${(bytes / BYTES_PER_MB).toFixed(0)} MB`;
