/**
 * What a trace takes from the log: ids for its projection, and events without their content. Nothing here
 * changes anything, and all of it is what a majority holds.
 */
import { BSON, Long, type Db, type Document } from 'mongodb';
import { idHashOfBytes } from '../kernel/id-hash';
import { NUMBER_OFFSET } from './event-document';
import {
  eachElement,
  PASS_OVER,
  readInt32,
  readInt64,
  visitEvent,
  type NumberField,
  type StringField,
} from './event-fields';
import { findEvents, READ_CONCERN } from './find-events';
import { sequenceCollection, sequenceOfCollection } from './names';

/** Neighbouring events as the projection sees them. */
export interface Edges {
  /** The number of the first. */
  readonly first: number;
  readonly correlations: number[];
  readonly causations: number[];
}

export interface TracedOrigin {
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly number: number;
  readonly recorded: Date;
  readonly link: string;
  readonly hops: number;
}

export interface TracedAnnouncement {
  readonly kind: 'compensation' | 'redaction' | 'constraint';
  /** The event that it is about. */
  readonly number: number;
  readonly reason: string;
}

/** An event without its content. */
export interface TracedEvent {
  readonly sequence: string;
  readonly number: number;
  readonly eventId: string;
  readonly type: string;
  readonly eventSourceId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  readonly occurred: Date;
  readonly recorded: Date;
  readonly tags: readonly string[];
  readonly traceParent: string;
  readonly origin: TracedOrigin | undefined;
  readonly announcement: TracedAnnouncement | undefined;
  readonly redacted: boolean;
  readonly compensations: number;
  /** The numbers of what was announced of it. */
  readonly announcedAt: readonly number[];
}

/** Content may be large, and is nobody's business here. */
const WITHOUT_CONTENT = { content: 0, 'compensations.content': 0 } as const;

/** Ids in one question, and events in one reply. */
const AT_ONCE = 1_000;

/** Numbers that may lie between two that are read as one range: passing over one costs a microsecond, a range of its own fifty. */
const STRETCH_GAP = 32;

/** Events that a range may have for each that is wanted, to be read whole. */
const DENSE = 1.5;

/** Ranges in one question. */
const STRETCHES_AT_ONCE = 100;

/** What tells, in an answer from several sequences, which one a document is from. No field of an event has this name. */
const FROM_SEQUENCE = 'sequence';

/** Sequences that one question is about. */
const SEQUENCES_AT_ONCE = 100;

export class TracedEvents {
  constructor(private readonly db: Db) {}

  /** The event sequences of the namespace. */
  async sequences(): Promise<string[]> {
    const collections = await this.db.listCollections({}, { nameOnly: true }).toArray();
    return collections.flatMap(({ name }) => sequenceOfCollection(name) ?? []).sort();
  }

  /** The number behind the end of each sequence that has events. */
  async ends(sequences: readonly string[]): Promise<Map<string, number>> {
    const ends = new Map<string, number>();
    for (let i = 0; i < sequences.length; i += SEQUENCES_AT_ONCE) {
      for (const [sequence, end] of await this.#ends(sequences.slice(i, i + SEQUENCES_AT_ONCE)))
        ends.set(sequence, end);
    }
    return ends;
  }

  /** One question for several sequences, since it is asked of every namespace again and again. */
  async #ends(sequences: readonly string[]): Promise<[string, number][]> {
    const [first, ...others] = sequences;
    if (first === undefined) return [];
    const last = (sequence: string): Document[] => [
      { $sort: { _id: -1 } },
      { $limit: 1 },
      { $project: { _id: 1, sequence: { $literal: sequence } } },
    ];
    const found = await this.db
      .collection(sequenceCollection(first))
      .aggregate<{ _id: Long | number; sequence: string }>(
        [
          ...last(first),
          ...others.map((other) => ({ $unionWith: { coll: sequenceCollection(other), pipeline: last(other) } })),
        ],
        { readConcern: READ_CONCERN },
      )
      .toArray();
    return found.map(({ _id, sequence }) => [sequence, Number(_id) + 1]);
  }

