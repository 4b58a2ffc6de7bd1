/**
 * Events that were recorded before a generation of their type existed: finds those that lack it, and
 * writes what they lack, unless somebody has written or redacted it in between. Content goes to the
 * wire as the bytes it is, as in insert-events.
 */
import { BSON, Long, MongoError, type Db, type Document, type Filter } from 'mongodb';
import { makeDocumentSequence } from 'mongodb/lib/cmap/commands';
import type { GenerationContent } from '../kernel/generation-content';
import { LIMITS } from '../kernel/limits';
import { givenUpInTime } from './deployment';
import { eachElement, generationOf, PASS_OVER, readInt32, visitEvent } from './event-fields';
import { READ_CONCERN } from './find-events';
import { WRITE_CONCERN } from './insert-events';

/** Types that have the same generations. */
export interface WantedGenerations {
  readonly types: readonly string[];
  readonly generations: readonly number[];
}

/** An event's own content, or that of one of its compensations. */
export interface ContentPlace {
  readonly number: number;
  readonly type: string;
  /** Absent: the event's own. */
  readonly compensation: { readonly index: number; readonly id: string } | undefined;
  /** Bytes of the event's document. */
  readonly documentBytes: number;
}

export interface StoredContent extends ContentPlace {
  /** The generation that it was written in. */
  readonly written: number;
  readonly contents: readonly GenerationContent[];
}

/** Bytes of events that are looked at together. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** Events that are looked at together. */
const PAGE_EVENTS = 500;

/** Bytes of one command beyond its first statement: MongoDB takes 48 MB. */
const BATCH_BYTES = 16 * 1024 * 1024;

/** How long the database may look for them, in ms. */
const FIND_TIME_MS = 30_000;

export interface IncompletePage {
  /** All contents of events that lack some, oldest first; some of them may be complete. */
  readonly found: readonly StoredContent[];
  /** Everything below it has been looked at. */
  readonly next: number;
}

/** Looks through the events from `from` to `to`, both inclusive, for those that lack a generation. */
export async function findIncomplete(
  db: Db,
  collection: string,
  from: number,
  to: number,
  wanted: readonly WantedGenerations[],
): Promise<IncompletePage> {
  const bounds = { $gte: Long.fromNumber(from), $lte: Long.fromNumber(to) };
  const filter: Document = { _id: bounds, ...UNTOUCHABLE, $or: wanted.map(lacking) };
  // The driver types a filter by the collection's schema; events are read raw here.
  const cursor = db.collection(collection).find<Buffer>(filter as Filter<Document>, {
    raw: true,
    sort: { _id: 1 },
    limit: PAGE_EVENTS,
    batchSize: PAGE_EVENTS,
    maxTimeMS: FIND_TIME_MS,
    readConcern: READ_CONCERN,
  });
  const found: StoredContent[] = [];
  let last = -1;
  let events = 0;
  let bytes = 0;
  for await (const document of cursor) {
    const contents = contentsOf(document);
    found.push(...contents);
    last = contents[0]?.number ?? last;
    events++;
    bytes += document.length;
    if (bytes >= PAGE_BYTES) break;
  }
  const more = events === PAGE_EVENTS || bytes >= PAGE_BYTES;
  return { found, next: more ? last + 1 : to + 1 };
}

/** What was redacted has no content to cast; where a constraint came into force never had any. */
const UNTOUCHABLE: Document = {
  redaction: { $exists: false },
  'announces.kind': { $nin: ['redaction', 'constraint'] },
};

function lacking({ types, generations }: WantedGenerations): Document {
  const absent = (generation: number): Document => ({ [`content.${generation}`]: { $exists: false } });
  return {
    type: { $in: types },
    $or: generations.flatMap((generation) => [
      absent(generation),
      { compensations: { $elemMatch: absent(generation) } },
    ]),
  };
}

/** The event's own content first, then its compensations'. */
function contentsOf(document: Buffer): StoredContent[] {
  const own: GenerationContent[] = [];
  const compensations: Omit<StoredContent, keyof Event>[] = [];
  let [number, written] = [0, 0];
  let type = '';
  visitEvent(document, 0, {
    ...PASS_OVER,
    number: (field, value) => {
      if (field === '_id') number = value;
      else if (field === 'generation') written = value;
    },
    string: (field, bytes, start, end) => {
      if (field === 'type') type = bytes.toString('utf8', start, end);
    },
    content: (generation, bytes, start, end) => own.push({ generation, content: bytes.subarray(start, end) }),
    compensations: (bytes, start) => {
      eachElement(bytes, start, (_type, _key, _stop, value) => {
        const index = compensations.length;
        compensations.push(compensationAt(bytes, value, index));
      });
    },
  });
  const event: Event = { number, type, documentBytes: document.length };
  return [
    { ...event, compensation: undefined, written, contents: own },
    ...compensations.map((compensation) => ({ ...event, ...compensation })),
  ];
}

/** What all contents of one event have in common. */
type Event = Pick<ContentPlace, 'number' | 'type' | 'documentBytes'>;

