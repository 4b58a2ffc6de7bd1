/**
 * Appends rows, of each source in order: together when that goes, and otherwise of each source one after the
 * other, so that what stands against one event holds its source alone, and so that part of a batch may have
 * been recorded before a crash. Knows no database: what was recorded is removed, and what was refused is held,
 * by who calls this.
 */
import type { Violation } from '../../contract/messages';
import { AnnalsError } from '../../kernel/annals-error';
import { AppendRefusedError } from '../errors';
import type { OutboxRow } from './row';

export interface Carried {
  /** In the log, now or before. */
  readonly recorded: readonly OutboxRow[];
  /** The first of its source that was refused; those after it were not tried. */
  readonly refused: readonly { readonly row: OutboxRow; readonly violations: readonly Violation[] }[];
  /** What kept others from being tried; they are tried again. */
  readonly trouble: Error | undefined;
}

/**
 * @param rows of each source in order.
 * @param append all of them or none; may be called again for rows that are recorded.
 * @param mayGoOn asked before each append.
 */
export async function carry(
  rows: readonly OutboxRow[],
  append: (rows: readonly OutboxRow[]) => Promise<void>,
  mayGoOn: () => Promise<boolean>,
): Promise<Carried> {
  try {
    if (!(await mayGoOn())) return { recorded: [], refused: [], trouble: undefined };
    await append(rows);
    return { recorded: rows, refused: [], trouble: undefined };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) return { recorded: [], refused: [], trouble: asError(error) };
    const [row] = rows;
    if (row !== undefined && rows.length === 1) {
      return { recorded: [], refused: [{ row, violations: refusal }], trouble: undefined };
    }
  }
  const recorded: OutboxRow[] = [];
  const refused: { row: OutboxRow; violations: readonly Violation[] }[] = [];
  let trouble: Error | undefined;
  const one = async (own: readonly OutboxRow[]): Promise<void> => {
    for (const row of own) {
      const alone = await carry([row], append, mayGoOn);
      recorded.push(...alone.recorded);
      refused.push(...alone.refused);
      trouble ??= alone.trouble;
      if (alone.recorded.length === 0) return;
    }
  };
  await Promise.all([...bySource(rows).values()].map(one));
  return { recorded, refused, trouble };
}

function bySource(rows: readonly OutboxRow[]): Map<string, OutboxRow[]> {
  const sources = new Map<string, OutboxRow[]>();
  for (const row of rows) {
    const own = sources.get(row.event.eventSourceId);
    if (own === undefined) sources.set(row.event.eventSourceId, [row]);
    else own.push(row);
  }
  return sources;
}

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('an append failed', { cause: error });

/** What stands against the events of an append, so that it fails again however often it is tried; undefined: it may pass. */
function refusalOf(error: unknown): readonly Violation[] | undefined {
  if (error instanceof AppendRefusedError) return error.violations;
  if (!(error instanceof AnnalsError)) return undefined;
  const { code, message, field = '', metadata } = error;
  if (!field.startsWith('events') && !OF_THE_EVENTS.has(code)) return undefined;
  return [{ code, message, field, sequenceNumber: undefined, metadata }];
}

/** Those that name no event, and still are about what was sent. */
const OF_THE_EVENTS: ReadonlySet<string> = new Set([
  'CALL_TOO_LARGE',
  'DUPLICATE_EVENT_ID_IN_CALL',
  'DATABASE_REFUSED',
]);
