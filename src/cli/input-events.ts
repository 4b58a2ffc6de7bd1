/**
 * From one JSON object of the input to an event to append. Two shapes: whole events
 * (`{"type":…,"eventSourceId":…,"content":{…}}`, which is what `annals read --json` writes), and
 * plain payloads, whose type and source the options give. Content is passed on as the bytes that
 * stood in the input.
 */
import type { NewEvent } from '../client';
import { InputError, UsageError } from './exit-codes';
import { memberSlices, type JsonSlice } from './json-slicer';

/** What the options say about events. */
export interface EventOptions {
  readonly type?: string;
  readonly typeProperty?: string;
  readonly source?: string;
  readonly sourceProperty?: string;
  readonly eventIdProperty?: string;
  readonly tag?: readonly string[];
  readonly correlation?: string;
  readonly causation?: string;
  readonly causedBy?: string;
  readonly traceParent?: string;
  /** The generation of those events that name none. */
  readonly generation?: number;
}

type Json = Record<string, unknown>;

/** What a whole event may say. */
const EVENT_FIELDS = [
  'type',
  'eventSourceId',
  'content',
  'eventId',
  'generation',
  'tags',
  'correlationId',
  'causationId',
  'causedBy',
  'traceParent',
  'occurred',
  'validFrom',
];

/** What the server itself says about a recorded event: passed over, so that the output of `read --json` can be appended. */
const RECORDED_FIELDS = [
  'sequenceNumber',
  'recorded',
  'contentGeneration',
  'origin',
  'compensations',
  'effectiveCompensationId',
  'redaction',
  'notCast',
  'generations',
];

/** Checks that the options go together, and says which shape they ask for. */
export function eventReader(options: EventOptions): (slice: JsonSlice) => NewEvent {
  const payloads = options.type !== undefined || options.typeProperty !== undefined;
  const sourced = options.source !== undefined || options.sourceProperty !== undefined;
  if (payloads && !sourced) {
    throw new UsageError(
      'plain payloads need an event source',
      'Add --source ID, or --source-property PATH, such as --source-property repository.full_name.',
    );
  }
  if (!payloads && (sourced || options.eventIdProperty !== undefined)) {
    throw new UsageError(
      'options about plain payloads without their type',
      'Add --type NAME or --type-property PATH; without them each object must be a whole event.',
    );
  }
  return payloads ? (slice) => fromPayload(slice, options) : (slice) => fromWholeEvent(slice, options);
}

function fromPayload(slice: JsonSlice, options: EventOptions): NewEvent {
  const payload = parsed(slice);
  const named = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : textAt(payload, path, slice.line);
  // eventReader has seen that one of each pair is there.
  return {
    ...fromOptions(options),
    type: (named(options.typeProperty) ?? options.type) as string,
    eventSourceId: (named(options.sourceProperty) ?? options.source) as string,
    ...present('eventId', named(options.eventIdProperty)),
    json: slice.bytes,
  };
}

function fromWholeEvent(slice: JsonSlice, options: EventOptions): NewEvent {
  const event = parsed(slice);
  const known = (key: string): boolean => [...EVENT_FIELDS, ...RECORDED_FIELDS, 'announcement'].includes(key);
  const unknown = Object.keys(event).find((key) => !known(key));
  if (unknown !== undefined) {
    throw new InputError(
      `line ${slice.line}: an event has no field ${JSON.stringify(unknown)}; it has ${EVENT_FIELDS.join(', ')}`,
      'Correct the field, or give --type and --source (or --source-property) when the lines are plain payloads.',
    );
  }
  const { line } = slice;
  if (event['announcement'] !== undefined) {
    throw new InputError(
      `line ${line}: this announces a compensation or redaction and cannot be appended`,
      'Leave announcements out, and compensate or redact the events themselves.',
    );
  }
  const content = memberSlices(slice.bytes).get('content');
  if (content === undefined) throw missing('content', line);
  return {
    ...fromOptions(options),
    type: text(event, 'type', line) ?? raise(missing('type', line)),
    eventSourceId: text(event, 'eventSourceId', line) ?? raise(missing('eventSourceId', line)),
    ...present('eventId', text(event, 'eventId', line)),
    ...present('correlationId', text(event, 'correlationId', line)),
    ...present('causationId', text(event, 'causationId', line)),
    ...present('causedBy', text(event, 'causedBy', line)),
    ...present('traceParent', text(event, 'traceParent', line)),
    ...present('occurred', date(event, 'occurred', line)),
    ...present('validFrom', date(event, 'validFrom', line)),
    // An event that was read has its content in a generation that need not be the one it was appended in.
    ...present('generation', number(event, 'contentGeneration', line) ?? number(event, 'generation', line)),
    ...present('tags', texts(event, 'tags', line)),
    json: content,
  };
}

const fromOptions = (options: EventOptions) => ({
  ...present('tags', options.tag === undefined || options.tag.length === 0 ? undefined : [...options.tag]),
  ...present('correlationId', options.correlation),
  ...present('causationId', options.causation),
  ...present('causedBy', options.causedBy),
  ...present('traceParent', options.traceParent),
  ...present('generation', options.generation),
});

/** `{ [key]: value }`, or nothing when there is no value. */
function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  // A computed key widens to string; it is K.
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function parsed(slice: JsonSlice): Json {
  try {
    // The slicer cuts out objects only.
    return JSON.parse(slice.bytes.toString()) as Json;
  } catch (error) {
    throw new InputError(`line ${slice.line}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The text at a path such as `repository.full_name`; a number counts as text. */
function textAt(payload: Json, path: string, line: number): string {
  let value: unknown = payload;
  for (const key of path.split('.')) {
    value = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? (value as Json)[key] : undefined;
  }
  if (typeof value === 'string' && value !== '') return value;
  if (typeof value === 'number') return String(value);
  throw new InputError(`line ${line}: no text at ${path}`, 'Name a property that every payload has.');
}

function text(event: Json, key: string, line: number): string | undefined {
  const value = event[key];
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw new InputError(`line ${line}: ${key} must be a string`);
}

function texts(event: Json, key: string, line: number): string[] | undefined {
  const value = event[key];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
  throw new InputError(`line ${line}: ${key} must be an array of strings`);
}

function number(event: Json, key: string, line: number): number | undefined {
  const value = event[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new InputError(`line ${line}: ${key} must be a whole number`);
}

function date(event: Json, key: string, line: number): Date | undefined {
  const written = text(event, key, line);
  if (written === undefined) return undefined;
  const value = new Date(written);
  if (!Number.isNaN(value.getTime())) return value;
  throw new InputError(`line ${line}: ${key} must be a date such as 2026-03-01T12:00:00Z`);
}

const missing = (key: string, line: number): InputError =>
  new InputError(
    `line ${line}: the event has no ${key}`,
    'Give each event type, eventSourceId and content; or wrap plain payloads with --type and --source.',
  );

function raise(error: Error): never {
  throw error;
}
