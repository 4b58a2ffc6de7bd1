/**
 * Finds out what became of event ids: the answer to an append that was sent before, and to one whose
 * outcome the database did not tell. What a majority holds is the truth.
 */
import type { Db } from 'mongodb';
import type { AppendResponse, Violation } from '../contract/messages';
import { sameContent } from '../kernel/content/same-content';
import { writtenContent, type EventDraft } from '../storage/event-document';
import { findByEventIds } from '../storage/find-events';
import { originKey, storedEvent, type StoredEvent } from '../storage/stored-event';

export type KnownEvents = ReadonlyMap<string, StoredEvent>;

/** Those of the events that are recorded, by id. */
export async function lookUp(db: Db, collection: string, drafts: readonly EventDraft[]): Promise<KnownEvents> {
  const ids = drafts.map((draft) => draft.eventId);
  const documents = await findByEventIds(db, collection, ids);
  return new Map(documents.map(storedEvent).map((known) => [known.eventId, known]));
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

function violationOfReuse(draft: EventDraft, event: StoredEvent | undefined, i: number): Violation[] {
  if (event === undefined) return [];
  const different = differences(draft, event);
  const [part] = different;
  if (part === undefined) return [];
  const other = part === ANOTHER_EVENT ? meaning(event) : `has another ${different.join(', ')}`;
  return [
    {
      code: 'EVENT_ID_REUSED',
      message: `events[${i}] has the id ${JSON.stringify(draft.eventId)} of event ${event.number}, which ${other}`,
      field: `events[${i}].${part}`,
      sequenceNumber: event.number,
    },
  ];
}

/** What it is when it is not what the draft is. */
function meaning({ announces, originKey: from }: StoredEvent): string {
  if (announces !== undefined) return `announces what happened to event ${announces.sequenceNumber}`;
  return from === '' ? 'is an event of its own' : `was relayed as ${from}`;
}

function violationOfPart(draft: EventDraft, event: StoredEvent | undefined, i: number): Violation[] {
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

/** The part of an append that stands for what its other parts do not say: the id is all that the two have in common. */
const ANOTHER_EVENT = 'event_id';

/** What a recorded event has otherwise than one that was sent again would have, by the names that an append has for it. */
function differences(draft: EventDraft, event: StoredEvent): string[] {
  const { announces, origin } = draft;
  const sameGeneration = draft.anyGeneration === true || event.generation === draft.generation;
  const announced = announces?.kind === event.announces?.kind;
  const sameAnnouncement = announced && announces?.sequenceNumber === event.announces?.sequenceNumber;
  // An event of the same id that came from elsewhere is another one.
  const sameOrigin = origin === undefined || event.originKey === originKey(origin);
  if (!sameAnnouncement || !sameOrigin) return [ANOTHER_EVENT];
  return [
    ...(event.type === draft.type ? [] : ['type']),
    ...(event.eventSourceId === draft.eventSourceId ? [] : ['event_source_id']),
    ...(sameGeneration ? [] : ['generation']),
    // What is gone for good cannot be compared.
    ...(event.redacted || sameContent(contentOf(event), writtenContent(draft)) ? [] : ['content']),
  ];
}

/** The content as it was written. */
const contentOf = ({ contents, generation }: StoredEvent): Buffer =>
  contents.find((content) => content.generation === generation)?.content ?? Buffer.alloc(0);