function compensationAt(bytes: Buffer, start: number, index: number): Omit<StoredContent, keyof Event> {
  const contents: GenerationContent[] = [];
  let written = 0;
  let id = '';
  eachElement(bytes, start, (_type, key, stop, value) => {
    switch (bytes.toString('latin1', key, stop)) {
      case 'compensationId':
        id = bytes.toString('utf8', value + 4, value + 3 + readInt32(bytes, value));
        break;
      case 'generation':
        written = readInt32(bytes, value);
        break;
      case 'content':
        eachElement(bytes, value, (_t, g, gStop, c) =>
          contents.push({
            generation: generationOf(bytes, g, gStop),
            content: bytes.subarray(c, c + readInt32(bytes, c)),
          }),
        );
        break;
    }
  });
  return { compensation: { index, id }, written, contents };
}

/** Content in all its generations, some of which are new. */
export interface CompletedContent extends ContentPlace {
  /** Ascending. */
  readonly contents: readonly GenerationContent[];
  /** Those of them that are not stored yet. */
  readonly added: readonly number[];
}

export interface WrittenContents {
  /** How many were changed; the others had been written or redacted meanwhile. */
  readonly changed: number;
  /** What the database refused, such as a document that would grow too large. */
  readonly refused: readonly { readonly content: CompletedContent; readonly message: string }[];
}

/** Writes content in all generations, each unless what is new of it has been written, or the event redacted, meanwhile. */
export async function writeContents(
  db: Db,
  collection: string,
  completed: readonly CompletedContent[],
): Promise<WrittenContents> {
  const grown = new Map<number, number>();
  const refused: { content: CompletedContent; message: string }[] = [];
  let changed = 0;
  let batch: { content: CompletedContent; statement: Buffer }[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    const reply = await update(
      db,
      collection,
      batch.map(({ statement }) => statement),
    );
    changed += reply.changed;
    for (const { index, message } of reply.errors) {
      const content = batch[index]?.content;
      if (content !== undefined) refused.push({ content, message });
    }
    batch = [];
    bytes = 0;
  };
  for (const content of completed) {
    const { number, documentBytes, added, contents } = content;
    const size =
      (grown.get(number) ?? documentBytes) +
      contents.reduce((sum, one) => (added.includes(one.generation) ? sum + one.content.length : sum), 0);
    if (size > LIMITS.eventBytes) {
      const message = `the event would have ${size} bytes; the limit is ${LIMITS.eventBytes}`;
      refused.push({ content, message });
      continue;
    }
    grown.set(number, size);
    const statement = statementOf(content);
    if (bytes + statement.length > BATCH_BYTES) await send();
    batch.push({ content, statement });
    bytes += statement.length;
  }
  await send();
  return { changed, refused };
}

async function update(
  db: Db,
  collection: string,
  statements: readonly Buffer[],
): Promise<{ changed: number; errors: readonly { index: number; message: string }[] }> {
  // The driver reads only the buffers, see insert-events.
  const empty = statements.map(() => ({}));
  const updates = makeDocumentSequence('updates', empty, statements);
  const command = { update: collection, ordered: false, updates, writeConcern: WRITE_CONCERN };
  // The documented form of the reply.
  const reply = (await givenUpInTime((signal) => db.command(command, { signal }))) as UpdateReply;
  if (reply.writeConcernError !== undefined) {
    throw new MongoError(reply.writeConcernError.errmsg ?? 'the write concern failed');
  }
  const errors = (reply.writeErrors ?? []).map(({ index, errmsg }) => ({
    index,
    message: errmsg ?? 'the database refused it',
  }));
  return { changed: reply.nModified, errors };
}

interface UpdateReply {
  readonly nModified: number;
  readonly writeErrors?: readonly { readonly index: number; readonly errmsg?: string }[];
  readonly writeConcernError?: { readonly errmsg?: string };
}

function statementOf({ number, compensation, contents, added }: CompletedContent): Buffer {
  const path = compensation === undefined ? 'content' : `compensations.${compensation.index}.content`;
  const condition = {
    _id: Long.fromNumber(number),
    ...UNTOUCHABLE,
    ...(compensation === undefined ? {} : { [`compensations.${compensation.index}.compensationId`]: compensation.id }),
    ...Object.fromEntries(added.map((generation) => [`${path}.${generation}`, { $exists: false }])),
  };
  // Content is written whole, so that its generations stay in their order: nothing else ever changes it.
  const whole = documentOf(contents.map(({ generation, content }) => [String(generation), content]));
  return documentOf([
    ['q', BSON.serialize(condition)],
    ['u', documentOf([['$set', documentOf([[path, whole]])]])],
  ]);
}

const BSON_DOCUMENT = 0x03;

/** A BSON document whose values are documents, encoded already. */
function documentOf(fields: readonly (readonly [key: string, value: Uint8Array])[]): Buffer {
  const elements = fields.flatMap(([key, value]) => [Buffer.of(BSON_DOCUMENT), Buffer.from(`${key}\0`), value]);
  const document = Buffer.concat([Buffer.alloc(4), ...elements, Buffer.of(0)]);
  document.writeInt32LE(document.length, 0);
  return document;
}
