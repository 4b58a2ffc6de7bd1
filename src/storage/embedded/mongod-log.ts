/**
 * Reads what a `mongod` prints: keeps its last lines, knows the two reasons for a failed start that have
 * an answer, and picks the lines worth showing to a person, since after an error it prints thirty more
 * about its own shutdown.
 */

/** Enough to hold the whole of a failed start. */
const LINES_KEPT = 200;

/** What fits a terminal beside the sentence above it. */
const LINES_SHOWN = 8;

/** What is looked for first, and what next: a start warns of many things that it does not fail by. */
const SEVERITIES: readonly (readonly string[])[] = [['F', 'E'], ['W']];

export type StartFailure = 'data-in-use' | 'port-taken' | 'other';

export class MongodLog {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift();
  }

  /** Why the start failed, as far as the lines tell. */
  get failure(): StartFailure {
    const text = this.#lines.join('\n');
    if (text.includes('DBPathInUse')) return 'data-in-use';
    return /address already in use/i.test(text) ? 'port-taken' : 'other';
  }

  /** Errors and lines of the loader; without any, warnings; without those, the last lines as they are. */
  get telling(): string[] {
    const readable = this.#lines.map(readLine);
    const chosen = [...SEVERITIES, undefined]
      .map((severities) => readable.filter((line) => severities === undefined || severities.includes(line.severity)))
      .find((lines) => lines.length > 0);
    return (chosen ?? []).slice(-LINES_SHOWN).map((line) => line.text);
  }
}

function readLine(line: string): { text: string; severity: string } {
  const entry = parseEntry(line);
  if (entry === undefined) return { text: line, severity: 'F' }; // not the log's form: the loader, or a crash
  return {
    text: `${entry.severity} ${entry.message}${entry.detail === undefined ? '' : `: ${entry.detail}`}`,
    severity: entry.severity,
  };
}

function parseEntry(line: string): { severity: string; message: string; detail: string | undefined } | undefined {
  try {
    // The log's form since 4.4; every part is checked before it is used.
    const { s, msg, attr } = JSON.parse(line) as { s?: unknown; msg?: unknown; attr?: { error?: unknown } };
    if (typeof s !== 'string' || typeof msg !== 'string') return undefined;
    const error = attr?.error;
    const detail = error === undefined || typeof error === 'string' ? error : JSON.stringify(error);
    return { severity: s, message: msg, detail };
  } catch {
    return undefined;
  }
}
