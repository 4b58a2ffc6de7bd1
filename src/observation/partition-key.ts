/** Which partition an event belongs to, read from its stored document without decoding it. */
import { decodeBson } from '../kernel/content/decode-content';
import { PASS_OVER, visitEvent, type FieldVisitor } from '../storage/event-fields';
import { contentGiven } from '../sequences/content-given';
import type { Presentation } from '../sequences/presentation';
import type { PartitionBy } from '../storage/observers';

/** @param presentation in which form the observer gets the content: a property is looked for in what it is given. */
export type PartitionOf = (bytes: Buffer, start: number, presentation: PartitionedContent) => string;

type PartitionedContent = Pick<Presentation, 'types' | 'wanted'>;

/** The one partition of an observer that takes the whole sequence in order. */
const WHOLE = '';

export function partitionKey(by: PartitionBy): PartitionOf {
  if (by.kind === 'whole') return () => WHOLE;
  if (by.kind === 'source') return eventSource;
  const path = by.path.split('.');
  return (bytes, start, presentation) => property(bytes, start, path, presentation);
}

let source = '';
/** One visitor for all: reading the source is done for every event of every observer. */
const sourceVisitor: FieldVisitor = {
  ...PASS_OVER,
  string: (field, bytes, start, end) => {
    if (field === 'eventSourceId') source = bytes.toString('utf8', start, end);
  },
};

function eventSource(bytes: Buffer, start: number): string {
  source = '';
  visitEvent(bytes, start, sourceVisitor);
  return source;
}

/** The property's value as text; an event without it, or with an object there, is in the partition of the empty name. */
function property(bytes: Buffer, start: number, path: readonly string[], presentation: PartitionedContent): string {
  const content = contentGiven(bytes, start, presentation);
  return content === undefined ? WHOLE : partitionByProperty(decodeBson(content), path);
}

/** The partition of content by one of its properties. */
export function partitionByProperty(content: unknown, path: readonly string[]): string {
  let value = content;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return '';
    value = (value as Record<string, unknown>)[name];
  }
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return '';
  }
}
