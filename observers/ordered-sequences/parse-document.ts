/**
 * A document as its author writes it becomes one that can be worked: checked whole before anything is recorded, and
 * completed with what was left out. Every fault is told, each with its place.
 */
import { AnnalsError } from '../../src/kernel/annals-error';
import { encodeBson } from '../../src/kernel/content/decode-content';
import { LIMITS } from '../../src/kernel/limits';
import { parsePath } from '../../src/event-types/property-path';
import { checkTemplates } from '../rollback/check-templates';
import { checkProgress } from './check-progress';
import { invalidDocument, over, refuse } from './fault';
import { parseJsonObject } from './parse-json';
import {
  DESCRIPTION,
  eventSequence,
  eventType,
  NAME,
  order,
  processing,
  rollbackStrategy,
  source,
  tags,
  version,
} from './parse-strategy';
import {
  SEQUENCE_STATUSES,
  STEP_STATUSES,
  type Json,
  type SequenceDocument,
  type SequenceEvent,
  type SequenceMetadata,
  type StepMatch,
} from '../../src/contract/sequence-document';
import { Shape, shown, type Fields } from './shape';

const DOCUMENT = 'document';

const DOCUMENT_FIELDS = [
  'sequenceId',
  'name',
  'description',
  'version',
  'status',
  'events',
  'metadata',
  'created_at',
  'updated_at',
  'completed_at',
  'rollback_strategy',
  'event_sequence',
  'continue_past_failure',
];
const EVENT_FIELDS = ['eventId', 'order', 'required', 'status', 'processingTimestamp', 'processing', 'matches'];
const METADATA_FIELDS = ['correlationId', 'causationId', 'source', 'tags'];
const MATCH_FIELDS = ['event_type', 'by', 'property', 'value'];

export const TIES = ['correlation_id', 'event_source_id', 'property'] as const;

/**
 * The document that the JSON (UTF-8) holds, completed with defaults, its times with milliseconds.
 *
 * @throws AnnalsError INVALID_DOCUMENT whose field is the first fault's place, such as `document.events[3].order`, and
 * whose message tells the first twenty; INVALID_UTF8.
 */
export const parseDocument = (bytes: Uint8Array): SequenceDocument =>
  checkedDocument(objectOf(bytes, DOCUMENT, LIMITS.sequenceDocumentBytes));

/** The same for a document that was parsed, or made of a definition. */
export function checkedDocument(value: Json): SequenceDocument {
  const shape = new Shape();
  const document = readDocument(shape.fields(value, DOCUMENT, DOCUMENT_FIELDS));
  // What is not of its shape says nothing about how it hangs together.
  refuse(shape.faults);
  refuse([
    ...checkProgress(document, DOCUMENT),
    ...checkTemplates(document.rollback_strategy, document.events.length, `${DOCUMENT}.rollback_strategy`),
  ]);
  checkSize(document, DOCUMENT);
  return document;
}

/** The object that the JSON holds; whatever stands against it is INVALID_DOCUMENT with its place as field. */
export function objectOf(bytes: Uint8Array, field: string, most: number): Json {
  if (bytes.length > most) throw invalidDocument([over(field, most, bytes.length, 'bytes')]);
  try {
    return parseJsonObject(bytes, field);
  } catch (error) {
    if (!(error instanceof AnnalsError) || error.code === 'INVALID_UTF8') throw error;
    const { path } = error.metadata;
    const place = path === undefined ? (error.field ?? field) : path.replace('$', field);
    throw new AnnalsError('INVALID_DOCUMENT', error.message, { field: place, metadata: error.metadata, cause: error });
  }
}

/** With its defaults it may be larger than it was sent, and as BSON. */
export function checkSize(document: object, field: string): void {
  const { length } = encodeBson(document, field);
  const most = LIMITS.sequenceDocumentBytes;
  if (length > most) throw invalidDocument([over(field, most, length, 'bytes of BSON with what was left out')]);
}

