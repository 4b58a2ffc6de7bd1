/**
 * Looks at an event sequence as MongoDB has it, and says what is wrong with it: whether what is announced
 * on the log and what stands in the documents is the same, each once, and whether content that was taken
 * away is gone. It knows the form of the documents and nothing of the code that writes them.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Db, Document } from 'mongodb';

export interface CheckedLog {
  /** What is wrong, for a person. */
  readonly objections: readonly string[];
  readonly documents: readonly Document[];
  /** By its id, the number at which each compensation is announced. */
  readonly announced: ReadonlyMap<string, number>;
}

/** What a compensation has in the document of its event, and the same on the log. */
const METADATA = [
  'generation',
  'content',
  'correlationId',
  'causationId',
  'causedBy',
  'occurred',
  'recorded',
  'validFrom',
];

export async function checkChanges(db: Db, collection: string): Promise<CheckedLog> {
  return checkLog(await db.collection(collection).find().sort({ _id: 1 }).toArray());
}

/** @param documents all of a sequence, by number. */
export function checkLog(documents: readonly Document[]): CheckedLog {
  const objections: string[] = [];
  const announced = new Map<string, number>();
  documents.forEach((document, i) => {
    if (Number(document['_id']) !== i) objections.push(`number ${String(document['_id'])} stands at place ${i}`);
    objections.push(...announcementFaults(document, documents), ...changeFaults(document, documents));
    if (document['announces']?.kind !== 'compensation') return;
    const id = String(document['eventId']);
    if (announced.has(id)) objections.push(`${id} is announced twice`);
    announced.set(id, i);
  });
  return { objections, documents, announced };
}

/** What an announcement says must be so. */
function announcementFaults(document: Document, log: readonly Document[]): string[] {
  const { announces } = document;
  // A constraint's place on the log is about no event.
  if (announces === undefined || announces.kind === 'constraint') return [];
  const number = Number(document['_id']);
  const about = Number(announces.sequenceNumber);
  const original = log[about];
  const at = `announcement ${number}`;
  if (original === undefined || about >= number) return [`${at} is about ${about}, which is not before it`];
  const faults = ['type', 'eventSourceId', 'tags'].flatMap((field) =>
    isDeepStrictEqual(document[field], original[field]) ? [] : [`${at} has another ${field} than event ${about}`],
  );
  if (original['announces'] !== undefined) faults.push(`${at} is about announcement ${about}`);
  if (announces.kind === 'redaction') {
    if (Number(original['redaction']?.sequenceNumber) !== number) {
      faults.push(`${at} says that event ${about} was redacted, which says ${JSON.stringify(original['redaction'])}`);
    }
    return faults;
  }
  const kept = (original['compensations'] as Document[]).filter((one) => Number(one['sequenceNumber']) === number);
  if (kept.length !== 1) return [...faults, `${at} stands ${kept.length} times in event ${about}`];
  const [compensation = {}] = kept;
  if (compensation['compensationId'] !== document['eventId']) faults.push(`${at} has another id in event ${about}`);
  if (compensation['reason'] !== announces.reason) faults.push(`${at} has another reason in event ${about}`);
  for (const field of METADATA) {
    const same = isDeepStrictEqual(compensation[field], document[field]);
    if (!same) faults.push(`${at} has another ${field} in event ${about}`);
  }
  return faults;
}

/** What happened to an event must be announced, in order, and nothing may have happened to it after its redaction. */
function changeFaults(document: Document, log: readonly Document[]): string[] {
  const number = Number(document['_id']);
  const compensations = document['compensations'] as Document[];
  const numbers = compensations.map(({ sequenceNumber }) => Number(sequenceNumber));
  const faults: string[] = [];
  if (numbers.some((one, i) => i > 0 && one <= (numbers[i - 1] ?? 0))) {
    faults.push(`the compensations of event ${number} are out of order: ${numbers.join(', ')}`);
  }
  for (const at of numbers) {
    const announces = log[at]?.['announces'];
    if (announces?.kind !== 'compensation' || Number(announces.sequenceNumber) !== number) {
      faults.push(`a compensation of event ${number} is said to be announced at ${at}, where nothing says so`);
    }
  }
  const { redaction } = document;
  if (redaction === undefined) return faults;
  const redactedAt = Number(redaction.sequenceNumber);
  // An announcement of a compensation is redacted with the event that it is about.
  const announces = log[redactedAt]?.['announces'];
  const about = document['announces'] === undefined ? number : Number(document['announces'].sequenceNumber);
  if (announces?.kind !== 'redaction' || Number(announces.sequenceNumber) !== about) {
    faults.push(`event ${number} is said to be redacted at ${redactedAt}, where nothing says so`);
  }
  const left = [document, ...compensations].filter(({ content }) => !isEmptied(content as Document));
  if (left.length > 0) faults.push(`event ${number} is redacted, and ${left.length} contents are left`);
  if (numbers.some((at) => at > redactedAt)) faults.push(`event ${number} was compensated after it was redacted`);
  return faults;
}

const isEmptied = (content: Document): boolean =>
  Object.values(content).every((of) => Object.keys(of as object).length === 0);
