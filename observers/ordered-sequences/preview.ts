/** What the compensating events of a sequence would be at this moment, or what a template would become. */
import { planCompensations } from '../rollback/compensation-plan';
import { renderBudget, render } from '../rollback/render';
import { renderEntry } from '../rollback/render-compensations';
import type { ScopeError } from '../rollback/scope';
import type { BusinessEvents } from './business-events';
import { templateScope, templatesOf } from './compensate';
import type { Json } from '../../src/contract/sequence-document';
import type { SequenceState } from './sequence-state';

export interface Previewed {
  readonly entry: number;
  readonly eventType: string;
  /** Undefined: it cannot be rendered. */
  readonly content: Json | undefined;
  readonly faults: readonly string[];
  readonly emitted: boolean;
  /** Why it would not be appended; empty: it would. */
  readonly notEmitted: string;
}

/** @param template absent: the sequence's own. @param error instead of the sequence's own failure */
export async function preview(
  events: BusinessEvents,
  state: SequenceState,
  { template, error }: { readonly template: Json | undefined; readonly error: ScopeError | undefined },
): Promise<Previewed[]> {
  if (template !== undefined) {
    const scope = await templateScope(events, state, [template], error);
    const rendered = render(template, scope, 'template', renderBudget());
    const faults = 'faults' in rendered ? rendered.faults : [];
    const content = 'faults' in rendered ? undefined : rendered.value;
    return [
      { entry: 0, eventType: '', content, faults, emitted: false, notEmitted: 'it is no template of the sequence' },
    ];
  }
  const scope = await templateScope(events, state, templatesOf(state), error);
  const { emit, left } = planCompensations(state);
  const steps = new Map(emit.map(({ entry, step }) => [entry, step]));
  return state.document.rollback_strategy.compensating_events.map(({ eventId: eventType }, entry) => {
    const rendered = renderEntry(state, scope, entry, steps.get(entry) ?? null, renderBudget());
    const faults = 'faults' in rendered ? rendered.faults : [];
    const content = 'faults' in rendered ? undefined : rendered.value.content;
    const notEmitted = left.find((one) => one.entry === entry)?.why ?? '';
    return { entry, eventType, content, faults, emitted: notEmitted === '', notEmitted };
  });
}