function readDocument(fields: Fields): SequenceDocument {
  const sequenceId = fields.text('sequenceId', { most: LIMITS.sequenceIdLength });
  const read = (value: unknown, place: string) => readEvent(fields.shape.fields(value, place, EVENT_FIELDS));
  const name = fields.text('name', NAME);
  const description = fields.text('description', DESCRIPTION, '');
  const semver = version(fields);
  const status = fields.oneOf('status', SEQUENCE_STATUSES, 'created');
  const events = fields.list('events', LIMITS.sequenceEvents, 'events', read, 1);
  refuseTwice(fields, events);
  return {
    sequenceId,
    name,
    description,
    version: semver,
    status,
    events,
    metadata: metadata(fields, sequenceId),
    created_at: fields.time('created_at'),
    updated_at: fields.time('updated_at'),
    completed_at: fields.time('completed_at'),
    rollback_strategy: rollbackStrategy(fields, new Set(events.map((event) => event.order))),
    ...fields.optional('event_sequence', (field) => eventSequence(fields, field)),
    ...fields.optional('continue_past_failure', (field) => fields.flag(field)),
  };
}

function readEvent(fields: Fields): SequenceEvent {
  return {
    eventId: fields.text('eventId', { most: LIMITS.eventIdLength, anyCharacter: true }),
    order: order(fields),
    required: fields.flag('required', true),
    status: fields.oneOf('status', STEP_STATUSES, 'pending'),
    processingTimestamp: fields.time('processingTimestamp'),
    ...fields.optional('processing', () => processing(fields)),
    ...fields.optional('matches', (name) => stepMatch(fields.object(name, MATCH_FIELDS))),
  };
}

function stepMatch(fields: Fields): StepMatch {
  return {
    event_type: eventType(fields, 'event_type'),
    ...tie(fields),
    value: fields.text('value', { most: LIMITS.eventSourceIdLength, anyCharacter: true }),
  };
}

/** What ties an event to a sequence: the id, or the property and its path. */
export function tie(fields: Fields, fallback?: StepMatch['by']): Pick<StepMatch, 'by' | 'property'> {
  const by = fields.oneOf('by', TIES, fallback);
  const property = fields.optional('property', (name) => {
    const path = fields.text(name, { most: LIMITS.propertyPathLength });
    const parsed = parsePath(path);
    const problem = typeof parsed === 'string' ? parsed : parsed.arrays.length > 0 && 'goes through an array';
    if (typeof problem === 'string' && path !== '') fields.shape.fault(fields.at(name), problem);
    return path;
  });
  if (fields.has('property') !== (by === 'property')) {
    const problem = by === 'property' ? 'is missing; by property needs it' : 'is of by property alone';
    fields.shape.fault(fields.at('property'), problem);
  }
  return { by, ...property };
}

function metadata(document: Fields, sequenceId: string): SequenceMetadata {
  const fields = document.object('metadata', METADATA_FIELDS);
  const id = { most: LIMITS.metadataIdLength, least: 0 } as const;
  return {
    // What belongs to the sequence is found under one correlation id, so it always has one.
    correlationId: fields.text('correlationId', id, '') || sequenceId,
    causationId: fields.text('causationId', id, ''),
    source: source(fields),
    tags: tags(fields),
  };
}

/** One event cannot be two steps. */
function refuseTwice(fields: Fields, events: readonly SequenceEvent[]): void {
  const seen = new Map<string, number>();
  for (const [i, { eventId, matches }] of events.entries()) {
    const keys = [`id ${eventId}`, ...(matches === undefined ? [] : [`match ${JSON.stringify(matches)}`])];
    for (const key of keys) {
      const before = seen.get(key);
      if (before === undefined) seen.set(key, i);
      else if (eventId !== '') {
        const field = `${fields.at('events')}[${i}].${key.startsWith('id') ? 'eventId' : 'matches'}`;
        fields.shape.fault(field, `is ${shown(eventId)}, the same event as events[${before}]`);
      }
    }
  }
}
