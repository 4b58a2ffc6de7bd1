/**
 * Everything that a rollback appends, rendered at once: it is recorded whole before any of it is appended, so that
 * whatever crashes in between, the same events follow. What cannot be rendered stops all of it, for a person.
 */
import { LIMITS } from '../../src/kernel/limits';
import { DEFAULT_SEQUENCE } from '../../src/kernel/names';
import { compensationEventId } from '../ordered-sequences/derived-ids';
import type { RenderedCompensation, RollbackRendered, RollbackStopped } from '../ordered-sequences/log-entry';
import type { Json } from '../../src/contract/sequence-document';
import type { SequenceState } from '../ordered-sequences/sequence-state';
import { characters } from '../ordered-sequences/shape';
import { planCompensations } from './compensation-plan';
import { render, renderBudget, renderText, type Budget, type Rendered } from './render';
import { eventIdOf, type TemplateScope } from './scope';

/** Characters of a fault that is recorded: a name in a template may be as long as the template. */
const FAULT_LENGTH = 1_000;

export function renderCompensations(state: SequenceState, scope: TemplateScope): RollbackRendered | RollbackStopped {
  const { emit, left } = planCompensations(state);
  const budget = renderBudget();
  const compensations: RenderedCompensation[] = [];
  const faults: string[] = [];
  let stoppedAt: number | undefined;
  for (const { entry, step } of emit) {
    const rendered = renderEntry(state, scope, entry, step, budget);
    if ('value' in rendered) compensations.push(rendered.value);
    else {
      stoppedAt ??= entry;
      faults.push(...rendered.faults);
    }
  }
  if (stoppedAt === undefined) return { type: 'RollbackRendered', compensations, left };
  // A person sees at once all that is in the way, not one entry at a time.
  const told = faults.slice(0, LIMITS.violationsTold).map((fault) => fault.slice(0, FAULT_LENGTH));
  return { type: 'RollbackStopped', entry: stoppedAt, faults: told };
}

type RenderedEntry = { readonly value: RenderedCompensation } | { readonly faults: readonly string[] };

/** One entry, whether or not the others can be rendered. */
export function renderEntry(
  state: SequenceState,
  scope: TemplateScope,
  entry: number,
  step: number | null,
  budget: Budget,
): RenderedEntry {
  const { document } = state;
  const place = `compensating_events[${entry}]`;
  const given = document.rollback_strategy.compensating_events[entry];
  if (given === undefined) return { faults: [`${place}: there is no such entry`] };
  const content = asContent(render(given.payload_template, scope, `${place}.payload_template`, budget), place);
  const source =
    given.event_source_id === undefined
      ? { value: defaultSource(state, step) }
      : asSource(renderText(given.event_source_id, scope, `${place}.event_source_id`, budget), place);
  if ('faults' in content || 'faults' in source) {
    return { faults: [...('faults' in content ? content.faults : []), ...('faults' in source ? source.faults : [])] };
  }
  const { failure } = state.handling;
  return {
    value: {
      entry,
      eventType: given.eventId,
      eventId: compensationEventId(document.sequenceId, entry),
      eventSourceId: source.value,
      sequence: given.event_sequence ?? document.event_sequence ?? DEFAULT_SEQUENCE,
      content: content.value,
      correlationId: document.metadata.correlationId,
      causationId: failure === null ? document.metadata.causationId : eventIdOf(state, failure.step),
    },
  };
}

/** The event that is compensated for, or that failed; where it never came, the first that did. */
function defaultSource({ document, handling }: SequenceState, step: number | null): string {
  const first = handling.steps.findIndex(({ arrived }) => arrived !== null);
  const sources = [step, handling.failure?.step, first].map(
    (place) => handling.steps[place ?? -1]?.arrived?.eventSourceId,
  );
  return sources.find((source) => source !== undefined) ?? document.sequenceId;
}

function asContent(rendered: Rendered, place: string): Rendered<{ readonly [key: string]: Json }> {
  if ('faults' in rendered) return rendered;
  const { value } = rendered;
  // `Array.isArray` does not narrow a readonly array.
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { value: value as { readonly [key: string]: Json } };
  }
  return { faults: [`${place}.payload_template becomes no object, as an event's content is`] };
}

function asSource(rendered: Rendered<string>, place: string): Rendered<string> {
  if ('faults' in rendered) return rendered;
  const length = characters(rendered.value);
  if (length > 0 && length <= LIMITS.eventSourceIdLength) return rendered;
  const limit = LIMITS.eventSourceIdLength;
  return { faults: [`${place}.event_source_id becomes ${length} characters; an event source id has 1 to ${limit}`] };
}
