/** A stored event with what decides about others: for what is done to one event at a time. The hot paths make nothing of it at all. */
import { BSON } from 'mongodb';
import type { GenerationContent } from '../kernel/generation-content';
import { announcementAt, PASS_OVER, visitEvent, type Announced } from './event-fields';

export interface StoredEvent {
  readonly number: number;
  readonly recorded: number;
  readonly eventId: string;
  readonly type: string;
  readonly generation: number;
  readonly eventSourceId: string;
  readonly contents: readonly GenerationContent[];
  readonly redacted: boolean;
  readonly announces: Announced | undefined;
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

/** Compensations are passed over: they may be many and large. Contents are slices of the document. */
export function storedEvent(document: Buffer): StoredEvent {
  const texts = { eventId: '', type: '', eventSourceId: '' };
  const numbers = { _id: 0, recorded: 0, generation: 1 };
  const contents: GenerationContent[] = [];
  let redacted = false;
  let announces: Announced | undefined;
  let origin = '';
  visitEvent(document, 0, {
    ...PASS_OVER,
    string: (field, bytes, start, end) => {
      if (field in texts) texts[field as keyof typeof texts] = bytes.toString('utf8', start, end);
    },
    number: (field, value) => {
      if (field in numbers) numbers[field as keyof typeof numbers] = value;
    },
    content: (generation, bytes, start, end) => contents.push({ generation, content: bytes.subarray(start, end) }),
    redaction: () => {
      redacted = true;
    },
    announces: (bytes, start) => {
      announces = announcementAt(bytes, start);
    },
    origin: (bytes, start, end) => {
      // Our own document, whose shape event-document.ts gives; numbers are below 2^53, so none is left as Long.
      origin = originKey(BSON.deserialize(bytes.subarray(start, end)) as Parameters<typeof originKey>[0]);
    },
  });
  const { _id: number, recorded, generation } = numbers;
  return {
    number,
    recorded,
    generation,
    ...texts,
    contents,
    redacted,
    announces,
    originKey: origin,
    bytes: document.length,
  };
}
