/**
 * One ordered sequence of a definition, and what says that an event belongs to it: its correlation id, its event source,
 * or a property of its content.
 */
import { LIMITS } from '../../src/kernel/limits';
import { instanceSequenceId, placeholderEventId } from './derived-ids';
import { checkedDocument, objectOf } from './parse-document';
import type {
  Json,
  SequenceDefinition,
  SequenceDocument,
  SequenceEvent,
  StepMatch,
} from '../../src/contract/sequence-document';

export interface InstanceRequest {
  /** What its events have in common: see `tieOf`. */
  readonly key: string;
  /** Absent: made of the definition's name and the key. */
  readonly sequenceId?: string;
  /** `metadata` of the document as JSON; each field of it goes before the definition's. Absent or empty: none. */
  readonly metadata?: Uint8Array;
  /** The event that began it. Absent: a person did. */
  readonly startedBy?: StartingEvent;
}

export interface StartingEvent {
  readonly eventId: string;
  readonly correlationId: string;
}

/** @throws AnnalsError INVALID_DOCUMENT when key, id or metadata make a document that could not have been sent either. */
export function instanceOf(definition: SequenceDefinition, request: InstanceRequest): SequenceDocument {
  const sequenceId = request.sequenceId ?? instanceSequenceId(definition.name, request.key);
  const { event_sequence, continue_past_failure } = definition;
  const document = {
    sequenceId,
    name: definition.name,
    description: definition.description,
    version: definition.version,
    events: stepsOf(definition, request, sequenceId),
    metadata: { ...causes(definition, request), ...metadataOf(definition), ...givenMetadata(request.metadata) },
    rollback_strategy: definition.rollback_strategy,
    ...(event_sequence === undefined ? {} : { event_sequence }),
    ...(continue_past_failure === undefined ? {} : { continue_past_failure }),
  };
  // It is JSON: optional fields are not there rather than undefined, which the type cannot say.
  return checkedDocument(document as unknown as Json);
}

function stepsOf(
  { steps, ties, starts }: SequenceDefinition,
  { key, startedBy }: InstanceRequest,
  sequenceId: string,
): Partial<SequenceEvent>[] {
  return steps.map(({ event_type, order, required, processing }, place) => {
    const own = { order, required, ...(processing === undefined ? {} : { processing }) };
    // The event that began it is known; another of its type may have come before.
    if (startedBy !== undefined && event_type === starts?.event_type) return { eventId: startedBy.eventId, ...own };
    return { eventId: placeholderEventId(sequenceId, place), ...own, matches: { event_type, ...ties, value: key } };
  });
}

const metadataOf = ({ source, tags }: SequenceDefinition) => ({ source, tags });

/** Under which operation it runs. Without one it has its own id's: see `parseDocument`. */
function causes({ ties }: SequenceDefinition, { key, startedBy }: InstanceRequest) {
  const correlationId = ties.by === 'correlation_id' ? key : (startedBy?.correlationId ?? '');
  return { correlationId, causationId: startedBy?.eventId ?? '' };
}

function givenMetadata(bytes: Uint8Array | undefined): object {
  if (bytes === undefined || bytes.length === 0) return {};
  const given = objectOf(bytes, 'metadata', LIMITS.sequenceDocumentBytes);
  return typeof given === 'object' && given !== null ? given : {};
}

/** What of an event says which sequence it belongs to. */
export interface TiedEvent {
  readonly correlationId: string;
  readonly eventSourceId: string;
  /** Its content as JSON; asked for only where a property ties. */
  readonly content: () => Json;
}

/** What ties an event to a sequence: the value that the sequence's key is compared with. Undefined: nothing does. */
export function tieOf({ by, property }: Pick<StepMatch, 'by' | 'property'>, event: TiedEvent): string | undefined {
  if (by === 'correlation_id') return event.correlationId || undefined;
  if (by === 'event_source_id') return event.eventSourceId || undefined;
  let value: unknown = event.content();
  for (const name of property?.split('.') ?? []) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    value = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
