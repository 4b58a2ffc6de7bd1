/**
 * An event as it waits in the service's database. Content is kept as the bytes that will be appended, so that
 * it is checked inside the transaction, and no setting of the service's driver changes it between two attempts.
 */
import { ContentType, type NewEvent as WireNewEvent, type Violation } from '../../contract/messages';
import { newId } from '../../kernel/ids';
import { LIMITS } from '../../kernel/limits';
import type { EventContext } from '../causation/event-context';
import { invalidField } from '../field-checks';
import { decodeContent } from '../event-content';
import { wireEvents, type NewEvent } from '../new-event';
import type { OutboxDocument } from './database';

/** Where a row stands among those of its source. */
export interface Place {
  /** 1, 2, 3 … by source. */
  readonly n: number;
  /** By the database's clock, never before its predecessor's: only so that old rows of other sources go first. */
  readonly at: unknown;
}

export interface OutboxRow {
  /** The driver's own. */
  readonly id: unknown;
  readonly event: WireNewEvent & { readonly eventId: string };
}

/** An event that Annals refuses: it waits, and every later one of its source with it. */
export interface HeldOutboxEvent {
  readonly eventId: string;
  readonly type: string;
  readonly eventSourceId: string;
  readonly content: unknown;
  /** What stands against it. */
  readonly violations: readonly Violation[];
  /** By the clock of the program that tried last. */
  readonly since: Date;
  /** How often it was refused. */
  readonly attempts: number;
}

/**
 * The events as they will be appended, with everything in them that must be the same at every attempt.
 * Throws what an append would throw: then the transaction fails, and nothing waits that never can go.
 * @param carried what events take that they do not say themselves: from here, since the pump works elsewhere.
 */
export function eventsToKeep(events: readonly NewEvent[], carried?: EventContext): OutboxRow['event'][] {
  const occurred = new Date();
  const correlationId = carried?.correlationId ?? newId();
  const wire = wireEvents(
    events.map((event) => ({
      ...event,
      occurred: event.occurred ?? occurred,
      correlationId: event.correlationId ?? correlationId,
    })),
    carried,
  );
  return wire.map((event, i) => {
    const { eventId = '' } = event;
    checkLength(`events[${i}].event_id`, eventId, LIMITS.eventIdLength);
    checkLength(`events[${i}].type`, event.type, LIMITS.eventTypeLength);
    checkLength(`events[${i}].event_source_id`, event.eventSourceId, LIMITS.eventSourceIdLength);
    return { ...event, eventId };
  });
}

function checkLength(field: string, text: string, limit: number): void {
  // As the server counts: code points, of which a text has at most as many as units.
  if (text !== '' && (text.length <= limit || Array.from(text).length <= limit)) return;
  throw invalidField(field, `has ${Array.from(text).length} characters; it has 1 to ${limit}`);
}

export function documentOf(event: OutboxRow['event'], { n, at }: Place): OutboxDocument {
  const { eventSourceId, content, contentType, occurred, validFrom, ...facts } = event;
  return {
    source: eventSourceId,
    n,
    at,
    ...facts,
    occurred: dateOrNull(occurred),
    validFrom: dateOrNull(validFrom),
    format: contentType === ContentType.JSON ? 'json' : 'bson',
    content,
    attempts: 0,
  };
}

const dateOrNull = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));

/** Written by `documentOf`, and by nobody else. */
interface StoredRow {
  readonly _id: unknown;
  readonly source: string;
  readonly eventId: string;
  readonly type: string;
  readonly generation: number;
  readonly tags: string[];
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  /** Absent in rows of earlier releases. */
  readonly traceParent?: string;
  readonly occurred: Date | null;
  readonly validFrom: Date | null;
  readonly format: 'json' | 'bson';
  readonly content: StoredBytes;
  readonly attempts: number;
  readonly held?: { readonly violations: readonly Violation[]; readonly since: Date };
}

/** A `Binary` of the driver, or with `promoteBuffers` the bytes themselves. */
type StoredBytes = Uint8Array | { readonly buffer: Uint8Array; readonly position: number };

function bytesOf(stored: StoredBytes): Buffer {
  const bytes = stored instanceof Uint8Array ? stored : stored.buffer.subarray(0, stored.position);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function rowOf(document: OutboxDocument): OutboxRow {
  // The collection is the outbox's alone.
  const row = document as unknown as StoredRow;
  return {
    id: row._id,
    event: {
      eventId: row.eventId,
      type: row.type,
      generation: row.generation,
      eventSourceId: row.source,
      tags: row.tags,
      correlationId: row.correlationId,
      causationId: row.causationId,
      causedBy: row.causedBy,
      traceParent: row.traceParent ?? '',
      occurred: row.occurred?.getTime(),
      validFrom: row.validFrom?.getTime(),
      content: bytesOf(row.content),
      contentType: row.format === 'json' ? ContentType.JSON : ContentType.BSON,
    },
  };
}

export function heldEventOf(document: OutboxDocument): HeldOutboxEvent {
  // As above; it was found by its being held.
  const { eventId, type, source, content, format, attempts, held } = document as unknown as StoredRow;
  return {
    eventId,
    type,
    eventSourceId: source,
    content: decodeContent(bytesOf(content), format),
    violations: held?.violations ?? [],
    since: held?.since ?? new Date(0),
    attempts,
  };
}
