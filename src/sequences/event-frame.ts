/**
 * Turns a stored event into its protobuf form (annals.v1.Event, as an entry of a repeated field 1)
 * in one walk over the document: bytes are copied, nothing is decoded. This is the hot path of reading.
 * Content that is stored as it is wanted is written when the walk meets it; what has to be cast, and
 * what is asked for beside it, when the walk is over.
 */
import { ContentType } from '../contract/messages';
import { lengthTag, varintTag } from '../contract/wire/wire-type';
import { bsonToJson } from '../kernel/content/bson-to-json';
import type { GenerationContent } from '../kernel/generation-content';
import { MIN_DATE_MS } from '../kernel/limits';
import { readInt32, visitEvent, type FieldVisitor, type NumberField, type StringField } from '../storage/event-fields';
import { chooseGeneration, type Chosen } from './choose-generation';
import {
  encodeAnnouncement,
  encodeCompensation,
  encodeGeneration,
  encodeOrigin,
  encodeRedaction,
  readCompensations,
  wireContent,
} from './event-parts';
import { FrameBuffer } from './frame-buffer';
import type { Presentation } from './presentation';
import { AS_APPENDED, TypePlans } from './type-plans';

/** Field numbers of annals.v1.Event. */
const STRING_TAG: Record<StringField, number> = {
  eventId: lengthTag(2),
  type: lengthTag(3),
  eventSourceId: lengthTag(5),
  correlationId: lengthTag(7),
  causationId: lengthTag(8),
  causedBy: lengthTag(9),
};
const NUMBER_TAG: Record<NumberField, number> = {
  _id: varintTag(1),
  generation: varintTag(4),
  occurred: lengthTag(10),
  recorded: lengthTag(11),
  validFrom: lengthTag(12),
};
const TAGS_TAG = lengthTag(6);
const CONTENT_TAG = lengthTag(13);
const CONTENT_GENERATION_TAG = varintTag(14);
const CONTENT_TYPE_TAG = varintTag(15);
/** From 16 on a field's tag takes two bytes. */
const ORIGIN_FIELD = 16;
const ANNOUNCEMENT_FIELD = 17;
const COMPENSATIONS_FIELD = 18;
const EFFECTIVE_COMPENSATION_FIELD = 19;
const REDACTION_FIELD = 20;
const NOT_CAST_FIELD = 21;
const GENERATIONS_FIELD = 22;
const TRACE_PARENT_FIELD = 23;

/** Writes events one after the other into one buffer. One writer serves one message at a time. */
export class FrameWriter extends FrameBuffer implements FieldVisitor {
  #presentation!: Presentation;
  #contentType: ContentType = ContentType.BSON;
  /** Content may be written when the walk meets it. */
  #direct = true;
  /** Which generation is shown of a type; undefined when content comes as it was appended whatever the type. */
  #plans: TypePlans | undefined;
  // Of the event that is being written:
  #plan = AS_APPENDED;
  #generation = 1;
  #written = false;
  #redacted = false;
  /** Where its compensations start; 0 when it has none. */
  #compensations = 0;
  /** Contents that were not written: generation, start and end of each. */
  readonly #kept: number[] = [];
  /** Where it ends in its source. */
  #sourceEnd = 0;

  /** @param size bytes to begin with; the buffer grows as needed. */
  constructor(presentation: Presentation, size: number) {
    super(size);
    this.#present(presentation);
  }

  /** Forgets what was written and keeps the buffer, for the next message. */
  reset(presentation: Presentation): void {
    this.clear();
    if (presentation !== this.#presentation) this.#present(presentation);
  }

  #present(presentation: Presentation): void {
    const { contentType, view, allGenerations } = presentation;
    this.#presentation = presentation;
    this.#contentType = contentType === ContentType.BSON ? ContentType.BSON : ContentType.JSON;
    this.#direct = view !== 'effective' && !allGenerations;
    this.#plans = TypePlans.of(presentation);
    this.#plan = AS_APPENDED;
  }

