/** An event as the relay gets it from a source: everything that goes with it, content as the bytes it is. Dates are ms since 1970. */
import type { RecordedEvent } from '../../src/client';
import type { GenerationContent } from '../../src/kernel/generation-content';

export interface SourceEvent {
  readonly sequenceNumber: number;
  readonly eventId: string;
  readonly type: string;
  readonly generation: number;
  readonly eventSourceId: string;
  readonly tags: readonly string[];
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  /** W3C trace context; empty: none. */
  readonly traceParent: string;
  readonly occurred: number;
  readonly recorded: number;
  readonly validFrom: number;
  /** Ascending. */
  readonly contents: readonly GenerationContent[];
  /** Where it came from itself, when the source is somebody's inbox. */
  readonly origin: { readonly store: string; readonly namespace: string; readonly hops: number } | undefined;
  /** It says that an earlier event of the source was compensated or redacted. */
  readonly announcement:
    { readonly kind: 'compensation' | 'redaction'; readonly number: number; readonly reason: string } | undefined;
  /** Its content was taken away for good. */
  readonly redacted: boolean;
}

/** Bytes that it has about, for batches that are bounded by them. */
export const sizeOf = ({ contents }: SourceEvent): number =>
  contents.reduce((sum, { content }) => sum + content.length, METADATA_BYTES);

/** Metadata of an event, in bytes: about what ids, times and a tag or two take. */
const METADATA_BYTES = 512;

export function sourceEvent(event: RecordedEvent): SourceEvent {
  const { origin, announcement, generations } = event;
  return {
    sequenceNumber: event.sequenceNumber,
    eventId: event.eventId,
    type: event.type,
    generation: event.generation,
    eventSourceId: event.eventSourceId,
    tags: event.tags,
    correlationId: event.correlationId,
    causationId: event.causationId,
    causedBy: event.causedBy,
    traceParent: event.traceParent ?? '',
    occurred: event.occurred.getTime(),
    recorded: event.recorded.getTime(),
    validFrom: event.validFrom.getTime(),
    contents: generations.map(({ generation, contentBytes }) => ({ generation, content: contentBytes })),
    origin,
    announcement:
      announcement === undefined
        ? undefined
        : { kind: announcement.kind, number: announcement.sequenceNumber, reason: announcement.reason },
    redacted: event.redaction !== undefined,
  };
}