  /** What the projection takes of the events from a number on, as far as one reply of the database goes. */
  async edges(sequence: string, from: number, limit: number): Promise<Edges> {
    const { bytes, starts } = await findEvents(this.db, sequenceCollection(sequence), {
      from,
      limit,
      projection: { correlationId: 1, causationId: 1 },
    });
    const edges: Edges = { first: from, correlations: [], causations: [] };
    for (const start of starts) {
      // What is behind a hole has not become visible yet.
      if (readInt64(bytes, start + NUMBER_OFFSET) !== from + edges.correlations.length) break;
      let correlation = 0;
      let causation = 0;
      visitEvent(bytes, start, {
        ...PASS_OVER,
        string: (field, of, begin, end) => {
          if (field === 'correlationId') correlation = idHashOfBytes(of, begin, end);
          else if (field === 'causationId') causation = idHashOfBytes(of, begin, end);
        },
      });
      edges.correlations.push(correlation);
      edges.causations.push(causation);
    }
    return edges;
  }

  /**
   * The events with these numbers, ascending. On a clustered collection an `$in` without bounds walks all of it, so
   * neighbours are read as ranges, and many ranges in one question.
   */
  async byNumbers(sequence: string, numbers: readonly number[]): Promise<TracedEvent[]> {
    const collection = sequenceCollection(sequence);
    const all = stretches(numbers);
    const events: TracedEvent[] = [];
    for (let i = 0; i < all.length; i += STRETCHES_AT_ONCE) {
      const some = all.slice(i, i + STRETCHES_AT_ONCE);
      const [first, ...others] = some.map(stretchPipeline);
      const unions = others.map((pipeline) => ({ $unionWith: { coll: collection, pipeline } }));
      const found = await this.db
        .collection(collection)
        .aggregate<Buffer>([...(first ?? []), ...unions], { raw: true, batchSize: AT_ONCE, readConcern: READ_CONCERN })
        .toArray();
      for (const document of found) events.push(tracedEvent(sequence, document));
    }
    const wanted = new Set(numbers);
    return events.filter(({ number }) => wanted.has(number)).sort((a, b) => a.number - b.number);
  }

  /**
   * The events with these ids in any of the sequences: one question for many sequences, since a chain of causes asks
   * for each of its events.
   */
  async byEventIds(sequences: readonly string[], eventIds: readonly string[]): Promise<TracedEvent[]> {
    const events: TracedEvent[] = [];
    for (let i = 0; i < sequences.length; i += SEQUENCES_AT_ONCE) {
      const some = sequences.slice(i, i + SEQUENCES_AT_ONCE);
      for (let j = 0; j < eventIds.length; j += AT_ONCE) {
        for (const event of await this.#byEventIds(some, eventIds.slice(j, j + AT_ONCE))) events.push(event);
      }
    }
    return events;
  }

  async #byEventIds(sequences: readonly string[], eventIds: readonly string[]): Promise<TracedEvent[]> {
    const [first, ...others] = sequences;
    if (first === undefined) return [];
    const those = (sequence: string): Document[] => [
      { $match: { eventId: { $in: eventIds } } },
      { $project: WITHOUT_CONTENT },
      { $set: { [FROM_SEQUENCE]: { $literal: sequence } } },
    ];
    const unions = others.map((other) => ({
      $unionWith: { coll: sequenceCollection(other), pipeline: those(other) },
    }));
    const found = await this.db
      .collection(sequenceCollection(first))
      .aggregate<Buffer>([...those(first), ...unions], { raw: true, batchSize: AT_ONCE, readConcern: READ_CONCERN })
      .toArray();
    return found.map((document) => tracedEvent(sequenceIn(document) ?? first, document));
  }
}

/** Groups numbers into those that are read together, with little between them. */
export function stretches(numbers: readonly number[]): number[][] {
  const groups: number[][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (group !== undefined && last !== undefined && number - last <= STRETCH_GAP) group.push(number);
    else groups.push([number]);
  }
  return groups;
}