  /** Adds the stored event whose document starts at `start` of `source`. */
  event(source: Buffer, start: number): void {
    const size = readInt32(source, start);
    this.#sourceEnd = start + size;
    this.open(size);
    this.#written = false;
    this.#redacted = false;
    this.#compensations = 0;
    if (this.#kept.length > 0) this.#kept.length = 0;
    visitEvent(source, start, this);
    if (!this.#written || this.#compensations > 0) this.#finish(source);
    this.close();
  }

  string(field: StringField, bytes: Buffer, start: number, end: number): void {
    if (end > start) this.slice(STRING_TAG[field], bytes, start, end);
    if (this.#plans !== undefined && field === 'type') this.#plan = this.#plans.of(bytes, start, end);
  }

  number(field: NumberField, value: number): void {
    if (field === 'generation') this.#generation = value;
    if (field === '_id' || field === 'generation') this.varint(NUMBER_TAG[field], value);
    // The minimum date means always, which the contract says by leaving the field out.
    else if (field !== 'validFrom' || value !== MIN_DATE_MS) this.timestamp(NUMBER_TAG[field], value);
  }

  tag(bytes: Buffer, start: number, end: number): void {
    this.slice(TAGS_TAG, bytes, start, end);
  }

  content(generation: number, bytes: Buffer, start: number, end: number): void {
    // Type and generation stand before content.
    if (!this.#direct || generation !== (this.#plan.wanted || this.#generation)) {
      this.#kept.push(generation, start, end);
      return;
    }
    if (this.#contentType === ContentType.BSON) {
      this.slice(CONTENT_TAG, bytes, start, end);
    } else {
      const json = bsonToJson(bytes.subarray(start, end));
      // JSON can be longer than the BSON that it was.
      this.reserve(json.length + (this.#sourceEnd - end));
      this.slice(CONTENT_TAG, json, 0, json.length);
    }
    this.varint(CONTENT_GENERATION_TAG, generation);
    this.varint(CONTENT_TYPE_TAG, this.#contentType);
    this.#written = true;
  }

  traceparent(bytes: Buffer, start: number, end: number): void {
    this.message(TRACE_PARENT_FIELD, bytes.subarray(start, end), this.#sourceEnd - end);
  }

  origin(bytes: Buffer, start: number, end: number): void {
    this.message(ORIGIN_FIELD, encodeOrigin(bytes, start), this.#sourceEnd - end);
  }

  announces(bytes: Buffer, start: number, end: number): void {
    this.message(ANNOUNCEMENT_FIELD, encodeAnnouncement(bytes, start), this.#sourceEnd - end);
  }

  compensations(_bytes: Buffer, start: number): void {
    if (this.#presentation.view !== 'original') this.#compensations = start;
  }

  redaction(bytes: Buffer, start: number, end: number): void {
    this.#redacted = true;
    this.message(REDACTION_FIELD, encodeRedaction(bytes, start), this.#sourceEnd - end);
  }

  /** What could not be written during the walk: content in a generation that is not stored, or of a compensation, and all that is asked for beside it. */
  #finish(source: Buffer): void {
    const { view, allGenerations } = this.#presentation;
    const compensations = this.#compensations === 0 ? [] : readCompensations(source, this.#compensations);
    const effective = view === 'effective' ? compensations.at(-1) : undefined;
    const contents = effective?.contents ?? this.#keptContents(source);
    if (effective !== undefined) this.message(EFFECTIVE_COMPENSATION_FIELD, Buffer.from(effective.compensationId), 0);
    if (!this.#written) this.#chosen(this.#choose(contents, effective?.generation ?? this.#generation));
    const everyOf = (stored: readonly GenerationContent[]) => (allGenerations ? stored : []);
    for (const generation of everyOf(contents)) {
      this.message(GENERATIONS_FIELD, encodeGeneration(generation, this.#contentType), 0);
    }
    if (view !== 'all') return;
    for (const compensation of compensations) {
      const chosen = this.#choose(compensation.contents, compensation.generation);
      const shown = { chosen, generations: everyOf(compensation.contents), contentType: this.#contentType };
      this.message(COMPENSATIONS_FIELD, encodeCompensation(source, compensation, shown), 0);
    }
  }

  #keptContents(source: Buffer): GenerationContent[] {
    const contents: GenerationContent[] = [];
    for (let i = 0; i < this.#kept.length; i += 3) {
      const [generation = 0, start, end] = this.#kept.slice(i);
      contents.push({ generation, content: source.subarray(start, end) });
    }
    return contents;
  }

  #choose(stored: readonly GenerationContent[], written: number): Chosen | undefined {
    const { wanted, type } = this.#plan;
    return chooseGeneration({ stored, written, wanted, type, redacted: this.#redacted });
  }

  #chosen(chosen: Chosen | undefined): void {
    if (chosen === undefined) return;
    const content = wireContent(chosen.content, this.#contentType);
    this.reserve(content.length);
    this.slice(CONTENT_TAG, content, 0, content.length);
    this.varint(CONTENT_GENERATION_TAG, chosen.generation);
    this.varint(CONTENT_TYPE_TAG, this.#contentType);
    if (chosen.notCast !== '') this.message(NOT_CAST_FIELD, Buffer.from(chosen.notCast), 0);
  }
}

/** One event in its wire form, in a buffer of its own, for the ring and for calls that answer one event. */
export function encodeEntry(document: Buffer, start: number, presentation: Presentation): Buffer {
  const writer = new FrameWriter(presentation, readInt32(document, start));
  writer.event(document, start);
  return Buffer.from(writer.take());
}
