/**
 * Changes recorded events, within the transaction that announces the change on the log: a compensation
 * is added, or all content is taken away. Content goes to the wire as the bytes that it is.
 */
import { BSON, Long, MongoServerError, type ClientSession, type Db, type Document, type Filter } from 'mongodb';
import { makeDocumentSequence } from 'mongodb/lib/cmap/commands';
import type { GenerationContent } from '../kernel/generation-content';
import { SOURCE_INDEX } from './event-collections';
import { READ_CONCERN } from './find-events';
import { documentOf, joined } from './raw-document';

/** A compensation as it stands in the document of its event. Dates are ms since 1970. */
export interface NewCompensation {
  readonly compensationId: string;
  readonly generation: number;
  readonly contents: readonly GenerationContent[];
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  readonly occurred: number;
  readonly recorded: number;
  readonly validFrom: number;
  readonly reason: string;
  /** Where it is announced. */
  readonly sequenceNumber: number;
}

export function encodeCompensation(compensation: NewCompensation): Buffer {
  const { compensationId, generation, contents, recorded, occurred, validFrom, sequenceNumber, ...texts } =
    compensation;
  const content = documentOf(contents.map((of) => [String(of.generation), of.content]));
  return joined([
    BSON.serialize({ compensationId, generation }),
    documentOf([['content', content]]),
    BSON.serialize({
      correlationId: texts.correlationId,
      causationId: texts.causationId,
      causedBy: texts.causedBy,
      occurred: new Date(occurred),
      recorded: new Date(recorded),
      validFrom: new Date(validFrom),
      reason: texts.reason,
      sequenceNumber: Long.fromNumber(sequenceNumber),
    }),
  ]);
}

/** @param compensation of `encodeCompensation`. */
export async function addCompensation(
  db: Db,
  collection: string,
  number: number,
  compensation: Buffer,
  session: ClientSession,
): Promise<void> {
  const push = documentOf([['$push', documentOf([['compensations', compensation]])]]);
  const statement = documentOf([
    ['q', BSON.serialize({ _id: Long.fromNumber(number) })],
    ['u', push],
  ]);
  await update(db, collection, [statement], 1, session);
}

/** An event as far as a change of it needs to know it: without its content, since many of them may be large. */
export interface ChangeableEvent {
  readonly number: number;
  readonly type: string;
  /** The generation that it was appended in. */
  readonly generation: number;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  /** Where its compensations are announced, oldest first. */
  readonly compensatedAt: readonly number[];
  readonly redacted: boolean;
  /** The number of the event that it announces something of; undefined when it is an event of its own. */
  readonly announces: number | undefined;
  /** Bytes of its document. */
  readonly bytes: number;
}

/** Which events are looked for: these, or the first of a type about a source within a range, both ends inclusive. */
export type ChangeableQuery =
  | { readonly numbers: readonly number[] }
  | { readonly eventId: string }
  | {
      readonly type: string;
      readonly eventSourceId: string;
      readonly from: number;
      readonly to: number;
      readonly limit: number;
    };

/** What is recorded of them, by number ascending. Those that are not there are left out. */
export async function findChangeable(
  db: Db,
  collection: string,
  query: ChangeableQuery,
): Promise<readonly ChangeableEvent[]> {
  const limit = 'numbers' in query ? query.numbers.length : 'limit' in query ? query.limit : 1;
  const documents = await db
    .collection(collection)
    .find<ProjectedEvent>(filterOf(query), {
      projection: PROJECTION,
      sort: { _id: 1 },
      limit,
      batchSize: limit + 1,
      readConcern: READ_CONCERN,
      ...('type' in query ? { hint: SOURCE_INDEX } : {}),
    })
    .toArray();
  return documents.map(({ _id, redaction, compensations, announces, ...same }) => ({
    ...same,
    number: Number(_id),
    compensatedAt: compensations.map(({ sequenceNumber }) => Number(sequenceNumber)),
    redacted: redaction !== undefined,
    announces: announces === undefined ? undefined : Number(announces.sequenceNumber),
  }));
}

const PROJECTION = {
  type: 1,
  generation: 1,
  eventSourceId: 1,
  tags: 1,
  'compensations.sequenceNumber': 1,
  'redaction.sequenceNumber': 1,
  'announces.sequenceNumber': 1,
  bytes: { $bsonSize: '$$ROOT' },
};

interface ProjectedEvent {
  readonly _id: Long | number;
  readonly type: string;
  readonly generation: number;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  readonly compensations: readonly { readonly sequenceNumber: Long | number }[];
  readonly redaction?: object;
  readonly announces?: { readonly sequenceNumber: Long | number };
  readonly bytes: number;
}

function filterOf(query: ChangeableQuery): Filter<Document> {
  if ('eventId' in query) return { eventId: query.eventId };
  // The driver types `_id` as an ObjectId where it is told nothing else.
  const number = (condition: Document) => ({ _id: condition }) as Filter<Document>;
  if ('numbers' in query) return number({ $in: query.numbers.map((one) => Long.fromNumber(one)) });
  const { type, eventSourceId, from, to } = query;
  return { ...number({ $gte: Long.fromNumber(from), $lte: Long.fromNumber(to) }), type, eventSourceId };
}

export interface NewRedaction {
  /** All documents that have the event's content: its own, and those that announce its compensations. */
  readonly numbers: readonly number[];
  readonly reason: string;
  readonly causedBy: string;
  /** In ms since 1970. */
  readonly recorded: number;
  /** Where it is announced. */
  readonly sequenceNumber: number;
}

export async function takeContentAway(
  db: Db,
  collection: string,
  redactions: readonly NewRedaction[],
  session: ClientSession,
): Promise<void> {
  const statements = redactions.flatMap(({ numbers, reason, causedBy, recorded, sequenceNumber }) => {
    const redaction = {
      reason,
      causedBy,
      recorded: new Date(recorded),
      sequenceNumber: Long.fromNumber(sequenceNumber),
    };
    const u = [{ $set: { ...WITHOUT_CONTENT, redaction: { $literal: redaction } } }];
    // One by one: `_id: { $in: … }` has MongoDB 6 read the whole of a clustered collection.
    return numbers.map((number) => BSON.serialize({ q: { _id: Long.fromNumber(number) }, u }));
  });
  await update(db, collection, statements, statements.length, session);
}

/** An empty document under the generation that a document names. */
const emptied = (generation: string): Document => ({
  $arrayToObject: [[{ k: { $toString: generation }, v: { $literal: {} } }]],
});

/** Nothing of what was said is left, neither first nor later. */
const WITHOUT_CONTENT: Document = {
  content: emptied('$generation'),
  compensations: {
    $map: {
      input: '$compensations',
      as: 'each',
      in: { $mergeObjects: ['$$each', { content: emptied('$$each.generation') }] },
    },
  },
};

/** @param expected how many documents there are to be changed; fewer means that nothing may be committed. */
async function update(
  db: Db,
  collection: string,
  statements: readonly Uint8Array[],
  expected: number,
  session: ClientSession,
): Promise<void> {
  // The driver reads only the buffers, see insert-events.
  const updates = makeDocumentSequence(
    'updates',
    statements.map(() => ({})),
    statements.map((statement) => Buffer.from(statement)),
  );
  const reply = await db.command({ update: collection, ordered: true, updates }, { session });
  // The documented form of the reply.
  const [error] = (reply['writeErrors'] ?? []) as readonly Document[];
  if (error !== undefined) throw new MongoServerError(error);
  if (reply['n'] !== expected) throw new Error(`${String(reply['n'])} of ${expected} events are there to be changed`);
}
