/**
 * What few events have, in its wire form: where a relayed one comes from, what an announcement says,
 * compensations, a redaction, content in further generations. It may cost more than an ordinary field.
 */
import { AnnouncementKind, ContentType } from '../contract/messages';
import { writeTimestamp } from '../contract/timestamp';
import { ProtoWriter } from '../contract/wire/proto-writer';
import { bsonToJson } from '../kernel/content/bson-to-json';
import type { GenerationContent } from '../kernel/generation-content';
import { MIN_DATE_MS } from '../kernel/limits';
import { announcementAt, eachElement, generationOf, readInt32, readInt64, readNumber } from '../storage/event-fields';
import type { Chosen } from './choose-generation';

/** One for all: each message is made in one go. */
const writer = new ProtoWriter();

/** A message as bytes of its own. What another one left that failed halfway is forgotten. */
function message(write: () => void): Buffer {
  writer.reset();
  write();
  return writer.finish();
}

/** The fields of a message by the names that they have in the store. */
interface FieldNumbers {
  readonly strings?: Readonly<Record<string, number>>;
  readonly numbers?: Readonly<Record<string, number>>;
  readonly dates?: Readonly<Record<string, number>>;
}

const ORIGIN: FieldNumbers = {
  strings: { store: 1, namespace: 2, sequence: 3, link: 6 },
  numbers: { sequenceNumber: 4, hops: 7 },
  dates: { recorded: 5 },
};
const REDACTION: FieldNumbers = {
  strings: { reason: 1, causedBy: 2 },
  numbers: { sequenceNumber: 4 },
  dates: { recorded: 3 },
};
const COMPENSATION: FieldNumbers = {
  strings: { compensationId: 1, correlationId: 3, causationId: 4, causedBy: 5, reason: 9 },
  numbers: { generation: 2, sequenceNumber: 10 },
  dates: { occurred: 6, recorded: 7, validFrom: 8 },
};
const ANNOUNCEMENT: FieldNumbers = { strings: { reason: 3 }, numbers: { sequenceNumber: 2 } };

const KINDS = {
  compensation: AnnouncementKind.COMPENSATION,
  redaction: AnnouncementKind.REDACTION,
  constraint: AnnouncementKind.UNSPECIFIED,
} as const;

/** Writes those fields of the document at `start` that the message has. */
function writeFields(bytes: Buffer, start: number, { strings, numbers, dates }: FieldNumbers): void {
  eachElement(bytes, start, (type, keyStart, keyStop, value) => {
    const key = bytes.toString('latin1', keyStart, keyStop);
    const string = strings?.[key];
    const number = numbers?.[key];
    const date = dates?.[key];
    if (string !== undefined) writer.string(string, text(bytes, value));
    else if (number !== undefined) writer.uint(number, readNumber(bytes, type, value));
    else if (date !== undefined) {
      const ms = readInt64(bytes, value);
      // The minimum date means always, which the contract says by leaving the field out.
      if (key !== 'validFrom' || ms !== MIN_DATE_MS) writeTimestamp(writer, date, ms);
    }
  });
}

const text = (bytes: Buffer, at: number): string => bytes.toString('utf8', at + 4, at + 3 + readInt32(bytes, at));

/** annals.v1.Origin from the stored one. */
export const encodeOrigin = (bytes: Buffer, start: number): Buffer =>
  message(() => {
    writeFields(bytes, start, ORIGIN);
  });

/** annals.v1.Announcement from what is stored as `announces`. */
export const encodeAnnouncement = (bytes: Buffer, start: number): Buffer =>
  message(() => {
    writer.uint(1, KINDS[announcementAt(bytes, start).kind]);
    writeFields(bytes, start, ANNOUNCEMENT);
  });

/** annals.v1.Redaction from the stored one. */
export const encodeRedaction = (bytes: Buffer, start: number): Buffer =>
  message(() => {
    writeFields(bytes, start, REDACTION);
  });

/** A stored compensation, as far as it is chosen by. */
export interface StoredCompensation {
  /** Where its document starts. */
  readonly start: number;
  readonly compensationId: string;
  /** The generation that it was written in. */
  readonly generation: number;
  readonly contents: readonly GenerationContent[];
}

/** The compensations in the array at `start`, oldest first. Contents are slices. */
export function readCompensations(bytes: Buffer, start: number): StoredCompensation[] {
  const all: StoredCompensation[] = [];
  eachElement(bytes, start, (_type, _key, _stop, at) => {
    const contents: GenerationContent[] = [];
    let compensationId = '';
    let generation = 1;
    eachElement(bytes, at, (type, keyStart, keyStop, value) => {
      const key = bytes.toString('latin1', keyStart, keyStop);
      if (key === 'compensationId') compensationId = text(bytes, value);
      else if (key === 'generation') generation = readNumber(bytes, type, value);
      else if (key === 'content') {
        eachElement(bytes, value, (_t, g, gStop, c) => {
          contents.push({
            generation: generationOf(bytes, g, gStop),
            content: bytes.subarray(c, c + readInt32(bytes, c)),
          });
        });
      }
    });
    all.push({ start: at, compensationId, generation, contents });
  });
  return all;
}

/** What of a compensation's content goes to the reader, and how it is encoded. */
export interface ShownContent {
  readonly chosen: Chosen | undefined;
  readonly generations: readonly GenerationContent[];
  readonly contentType: ContentType;
}

/** annals.v1.Compensation from the stored one. */
export const encodeCompensation = (
  bytes: Buffer,
  { start }: StoredCompensation,
  { chosen, generations, contentType }: ShownContent,
): Buffer =>
  message(() => {
    writeFields(bytes, start, COMPENSATION);
    if (chosen !== undefined) {
      writer.bytes(11, wireContent(chosen.content, contentType));
      writer.uint(12, chosen.generation);
      writer.uint(13, contentType);
      writer.string(14, chosen.notCast);
    }
    for (const generation of generations) {
      const inner = writer.open(15, generation.content.length);
      writeGeneration(generation, contentType);
      writer.close(inner);
    }
  });

/** annals.v1.GenerationContent. */
export const encodeGeneration = (generation: GenerationContent, contentType: ContentType): Buffer =>
  message(() => {
    writeGeneration(generation, contentType);
  });

function writeGeneration({ generation, content }: GenerationContent, contentType: ContentType): void {
  writer.uint(1, generation);
  writer.bytes(2, wireContent(content, contentType));
}

/** Stored content as the reader takes it. */
export const wireContent = (content: Buffer, contentType: ContentType): Buffer =>
  contentType === ContentType.BSON ? content : bsonToJson(content);
