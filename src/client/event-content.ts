import type { ContentType, WireGeneration } from '../contract/messages';
import { bsonToJsonText } from '../kernel/content/bson-to-json';
import { decodeBson } from '../kernel/content/decode-content';
import { contentFormat, type ContentFormat } from './content-format';

/** Content of an unknown shape. */
export type UnknownContent = Readonly<Record<string, unknown>>;

/** What the bytes say, as a program takes it. */
export const decodeContent = (bytes: Buffer, format: ContentFormat): unknown =>
  format === 'bson' ? decodeBson(bytes) : JSON.parse(bytes.toString());

/** What JSON has of it. */
export const contentAsJson = (bytes: Buffer, format: ContentFormat): unknown =>
  JSON.parse(format === 'json' ? bytes.toString() : bsonToJsonText(bytes));

/** An event's content in one of the generations that are stored. Decoded when it is first asked for. */
export class ContentInGeneration<Content = UnknownContent> {
  readonly generation: number;
  readonly contentType: ContentFormat;
  readonly contentBytes: Buffer;
  #content: Content | undefined;

  /** @internal */
  constructor({ generation, content }: WireGeneration, contentType: ContentFormat) {
    this.generation = generation;
    this.contentType = contentType;
    this.contentBytes = content;
  }

  /** The content, decoded once: the same object each time. */
  get content(): Content {
    // What shape content has is the caller's knowledge, given as the type parameter.
    return (this.#content ??= decodeContent(this.contentBytes, this.contentType) as Content);
  }

  /** For JSON.stringify. */
  toJSON() {
    return { generation: this.generation, content: contentAsJson(this.contentBytes, this.contentType) };
  }
}

// Of all events without further generations there is one list, so that they cost nothing.
const NONE: readonly ContentInGeneration[] = Object.freeze([]);

export function generationsFrom(
  generations: readonly WireGeneration[],
  contentType: ContentType,
): readonly ContentInGeneration[] {
  if (generations.length === 0) return NONE;
  return generations.map((generation) => new ContentInGeneration(generation, contentFormat(contentType)));
}
