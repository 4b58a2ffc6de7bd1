/** An entry as it stands on the log, and as it is put there: the event's type is the entry's, its content all the rest. */
import { ContentType, type NewEvent } from '../../src/contract/messages';
import { decodeBson, encodeBson } from '../../src/kernel/content/decode-content';
import { SERVER_IDENTITY } from '../../src/sequences/audit';
import { announcementKind, PASS_OVER, visitEvent } from '../../src/storage/event-fields';
import type { NamespaceEntry, SequenceEntry } from './log-entry';

export type LogEntry = SequenceEntry | NamespaceEntry;

export interface LoggedEntry<Entry extends LogEntry = LogEntry> {
  readonly number: number;
  /** What the fold goes by, in ms since 1970: the time that the engine gave it. */
  readonly at: number;
  /** When it was committed, in ms since 1970. */
  readonly recorded: number;
  readonly eventId: string;
  /** The ordered sequence's id; of what is not about one, the subject. */
  readonly source: string;
  readonly entry: Entry;
}

/** What an entry is recorded with beside what it says. */
export interface EntryContext {
  readonly source: string;
  readonly correlationId: string;
  /** The business event concerned; empty when there is none. */
  readonly causationId: string;
  /** Ms since 1970. */
  readonly at: number;
  /** Undefined: a new one. */
  readonly eventId?: string;
}

/** Who is the subject of what is not about one sequence. An ordered sequence may have the same name: types tell them apart. */
export const SUBJECTS = { definitions: 'definitions', processors: 'processors', starts: 'starts' } as const;

const NAMESPACE_TYPES: ReadonlySet<string> = new Set<NamespaceEntry['type']>([
  'DefinitionAdded',
  'ProcessorsKnown',
  'StartRefused',
]);

/** Types by which what is not about one sequence is read. */
export const isNamespaceEntry = (entry: LogEntry): entry is NamespaceEntry => NAMESPACE_TYPES.has(entry.type);

export function eventOf(entry: LogEntry, context: EntryContext): NewEvent {
  const { type, ...content } = entry;
  return {
    eventId: context.eventId,
    type,
    generation: 0,
    eventSourceId: context.source,
    tags: [],
    correlationId: context.correlationId,
    causationId: context.causationId,
    causedBy: entry.type === 'SequenceResolved' && entry.who !== '' ? entry.who : SERVER_IDENTITY,
    occurred: context.at,
    validFrom: undefined,
    content: encodeBson(content, 'entry'),
    contentType: ContentType.BSON,
    traceParent: '',
  };
}

/** Undefined: it says something that this version of the server has no word for, or nothing of ours. */
export function loggedEntry(document: Buffer): LoggedEntry | undefined {
  if (announcementKind(document, 0) !== undefined) return undefined;
  const texts = { eventId: '', type: '', eventSourceId: '' };
  const numbers = { _id: 0, occurred: 0, recorded: 0 };
  let content: Buffer | undefined;
  visitEvent(document, 0, {
    ...PASS_OVER,
    string: (field, bytes, start, end) => {
      if (field in texts) texts[field as keyof typeof texts] = bytes.toString('utf8', start, end);
    },
    number: (field, value) => {
      if (field in numbers) numbers[field as keyof typeof numbers] = value;
    },
    content: (_generation, bytes, start, end) => (content = bytes.subarray(start, end)),
  });
  if (content === undefined) return undefined;
  // Nobody but the engine writes this log, and it writes entries.
  const entry = { type: texts.type, ...decodeBson(content) } as LogEntry;
  const { _id: number, occurred: at, recorded } = numbers;
  return { number, at, recorded, eventId: texts.eventId, source: texts.eventSourceId, entry };
}
