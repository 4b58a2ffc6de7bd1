import type { CompensateRequest } from '../contract/generated/annals/v1/CompensateRequest';
import type { CompensateResponse__Output } from '../contract/generated/annals/v1/CompensateResponse';
import type { RedactRequest } from '../contract/generated/annals/v1/RedactRequest';
import type { RedactResponse__Output } from '../contract/generated/annals/v1/RedactResponse';
import { ContentType } from '../contract/messages';
import { dateOf, durationOf } from '../contract/seconds-and-nanos';
import { AnnalsError } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import type { EventContext } from './causation/event-context';
import { AppendRefusedError, violationOf } from './errors';
import { checkDate, checkNumber, checkText, invalidField } from './field-checks';
import { wireContent, type EventFacts, type NewContent } from './new-event';

/** What is said of an event later: that its content was wrong (and what is right), or that it must not be kept. */

interface Because {
  /** Why. Kept for ever, up to 1,000 characters. */
  readonly reason: string;
}

type Context = Pick<EventFacts, 'correlationId' | 'causationId' | 'causedBy'>;

export type NewCompensation<Content extends object = object> = NewContent<Content> &
  Because &
  Context &
  Pick<EventFacts, 'generation' | 'occurred' | 'validFrom'> & {
    /** Idempotency key, unique among the event ids of the sequence: it is the id of the announcement. A UUIDv7 unless given. */
    readonly compensationId?: string | undefined;
    /** The type that the event has, as a check that the right one is meant. */
    readonly type?: string | undefined;
  };

export interface CompensateResult {
  /** The number of the announcement: an observer that has handled it knows of the compensation. */
  readonly sequenceNumber: number;
  readonly compensationId: string;
  /** It was recorded before, by this call or an earlier one with the same id; nothing was written twice. */
  readonly duplicate: boolean;
  /** When it was committed, by the server's clock. */
  readonly recorded: Date;
}

export type RedactOptions = Because &
  Context & {
    /** Says what it would redact, and does nothing. */
    readonly dryRun?: boolean | undefined;
  };

export interface RedactResult {
  /** Events redacted now, or with `dryRun` to be redacted. */
  readonly redacted: number;
  /** Events that had been redacted before. */
  readonly alreadyRedacted: number;
  /** The number of the last announcement; undefined when nothing was redacted now. */
  readonly lastSequenceNumber: number | undefined;
}

/** Every event of one type about one source. */
export interface RedactSelection {
  readonly type: string;
  readonly eventSourceId: string;
}

/** The request without the event that it is about. @param carried what it takes that it does not say itself. */
export function compensateRequest(
  compensation: NewCompensation,
  carried?: EventContext,
): Omit<CompensateRequest, 'sequence'> {
  const { compensationId, type, generation, reason } = compensation;
  const occurred = checkDate('occurred', compensation.occurred);
  const validFrom = checkDate('valid_from', compensation.validFrom);
  const { content, contentType } = wireContent(compensation, 'content');
  return {
    // Made here, so that a call that is sent again is known to be the same.
    compensationId: compensationId === undefined ? newId() : checkText('compensation_id', compensationId),
    type: checkText('type', type ?? ''),
    generation: generation === undefined ? 0 : checkNumber('generation', generation),
    content,
    contentType: contentType === ContentType.BSON ? 'CONTENT_TYPE_BSON' : 'CONTENT_TYPE_JSON',
    ...wireContext(compensation, carried),
    ...(occurred === undefined ? {} : { occurred: durationOf(occurred) }),
    ...(validFrom === undefined ? {} : { validFrom: durationOf(validFrom) }),
    reason: checkText('reason', reason),
  };
}

/** Throws AppendRefusedError when rules stand against it. */
export function compensateResult({ compensated, refused }: CompensateResponse__Output): CompensateResult {
  if (refused) throw new AppendRefusedError(refused.violations.map(violationOf));
  if (!compensated) throw new AnnalsError('INTERNAL', 'The server said neither yes nor no to the compensation');
  const { sequenceNumber, compensationId, duplicate, recorded } = compensated;
  return { sequenceNumber, compensationId, duplicate, recorded: dateOf(recorded) ?? new Date(0) };
}

export function redactRequest(
  { reason, dryRun = false, ...context }: RedactOptions,
  carried?: EventContext,
): Pick<RedactRequest, 'reason' | 'dryRun' | 'correlationId' | 'causationId' | 'causedBy'> {
  return { ...wireContext(context, carried), reason: checkText('reason', reason), dryRun };
}

export function wireSelectionToRedact({ type, eventSourceId }: RedactSelection): RedactSelection {
  // Half a selection would take away more than was meant.
  if (type === '' || eventSourceId === '') throw invalidField('selection', 'names a type and an event source');
  return {
    type: checkText('selection.type', type),
    eventSourceId: checkText('selection.event_source_id', eventSourceId),
  };
}

export const redactResult = (response: RedactResponse__Output): RedactResult => ({
  redacted: response.redacted,
  alreadyRedacted: response.alreadyRedacted,
  lastSequenceNumber: response.lastSequenceNumber,
});

const wireContext = (said: Context, carried: EventContext = {}) => ({
  correlationId: checkText('correlation_id', said.correlationId ?? carried.correlationId ?? ''),
  causationId: checkText('causation_id', said.causationId ?? carried.causationId ?? ''),
  causedBy: checkText('caused_by', said.causedBy ?? carried.causedBy ?? ''),
});
