/**
 * How events are shown: one line of JSON for programs, one line of a timeline for people.
 */
import type { Announcement, RecordedEvent } from '../client';
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
    const summary = clip(remarkOf(event) + summaryOf(event.content), Math.max(SUMMARY_SIGNS, columns - used));
    return `${line}  ${colors.dim(summary)}`.trimEnd();
  };
}

/** One event whole, a line for each of its fields, and its content. */
export function eventDetails(event: RecordedEvent, colors: Colors): string {
  const compensations = event.compensations.flatMap(({ compensationId, content }) => [
    colors.dim(`compensation ${printable(compensationId)}`),
    indented(content),
  ]);
  return [...eventFields(event, colors), colors.dim('content'), indented(event.content), ...compensations].join('\n');
}

/** A line for each of an event's fields. */
export function eventFields(event: RecordedEvent, colors: Colors): string[] {
  const { announcement, redaction } = event;
  const fields: [string, string][] = [
    ['number', String(event.sequenceNumber)],
    ['type', typeWords(event)],
    ['event source', event.eventSourceId],
    ['event id', event.eventId],
    ['tags', event.tags.join(', ')],
    ['correlation', event.correlationId],
    ['causation', event.causationId],
    ['caused by', event.causedBy],
    ['trace', event.traceParent ?? ''],
    ['occurred', event.occurred.toISOString()],
    ['recorded', event.recorded.toISOString()],
    ['valid from', event.validFrom.getTime() === MIN_DATE_MS ? '' : event.validFrom.toISOString()],
    ['announces', announcement === undefined ? '' : announcementWords(announcement)],
    ['compensated', event.effectiveCompensationId === undefined ? '' : `by ${event.effectiveCompensationId}`],
    ['redacted', redaction === undefined ? '' : `${redaction.recorded.toISOString()}: ${redaction.reason}`],
    ['not cast', event.notCast ?? ''],
  ];
  const shown = fields.filter(([, value]) => value !== '');
  return shown.map(([name, value]) => `${colors.dim(name.padEnd(13))} ${printable(value)}`);
}

function typeWords({ type, generation, contentGeneration }: RecordedEvent): string {
  if (contentGeneration !== generation) return `${type} (generation ${generation}, here in ${contentGeneration})`;
  return generation > 1 ? `${type} (generation ${generation})` : type;
}

/** `the compensation of 17: typing error`. */
const announcementWords = ({ kind, sequenceNumber, reason }: Announcement): string =>
  `the ${kind} of ${sequenceNumber}: ${reason}`;

/** `2026-03-01 12:00:00.000`, in UTC. */
export const shortTime = (date: Date): string => date.toISOString().replace('T', ' ').replace('Z', '');

const indented = (content: unknown): string =>
  JSON.stringify(content, undefined, 2)
    .split('\n')
    .map((line) => `      ${printable(line)}`)
    .join('\n');

/** What is to be known of an event before its content. */
function remarkOf({ announcement, redaction, effectiveCompensationId, notCast }: RecordedEvent): string {
  if (announcement !== undefined) return printable(`↺ ${announcementWords(announcement)} `);
  if (redaction !== undefined) return printable(`✗ redacted: ${redaction.reason} `);
  if (effectiveCompensationId !== undefined) return '↺ compensated ';
  return notCast === undefined ? '' : printable(`! ${notCast} `);
}

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
