/** What a rollback does outside its own log: reads the events that templates are about, and appends what was rendered. */
import { ContentType } from '../../src/contract/messages';
import { AnnalsError } from '../../src/kernel/annals-error';
import { DEFAULT_SEQUENCE } from '../../src/kernel/names';
import { SERVER_IDENTITY } from '../../src/sequences/audit';
import type { Sequences } from '../../src/sequences/sequences';
import { renderCompensations } from '../rollback/render-compensations';
import { payloadsRead, scopeOf, type ScopeError, type TemplateScope } from '../rollback/scope';
import type { BusinessEvents } from './business-events';
import { reached } from './crash-points';
import { isPassing, type NamespaceAddress } from './journal';
import type { CompensationAppended, RollbackRendered, RollbackStopped } from './log-entry';
import type { Json } from '../../src/contract/sequence-document';
import type { AppendedCompensation, SequenceState } from './sequence-state';
import { ORDERED_SEQUENCES } from './tuning';

export interface Compensating {
  readonly namespace: NamespaceAddress;
  readonly sequences: Sequences;
  readonly events: BusinessEvents;
}

/** What templates see, with the contents of those events that these ones read. @param error instead of the sequence's own failure */
export async function templateScope(
  events: BusinessEvents,
  state: SequenceState,
  templates: readonly Json[],
  error?: ScopeError,
): Promise<TemplateScope> {
  const sequence = state.document.event_sequence ?? DEFAULT_SEQUENCE;
  const payloads = new Map<number, Json>();
  await Promise.all(
    payloadsRead(templates).map(async (place) => {
      const arrived = state.handling.steps[place]?.arrived ?? null;
      const payload = arrived === null ? undefined : await events.payload(sequence, arrived);
      if (payload !== undefined) payloads.set(place, payload);
    }),
  );
  return error === undefined ? scopeOf(state, payloads) : scopeOf(state, payloads, error);
}

/** Every template of the document's compensating events. */
export const templatesOf = ({ document }: SequenceState): Json[] =>
  document.rollback_strategy.compensating_events.flatMap(({ payload_template, event_source_id }) =>
    event_source_id === undefined ? [payload_template] : [payload_template, event_source_id],
  );

export async function renderRollback(
  { events }: Compensating,
  state: SequenceState,
): Promise<RollbackRendered | RollbackStopped> {
  const rendered = renderCompensations(state, await templateScope(events, state, templatesOf(state)));
  reached('rollback-rendered');
  return rendered;
}

/** Appends it under its own event id, so that it is there once however often this is done. */
export async function appendCompensation(
  { sequences, namespace }: Compensating,
  state: SequenceState,
  place: number,
): Promise<CompensationAppended | RollbackStopped> {
  const compensation = state.handling.rollback?.compensations?.[place];
  if (compensation === undefined) throw new RangeError(`there is no compensation ${String(place)}`);
  const { entry, sequence } = compensation;
  const address = { ...namespace, sequence };
  const deadline = performance.now() + ORDERED_SEQUENCES.recordMs;
  try {
    const request = { sequence: address, events: [eventOf(compensation)], expectations: [] };
    const answer = await sequences.append(address, request, deadline);
    if ('refused' in answer) {
      return { type: 'RollbackStopped', entry, faults: answer.refused.violations.map(({ message }) => message) };
    }
    reached('compensation-appended');
    return { type: 'CompensationAppended', entry, sequenceNumber: answer.appended.firstSequenceNumber };
  } catch (error) {
    // What is unknown is asked again under the same event id; what stands against the event itself stays so.
    if (!(error instanceof AnnalsError) || isPassing(error) || error.code === 'SHUTTING_DOWN') throw error;
    return { type: 'RollbackStopped', entry, faults: [error.message] };
  }
}

/** What an append without an answer, or before a crash, has done; undefined: nothing. */
export async function appendedCompensation(
  { events }: Compensating,
  state: SequenceState,
  place: number,
): Promise<CompensationAppended | undefined> {
  const compensation = state.handling.rollback?.compensations?.[place];
  if (compensation === undefined) return undefined;
  const { entry, sequence, eventId } = compensation;
  const there = await events.find(sequence, eventId);
  return there && { type: 'CompensationAppended', entry, sequenceNumber: there.sequenceNumber };
}

const eventOf = (compensation: AppendedCompensation) => ({
  eventId: compensation.eventId,
  type: compensation.eventType,
  generation: 0,
  eventSourceId: compensation.eventSourceId,
  tags: [],
  correlationId: compensation.correlationId,
  causationId: compensation.causationId,
  causedBy: SERVER_IDENTITY,
  occurred: undefined,
  validFrom: undefined,
  content: Buffer.from(JSON.stringify(compensation.content)),
  contentType: ContentType.JSON,
  traceParent: '',
});
