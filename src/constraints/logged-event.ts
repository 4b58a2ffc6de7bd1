/** A recorded event as constraints look at it, from its stored document. */
import type { GenerationContent } from '../kernel/generation-content';
import { announcementAt, PASS_OVER, visitEvent, type Announced } from '../storage/event-fields';
import type { ConstrainedEvent } from './constraint-keeper';

export interface LoggedEvent extends ConstrainedEvent {
  readonly number: number;
}

/** Undefined for an announcement that says nothing of an event's content. @param start where the document starts. */
export function loggedEvent(bytes: Buffer, start: number): LoggedEvent | undefined {
  const contents: GenerationContent[] = [];
  let number = 0;
  let type = '';
  let eventSourceId = '';
  let redacted = false;
  let announced: Announced | undefined;
  visitEvent(bytes, start, {
    ...PASS_OVER,
    number: (field, value) => {
      if (field === '_id') number = value;
    },
    string: (field, b, from, to) => {
      if (field === 'type') type = b.toString('utf8', from, to);
      else if (field === 'eventSourceId') eventSourceId = b.toString('utf8', from, to);
    },
    content: (generation, b, from, to) => contents.push({ generation, content: b.subarray(from, to) }),
    announces: (b, at) => {
      announced = announcementAt(b, at);
    },
    redaction: () => {
      redacted = true;
    },
  });
  // An event whose content was taken away says nothing any more, not even what a migration would make of nothing.
  const event = { number, type, eventSourceId, contents: redacted ? [] : contents };
  if (announced === undefined) return event;
  if (announced.kind === 'constraint') return undefined;
  const instead = announced.sequenceNumber;
  return { ...event, instead, contents: announced.kind === 'redaction' ? [] : event.contents };
}
