/** A stored event, decoded but for its content: for what is done to one event at a time. The hot paths walk the bytes instead. */
import { BSON, type Document } from 'mongodb';
import type { GenerationContent } from '../kernel/generation-content';
import type { AnnouncementKind } from './event-document';
import { PASS_OVER, visitEvent } from './event-fields';

export interface StoredAnnouncement {
  readonly kind: AnnouncementKind;
  readonly sequenceNumber: number;
}

/** A compensation as far as others are decided by it. */
export interface StoredCompensation {
  readonly compensationId: string;
  readonly generation: number;
  /** Where it is announced. */
  readonly sequenceNumber: number;
}

export interface StoredEvent {
  readonly number: number;
  readonly recorded: number;
  readonly eventId: string;
  readonly type: string;
  readonly generation: number;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  readonly contents: readonly GenerationContent[];
  readonly compensations: readonly StoredCompensation[];
  readonly redacted: boolean;
  readonly announces: StoredAnnouncement | undefined;
  /** `store/namespace/sequence/number`; empty unless it was relayed. */
  readonly originKey: string;
  /** Bytes of its document. */
  readonly bytes: number;
}

/** How an origin is told from others: no part but the last can hold a slash. */
export const originKey = (origin: {
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly sequenceNumber: number;
}): string => `${origin.store}/${origin.namespace}/${origin.sequence}/${origin.sequenceNumber}`;

export function storedEvent(document: Buffer): StoredEvent {
  const contents: GenerationContent[] = [];
  visitEvent(document, 0, {
    ...PASS_OVER,
    content: (generation, bytes, start, end) => contents.push({ generation, content: bytes.subarray(start, end) }),
  });
  // Our own documents, whose shape event-document.ts gives; numbers are below 2^53, so none is left as Long.
  const stored = BSON.deserialize(document) as Document & Fields;
  return {
    number: stored._id,
    recorded: stored.recorded.getTime(),
    eventId: stored.eventId,
    type: stored.type,
    generation: stored.generation,
    eventSourceId: stored.eventSourceId,
    tags: stored.tags,
    contents,
    compensations: stored.compensations,
    redacted: stored.redaction !== undefined,
    announces: stored.announces,
    originKey: stored.origin === undefined ? '' : originKey(stored.origin),
    bytes: document.length,
  };
}

interface Fields {
  readonly _id: number;
  readonly recorded: Date;
  readonly eventId: string;
  readonly type: string;
  readonly generation: number;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  readonly compensations: readonly StoredCompensation[];
  readonly redaction?: object;
  readonly announces?: StoredAnnouncement;
  readonly origin?: { store: string; namespace: string; sequence: string; sequenceNumber: number };
}
