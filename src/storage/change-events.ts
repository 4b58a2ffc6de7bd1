/**
 * Changes recorded events, within the transaction that announces the change on the log: a compensation
 * is added, or all content is taken away. Content goes to the wire as the bytes that it is.
 */
import { BSON, Long, MongoServerError, type ClientSession, type Db, type Document } from 'mongodb';
import { makeDocumentSequence } from 'mongodb/lib/cmap/commands';
import type { GenerationContent } from '../kernel/generation-content';
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

/** What a redaction needs to know of an event. */
export interface RedactableEvent {
  readonly number: number;
  readonly redacted: boolean;
  /** Where its compensations are announced. */
  readonly announced: readonly number[];
}

interface Redactable {
  readonly _id: Long;
  readonly redaction?: object;
  readonly compensations: readonly { readonly sequenceNumber: Long }[];
}

/** The events with these numbers, without their content: many of them may be large. */
export async function findRedactable(
  db: Db,
  collection: string,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, RedactableEvent>> {
  const documents = await db
    .collection<Redactable>(collection)
    .find(
      { _id: { $in: numbers.map((number) => Long.fromNumber(number)) } },
      {
        projection: { 'redaction.sequenceNumber': 1, 'compensations.sequenceNumber': 1 },
        readConcern: READ_CONCERN,
        batchSize: numbers.length + 1,
      },
    )
    .toArray();
  const events = documents.map(({ _id, redaction, compensations }) => ({
    number: Number(_id),
    redacted: redaction !== undefined,
    announced: compensations.map(({ sequenceNumber }) => Number(sequenceNumber)),
  }));
  return new Map(events.map((event) => [event.number, event]));
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
  const statements = redactions.map(({ numbers, reason, causedBy, recorded, sequenceNumber }) => {
    const redaction = {
      reason,
      causedBy,
      recorded: new Date(recorded),
      sequenceNumber: Long.fromNumber(sequenceNumber),
    };
    return BSON.serialize({
      q: { _id: { $in: numbers.map((number) => Long.fromNumber(number)) } },
      u: [{ $set: { ...WITHOUT_CONTENT, redaction: { $literal: redaction } } }],
      multi: true,
    });
  });
  const documents = redactions.reduce((sum, { numbers }) => sum + numbers.length, 0);
  await update(db, collection, statements, documents, session);
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
