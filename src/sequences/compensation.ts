/**
 * Compensates an event: its content is replaced by other content of the same type, which is kept in the
 * event's own document, beside the original. It is an append: the announcement takes a number on the
 * log, and the document is changed in the same transaction. So the log itself decides between two who
 * compensate at once, the compensation's id is an event id like any other, and whoever follows the log
 * by offset alone learns of it.
 */
import type { ClientSession } from 'mongodb';
import type { Appended, ContentType } from '../contract/messages';
import type { TypesOfStore } from '../event-types/types-of-store';
import { newId } from '../kernel/ids';
import { LIMITS, MIN_DATE_MS } from '../kernel/limits';
import type { Violation } from '../kernel/violation';
import { addCompensation, encodeCompensation, type ChangeableEvent } from '../storage/change-events';
import type { EventDraft } from '../storage/event-document';
import { ownAppend } from './admission';
import { changeable, changeableNow, changeOf } from './changeable';
import type { Companion } from './companion';
import { checkContent } from './content-check';
import { HOLD, type Verdict } from './expectations';
import { checkCause, checkDate, required } from './field-checks';
import type { SequencePlace } from './reader';
import type { OpenSequence } from './open-sequence';

export interface CompensateRequest {
  /** The event's number or id. */
  readonly key: number | string;
  /** Absent: the server makes one. */
  readonly compensationId: string | undefined;
  /** Empty: not checked. */
  readonly type: string;
  /** 0: the latest. */
  readonly generation: number;
  readonly content: Buffer;
  readonly contentType: ContentType;
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  /** Dates are ms since 1970. */
  readonly occurred: number | undefined;
  readonly validFrom: number | undefined;
  readonly reason: string;
}

export type CompensateResponse =
  | { readonly compensated: Appended & { readonly compensationId: string } }
  | { readonly refused: { readonly violations: readonly Violation[] } };

/**
 * @param deadline on the clock of `performance.now()`, in ms.
 * @throws AnnalsError EVENT_NOT_FOUND, NOT_COMPENSABLE, and what is wrong with the call itself
 */
export async function compensate(
  sequence: OpenSequence,
  request: CompensateRequest,
  types: TypesOfStore,
  deadline: number,
): Promise<CompensateResponse> {
  const original = await changeable(sequence, request.key);
  if (request.type !== '' && request.type !== original.type) {
    return { refused: { violations: [anotherType(request.type, original)] } };
  }
  const { draft, violations } = announcementOf(original, request, types);
  const append = ownAppend([draft], [new CompensationWrite(sequence, original.number, draft)], violations);
  const answer = await sequence.sequencer.submit(append, deadline);
  if ('refused' in answer) return { refused: { violations: answer.refused.violations.map(ofCompensation) } };
  return { compensated: { ...answer.appended, compensationId: draft.eventId } };
}

function announcementOf(
  original: ChangeableEvent,
  request: CompensateRequest,
  types: TypesOfStore,
): { draft: EventDraft; violations: readonly Violation[] } {
  const given = { ...request, type: original.type };
  const { generation, contents, violations } = checkContent(given, types, '');
  const draft = {
    eventId:
      request.compensationId === undefined
        ? newId()
        : required(request.compensationId, 'compensation_id', LIMITS.eventIdLength),
    type: original.type,
    eventSourceId: original.eventSourceId,
    generation,
    tags: original.tags,
    ...checkCause(request, newId()),
    occurred: checkDate(request.occurred ?? Date.now(), 'occurred'),
    validFrom: checkDate(request.validFrom ?? MIN_DATE_MS, 'valid_from'),
    contents,
    anyGeneration: request.generation === 0,
    announces: {
      kind: 'compensation' as const,
      sequenceNumber: original.number,
      reason: required(request.reason, 'reason', LIMITS.reasonLength),
    },
  };
  return { draft, violations };
}

/** What stands against its announcement, by the names that the request has. */
function ofCompensation(violation: Violation): Violation {
  const field = violation.field.replace(/^events\[0\]\.?/, '');
  return {
    ...violation,
    field: field === 'event_id' ? 'compensation_id' : field,
    message: violation.message.replace('events[0]', 'the compensation'),
  };
}

const anotherType = (type: string, original: ChangeableEvent): Violation => ({
  code: 'ANOTHER_TYPE',
  message: `event ${original.number} is ${original.type}, not ${type}; a compensation has the type of its event`,
  field: 'type',
  sequenceNumber: original.number,
  metadata: { type: original.type },
});

const redactedViolation = (number: number): Violation => ({
  code: 'EVENT_REDACTED',
  message: `the content of event ${number} was redacted; it cannot be replaced any more`,
  field: 'key',
  sequenceNumber: number,
});

/** What a compensation changes beside its announcement: the event's own document. */
export class CompensationWrite implements Companion {
  readonly touches: ReadonlySet<string>;

  constructor(
    private readonly place: SequencePlace,
    private readonly number: number,
    private readonly draft: EventDraft,
  ) {
    this.touches = new Set([changeOf(number)]);
  }

  async check(): Promise<Verdict> {
    const { number } = this;
    const [event] = await changeableNow(this.place, [number]);
    if (event === undefined || event.redacted) return { kind: 'violated', violations: [redactedViolation(number)] };
    const count = event.compensatedAt.length;
    const bytes = event.bytes + this.#encoded(0, 0).length;
    if (count < LIMITS.compensationsPerEvent && bytes <= LIMITS.eventBytes) return HOLD;
    const message = `event ${number} has ${count} compensations and would have ${bytes} bytes; the limits are ${LIMITS.compensationsPerEvent} and ${LIMITS.eventBytes}`;
    return {
      kind: 'violated',
      violations: [{ ...redactedViolation(number), code: 'COMPENSATIONS_FULL', message }],
    };
  }

  async write(session: ClientSession, first: number, recorded: number): Promise<void> {
    const { db, collection } = this.place;
    await addCompensation(db, collection, this.number, this.#encoded(first, recorded), session);
  }

  /** As it stands in the document. */
  #encoded(sequenceNumber: number, recorded: number): Buffer {
    const { draft } = this;
    const reason = draft.announces?.reason ?? '';
    return encodeCompensation({ ...draft, compensationId: draft.eventId, reason, recorded, sequenceNumber });
  }
}