/** What lies between is left out by the database, unless it is so little that naming the rest would cost more. */
function stretchPipeline(numbers: readonly number[]): Document[] {
  const first = numbers[0] ?? 0;
  const last = numbers.at(-1) ?? 0;
  const bounds = { $gte: Long.fromNumber(first), $lte: Long.fromNumber(last) };
  const isDense = last - first < DENSE * numbers.length;
  const _id = isDense ? bounds : { ...bounds, $in: numbers.map((number) => Long.fromNumber(number)) };
  return [{ $match: { _id } }, { $project: WITHOUT_CONTENT }];
}

function sequenceIn(document: Buffer): string | undefined {
  let sequence: string | undefined;
  eachElement(document, 0, (_type, key, stop, value) => {
    if (stop - key === FROM_SEQUENCE.length && document.toString('latin1', key, stop) === FROM_SEQUENCE)
      sequence = document.toString('utf8', value + 4, value + 3 + readInt32(document, value));
  });
  return sequence;
}

/** Walks the document's fields, since a trace may be of very many events and objects in between cost more than all else. */
export function tracedEvent(sequence: string, document: Buffer): TracedEvent {
  const texts: Record<StringField, string> = {
    eventId: '',
    correlationId: '',
    causationId: '',
    causedBy: '',
    type: '',
    eventSourceId: '',
  };
  const numbers: Record<NumberField, number> = { _id: 0, generation: 0, occurred: 0, recorded: 0, validFrom: 0 };
  const tags: string[] = [];
  const announcedAt: number[] = [];
  let traceParent = '';
  let compensations = 0;
  let redacted = false;
  let origin: TracedOrigin | undefined;
  let announcement: TracedAnnouncement | undefined;
  visitEvent(document, 0, {
    ...PASS_OVER,
    string: (field, bytes, start, end) => {
      texts[field] = bytes.toString('utf8', start, end);
    },
    number: (field, value) => {
      numbers[field] = value;
    },
    traceparent: (bytes, start, end) => {
      traceParent = bytes.toString('utf8', start, end);
    },
    tag: (bytes, start, end) => tags.push(bytes.toString('utf8', start, end)),
    // These are rare, so the driver's own decoder does. The documents are our own, with the shapes of event-document.ts.
    origin: (bytes, start, end) => {
      origin = renumbered(BSON.deserialize(bytes.subarray(start, end)) as Numbered<TracedOrigin>);
    },
    announces: (bytes, start, end) => {
      announcement = renumbered(BSON.deserialize(bytes.subarray(start, end)) as Numbered<TracedAnnouncement>);
    },
    compensations: (bytes, start, end) => {
      const all = Object.values(BSON.deserialize(bytes.subarray(start, end))) as Numbered<object>[];
      compensations = all.length;
      for (const { sequenceNumber } of all) announcedAt.push(sequenceNumber);
    },
    redaction: (bytes, start, end) => {
      redacted = true;
      announcedAt.push((BSON.deserialize(bytes.subarray(start, end)) as Numbered<object>).sequenceNumber);
    },
  });
  return {
    sequence,
    number: numbers._id,
    eventId: texts.eventId,
    type: texts.type,
    eventSourceId: texts.eventSourceId,
    correlationId: texts.correlationId,
    causationId: texts.causationId,
    causedBy: texts.causedBy,
    occurred: new Date(numbers.occurred),
    recorded: new Date(numbers.recorded),
    tags,
    traceParent,
    origin,
    announcement,
    redacted,
    compensations,
    announcedAt,
  };
}

/** As it is stored. */
type Numbered<Of> = Omit<Of, 'number'> & { readonly sequenceNumber: number };

const renumbered = <Of extends { readonly number: number }>(stored: Numbered<Of>): Of =>
  // The same with another name for the number.
  ({ ...stored, number: stored.sequenceNumber }) as unknown as Of;
