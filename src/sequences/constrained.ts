/** An append's events as constraints look at them, and what it claims and releases. */
import type { AppendClaims, ConstrainedEvent, ConstraintKeeper } from '../constraints/constraint-keeper';
import type { Steps } from '../kernel/steps';
import type { EventDraft } from '../storage/event-document';

/** What an append claims under the constraints of a revision. */
export interface ClaimsAt {
  readonly revision: number;
  readonly of: AppendClaims;
}

/** In steps, an event each: with many events it takes a while. Undefined while no constraint is in force. */
export function* claimsUnder(
  constraints: ConstraintKeeper,
  drafts: readonly EventDraft[],
): Steps<ClaimsAt | undefined> {
  const { revision, idle } = constraints;
  if (idle) return undefined;
  const events = drafts.filter(({ announces }) => announces?.kind !== 'constraint').map(constrained);
  return { revision, of: yield* constraints.claiming(events, (i) => `events[${i}]`) };
}

/** A draft as constraints look at it: an announcement is about the event whose content it replaces or takes away. */
function constrained({ type, eventSourceId, contents, announces }: EventDraft): ConstrainedEvent {
  if (announces === undefined) return { type, eventSourceId, contents };
  const held = announces.kind === 'redaction' ? [] : contents;
  return { type, eventSourceId, contents: held, instead: announces.sequenceNumber };
}
