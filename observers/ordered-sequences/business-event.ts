/** An event of an event sequence as ordered sequences look at it: who it is, and what ties it to one of them. */
import { decodeBson } from '../../src/kernel/content/decode-content';
import { announcementKind, PASS_OVER, visitEvent } from '../../src/storage/event-fields';
import type { Arrived } from './sequence-state';
import type { Json, StepMatch } from '../../src/contract/sequence-document';

export interface BusinessEvent extends Arrived {
  readonly causationId: string;
  readonly causedBy: string;
  /** Ms since 1970. */
  readonly occurred: number;
  /** As it was appended; empty when it was redacted. Decoded at each call: it is asked for where a property ties. */
  readonly content: () => Json;
}

/** What an event may be tied to an ordered sequence by. */
export type Tie = Pick<StepMatch, 'by' | 'property'>;

/** Undefined: it is no event of the domain, but says what became of an earlier one. */
export function businessEvent(document: Buffer): BusinessEvent | undefined {
  if (announcementKind(document, 0) !== undefined) return undefined;
  const texts = { eventId: '', type: '', eventSourceId: '', correlationId: '', causationId: '', causedBy: '' };
  const numbers = { _id: 0, occurred: 0, generation: 1 };
  let content: Buffer | undefined;
  visitEvent(document, 0, {
    ...PASS_OVER,
    string: (field, bytes, start, end) => {
      if (field in texts) texts[field] = bytes.toString('utf8', start, end);
    },
    number: (field, value) => {
      if (field in numbers) numbers[field as keyof typeof numbers] = value;
    },
    content: (generation, bytes, start, end) => {
      if (generation === numbers.generation) content = bytes.subarray(start, end);
    },
  });
  const { type: eventType, ...others } = texts;
  return {
    ...others,
    eventType,
    sequenceNumber: numbers._id,
    occurred: numbers.occurred,
    // What BSON has beyond JSON ties nothing, and is passed over by who looks for a value.
    content: () => (content === undefined ? {} : (decodeBson(content) as Json)),
  };
}
