/**
 * How events are shown: one line of JSON for programs, one line of a timeline for people.
 */
import type { RecordedEvent } from '../client';
import { MIN_DATE_MS } from '../kernel/limits';
import { clip, printable, type Colors } from './terminal';

/** Signs of a type or source shown at most: a column stays a column. */
const TYPE_SIGNS = 34;
const SOURCE_SIGNS = 30;
/** Signs of number, type and source to begin with: what most events need, so that columns seldom move. */
const COLUMN_SIGNS: readonly [number, number, number] = [4, 14, 12];
/** Signs of the content's summary at least, however narrow the terminal. */
const SUMMARY_SIGNS = 24;

/**
 * The event as one line of JSON. The content's bytes go in as the server sent them, so that an
 * integer beyond 2^53 comes out as it went in. For events that were read as JSON.
 */
export function eventJson(event: RecordedEvent): string {
  const { content: _, ...about } = event.toJSON();
  const head = JSON.stringify(about);
  return `${head.slice(0, -1)},"content":${event.contentBytes.toString()}}`;
}

export interface TimelineOptions {
  readonly colors: Colors;
  readonly columns: number;
  /** Show content whole, on lines of its own. */
  readonly content?: boolean;
  /** Events that are known beforehand: the columns are wide enough for them from the first line on. */
  readonly sizedFor?: readonly RecordedEvent[];
}

/** Writes events as a timeline whose columns grow with what they hold. */
export function timeline({
  colors,
  columns,
  content,
  sizedFor = [],
}: TimelineOptions): (event: RecordedEvent) => string {
  let [numberWidth, typeWidth, sourceWidth] = COLUMN_SIGNS;
  const cells = (event: RecordedEvent) => {
    const number = String(event.sequenceNumber);
    const type = clip(printable(event.type), TYPE_SIGNS);
    const source = clip(printable(event.eventSourceId), SOURCE_SIGNS);
    numberWidth = Math.max(numberWidth, number.length);
    typeWidth = Math.max(typeWidth, type.length);
    sourceWidth = Math.max(sourceWidth, source.length);
    return { number, type, source };
  };
  sizedFor.forEach(cells);
  return (event) => {
    const { number, type, source } = cells(event);
    const time = shortTime(event.occurred);
    const used = numberWidth + time.length + typeWidth + sourceWidth + 8;
    const line = [
      colors.bold(number.padStart(numberWidth)),
      colors.dim(time),
      colors.cyan(type.padEnd(typeWidth)),
      colors.green(source.padEnd(sourceWidth)),
    ].join('  ');
    if (content === true) return `${line.trimEnd()}\n${indented(event.content)}`;
    const summary = clip(summaryOf(event.content), Math.max(SUMMARY_SIGNS, columns - used));
    return `${line}  ${colors.dim(summary)}`.trimEnd();
  };
}

/** One event whole, a line for each of its fields. */
export function eventDetails(event: RecordedEvent, colors: Colors): string {
  const fields: [string, string][] = [
    ['number', String(event.sequenceNumber)],
    ['type', event.generation > 1 ? `${event.type} (generation ${event.generation})` : event.type],
    ['event source', event.eventSourceId],
    ['event id', event.eventId],
    ['tags', event.tags.join(', ')],
    ['correlation', event.correlationId],
    ['causation', event.causationId],
    ['caused by', event.causedBy],
    ['occurred', event.occurred.toISOString()],
    ['recorded', event.recorded.toISOString()],
    ['valid from', event.validFrom.getTime() === MIN_DATE_MS ? '' : event.validFrom.toISOString()],
  ];
  const shown = fields.filter(([, value]) => value !== '');
  const lines = shown.map(([name, value]) => `${colors.dim(name.padEnd(13))} ${printable(value)}`);
  return `${lines.join('\n')}\n${colors.dim('content')}\n${indented(event.content)}`;
}

/** `2026-03-01 12:00:00.000`, in UTC. */
const shortTime = (date: Date): string => date.toISOString().replace('T', ' ').replace('Z', '');

const indented = (content: unknown): string =>
  JSON.stringify(content, undefined, 2)
    .split('\n')
    .map((line) => `      ${printable(line)}`)
    .join('\n');

/** Content in a few words: its plain members first, then which others there are. */
export function summaryOf(content: unknown): string {
  if (typeof content !== 'object' || content === null) return '';
  const members = Object.entries(content);
  const isPlain = ([, value]: [string, unknown]): boolean => typeof value !== 'object' || value === null;
  const plain = members.filter(isPlain).map(([key, value]) => `${key}=${clip(String(value), 40)}`);
  const others = members.filter((member) => !isPlain(member)).map(([key, value]) => `${key}${shapeOf(value)}`);
  return printable([...plain, ...others].join(' '));
}

const shapeOf = (value: unknown): string => (Array.isArray(value) ? `[${value.length}]` : '{…}');
