/**
 * What a person at a terminal gets and a script does not: colours, progress, and text that cannot
 * move the cursor.
 */
import { createColors } from 'picocolors';
import type { WriteStream } from 'node:tty';

/** How this command is typed again: it is not on the PATH of a person who ran it by npx. */
export const COMMAND = process.env['npm_command'] === 'exec' ? 'npx annals' : 'annals';

export type Colors = ReturnType<typeof createColors>;

/** Colours for a stream: only on a terminal, and not where NO_COLOR is set (https://no-color.org). */
export function colorsFor(stream: Pick<WriteStream, 'isTTY'>, env: NodeJS.ProcessEnv = process.env): Colors {
  const wanted = stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return createColors(wanted);
}

/** Columns of a terminal, or of text that goes elsewhere. */
export const columnsOf = (stream: Pick<WriteStream, 'columns'>): number => stream.columns || 120;

// What others wrote into an event must not steer the terminal that shows it: C0 and C1 controls,
// and the marks that turn the direction of text.
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Text of others, safe to show. */
export const printable = (text: string): string =>
  text.replace(CONTROLS, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Text cut to so many signs, with an ellipsis where it was cut. */
export const clip = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;

/** Milliseconds between two redraws: often enough to look alive, seldom enough to cost nothing. */
const REDRAW_MS = 100;

/** One line on stderr that is written over and over while work goes on; silent when stderr is no terminal. */
export class ProgressLine {
  private last = 0;
  private shown = false;

  constructor(private readonly stream: WriteStream = process.stderr) {}

  show(text: () => string): void {
    const now = performance.now();
    if (this.stream.isTTY !== true || now - this.last < REDRAW_MS) return;
    this.last = now;
    this.shown = true;
    this.stream.write(`\r${clip(text(), columnsOf(this.stream) - 1)}\u001b[K`);
  }

  /** Takes the line away, so that what follows stands alone. */
  clear(): void {
    if (this.shown) this.stream.write('\r\u001b[K');
    this.shown = false;
    this.last = 0;
  }
}

const BAR_SIGNS = 24;

/** `████████░░░░ 33 % of 42 MB`, or the amount alone when the whole is not known. */
export function bar(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return megabytes(done);
  const share = Math.min(1, done / total);
  const full = Math.round(share * BAR_SIGNS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_SIGNS - full)} ${Math.floor(share * 100)} % of ${megabytes(total)}`;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0)} MB`;

/** `1,234`. */
export const count = (n: number): string => n.toLocaleString('en-GB');

/** `3 events`, `1 event`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
