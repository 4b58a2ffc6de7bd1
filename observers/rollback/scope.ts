/**
 * What a template may see: the sequence's events, what failed, and what the document says of itself. Data alone, with
 * what is not known left out, so that an expression that asks for it finds nothing.
 */
import type { Json, SequenceMetadata, StepStatus } from '../../src/contract/sequence-document';
import type { SequenceState } from '../ordered-sequences/sequence-state';
import { expressionsOf } from './template-texts';

export interface TemplateScope {
  /** As the document's events. */
  readonly events: readonly ScopeEvent[];
  /** Absent: nothing has failed. */
  readonly error?: ScopeError;
  readonly sequence: {
    readonly sequenceId: string;
    readonly name: string;
    readonly version: string;
    readonly description: string;
  };
  readonly metadata: SequenceMetadata;
}

export interface ScopeEvent {
  readonly eventId: string;
  readonly status: StepStatus;
  /** Absent, like the three after it, until the event is on the log. */
  readonly payload?: Json;
  readonly type?: string;
  readonly eventSourceId?: string;
  readonly sequenceNumber?: number;
  /** What its processor handed back. Absent: nothing. */
  readonly output?: Json;
}

export interface ScopeError {
  readonly message: string;
  readonly code: string;
  /** Its place in the document's events. Absent, like its event, in a preview that says otherwise. */
  readonly step?: number;
  readonly eventId?: string;
}

/** The fields of each root. `checkTemplates` refuses every other one; true: it may be gone into. */
export const SCOPE_FIELDS: Readonly<Record<keyof TemplateScope, Readonly<Record<string, boolean>>>> = {
  events: {
    payload: true,
    output: true,
    eventId: false,
    type: false,
    eventSourceId: false,
    sequenceNumber: false,
    status: false,
  },
  error: { message: false, code: false, step: false, eventId: false },
  sequence: { sequenceId: false, name: false, version: false, description: false },
  metadata: { correlationId: false, causationId: false, source: true, tags: true },
};

/**
 * @param payloads by the step's place: content as it was appended, in its type's latest generation, as JSON.
 * @param error stands for the sequence's own failure, as in a preview.
 */
export function scopeOf(
  state: SequenceState,
  payloads: ReadonlyMap<number, Json>,
  error: ScopeError | undefined = failureOf(state),
): TemplateScope {
  const { sequenceId, name, version, description, metadata } = state.document;
  return {
    events: state.document.events.map((event, i) => {
      const { arrived = null, output = null } = state.handling.steps[i] ?? {};
      const payload = payloads.get(i);
      return {
        eventId: arrived?.eventId ?? event.eventId,
        status: event.status,
        ...(payload === undefined ? {} : { payload }),
        ...(arrived === null
          ? {}
          : {
              type: arrived.eventType,
              eventSourceId: arrived.eventSourceId,
              sequenceNumber: arrived.sequenceNumber,
            }),
        ...(output === null ? {} : { output }),
      };
    }),
    ...(error === undefined ? {} : { error }),
    sequence: { sequenceId, name, version, description },
    metadata,
  };
}

/** The failure that a rollback answers to. */
export function failureOf(state: SequenceState): ScopeError | undefined {
  const { failure } = state.handling;
  if (failure === null) return undefined;
  const { step, code, message } = failure;
  return { message, code, step, eventId: eventIdOf(state, step) };
}

/** The id of a step's event: the one that came, otherwise the one that is expected. */
export const eventIdOf = (state: SequenceState, step: number): string =>
  state.handling.steps[step]?.arrived?.eventId ?? state.document.events[step]?.eventId ?? '';

/** The places of the events whose content these templates read, in order: no other one needs to be fetched. */
export function payloadsRead(templates: readonly Json[]): readonly number[] {
  const places = templates.flatMap(expressionsOf).flatMap(({ steps: [root, place, field] }) => {
    return root === 'events' && field === 'payload' && typeof place === 'number' ? [place] : [];
  });
  return [...new Set(places)].sort((a, b) => a - b);
}
