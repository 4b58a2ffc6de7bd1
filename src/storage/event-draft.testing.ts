/** For tests: events as they wait for their numbers. */
import { BSON } from 'mongodb';
import { encodeEventDocument, stamp, type EventDraft } from './event-document';

/** An ordinary event, but for what a test says of it. */
export const eventDraft = (over: Partial<EventDraft> = {}): EventDraft => ({
  eventId: 'e',
  correlationId: 'c',
  causationId: '',
  causedBy: '',
  type: 't',
  generation: 1,
  occurred: 0,
  validFrom: 0,
  eventSourceId: 's',
  tags: [],
  contents: firstGeneration({}),
  ...over,
});

/** Content of a type that has no other generation. */
export const firstGeneration = (content: object): EventDraft['contents'] => [
  { generation: 1, content: Buffer.from(BSON.serialize(content)) },
];

/** The document of an event that is recorded with this number, in 1970. */
export function documentAs(number: number, draft: EventDraft): Buffer {
  const document = encodeEventDocument(draft);
  stamp(document, number, 0);
  return document;
}
