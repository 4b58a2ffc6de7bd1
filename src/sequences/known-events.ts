/**
 * Finds out what became of event ids: the answer to an append that was sent before, and to one whose
 * outcome the database did not tell. What a majority holds is the truth.
 */
import type { Db } from 'mongodb';
import type { AppendResponse, Violation } from '../contract/messages';
import { sameContent } from '../kernel/content/same-content';
import type { EventDraft } from '../storage/event-document';
import { PASS_OVER, readInt32, visitEvent } from '../storage/event-fields';
import { findByEventIds } from '../storage/find-events';
import { fromDocument } from './log-event';

/** A recorded event, as far as a repeated append is compared with it. */
export interface KnownEvent {
  readonly number: number;
  readonly recorded: number;
  readonly eventId: string;
  readonly type: string;
  readonly eventSourceId: string;
  readonly generation: number;
  readonly content: Buffer;
}

export type KnownEvents = ReadonlyMap<string, KnownEvent>;

/** Those of the events that are recorded, by id. */
export async function lookUp(db: Db, collection: string, drafts: readonly EventDraft[]): Promise<KnownEvents> {
  const ids = drafts.map((draft) => draft.eventId);
  const documents = await findByEventIds(db, collection, ids);
  return new Map(documents.map((document) => knownEvent(document)).map((known) => [known.eventId, known]));
}

/**
 * What to answer an append of which at least one id may be known: `undefined` when none is, the
 * first time's numbers when all are as they were sent, violations when they are not.
 */
export function answerFromKnown(drafts: readonly EventDraft[], known: KnownEvents): AppendResponse | undefined {
  const found = drafts.map((draft) => known.get(draft.eventId));
  const [first] = found;
  if (found.every((event) => event === undefined)) return undefined;

  const reused = found.flatMap((event, i) => violationOfReuse(drafts[i] as EventDraft, event, i));
  if (reused.length > 0) return { refused: { violations: reused } };
  const together = first !== undefined && found.every((event, i) => event?.number === first.number + i);
  if (together) {
    return {
      appended: {
        firstSequenceNumber: first.number,
        lastSequenceNumber: first.number + drafts.length - 1,
        duplicate: true,
        recorded: first.recorded,
        eventIds: [],
      },
    };
  }
  return { refused: { violations: found.flatMap((event, i) => violationOfPart(drafts[i] as EventDraft, event, i)) } };
}

function violationOfReuse(draft: EventDraft, event: KnownEvent | undefined, i: number): Violation[] {
  if (event === undefined) return [];
  const different = [
    ...(event.type === draft.type ? [] : ['type']),
    ...(event.eventSourceId === draft.eventSourceId ? [] : ['event_source_id']),
    ...(event.generation === draft.generation ? [] : ['generation']),
    ...(sameContent(event.content, draft.content) ? [] : ['content']),
  ];
  if (different.length === 0) return [];
  return [
    {
      code: 'EVENT_ID_REUSED',
      message: `events[${i}] has the id ${JSON.stringify(draft.eventId)} of event ${event.number}, which has another ${different.join(', ')}`,
      field: `events[${i}].${different[0] ?? ''}`,
      sequenceNumber: event.number,
    },
  ];
}

function violationOfPart(draft: EventDraft, event: KnownEvent | undefined, i: number): Violation[] {
  if (event === undefined) return [];
  return [
    {
      code: 'PARTIAL_DUPLICATE',
      message: `events[${i}], ${JSON.stringify(draft.eventId)}, is recorded as ${event.number}, but the call was not recorded as a whole`,
      field: `events[${i}].event_id`,
      sequenceNumber: event.number,
    },
  ];
}

function knownEvent(document: Buffer): KnownEvent {
  const contents = new Map<number, Buffer>();
  let eventId = '';
  let generation = 1;
  let recorded = 0;
  visitEvent(document, 0, {
    ...PASS_OVER,
    string: (field, bytes, start, end) => {
      if (field === 'eventId') eventId = bytes.toString('utf8', start, end);
    },
    number: (field, value) => {
      if (field === 'generation') generation = value;
      if (field === 'recorded') recorded = value;
    },
    content: (of, bytes, start) => contents.set(of, bytes.subarray(start, start + readInt32(bytes, start))),
  });
  const { number, type, eventSourceId } = fromDocument(document);
  return {
    number,
    recorded,
    eventId,
    type,
    eventSourceId,
    generation,
    content: contents.get(generation) ?? Buffer.alloc(0),
  };
}
