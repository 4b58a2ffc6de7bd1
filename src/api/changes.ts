/** `Compensate` and `Redact`: translation between the wire and the log. */
import type { CompensateRequest__Output } from '../contract/generated/annals/v1/CompensateRequest';
import type { CompensateResponse } from '../contract/generated/annals/v1/CompensateResponse';
import type { RedactRequest__Output } from '../contract/generated/annals/v1/RedactRequest';
import type { RedactResponse } from '../contract/generated/annals/v1/RedactResponse';
import { durationOf, msOf } from '../contract/seconds-and-nanos';
import { AnnalsError } from '../kernel/annals-error';
import type { RedactionTarget } from '../sequences/redaction';
import type { Sequences } from '../sequences/sequences';
import type { CallContext } from './calls';
import { addressOf, contentTypeOf, numberOf } from './requests';
import { violationMessage } from './violations';

export const compensateCall =
  (sequences: Sequences) =>
  async (request: CompensateRequest__Output, { deadline }: CallContext): Promise<CompensateResponse> => {
    const { occurred, validFrom } = request;
    const answer = await sequences.compensate(
      addressOf(request.sequence),
      {
        ...request,
        key: keyOf(request),
        compensationId: request.compensationId,
        contentType: contentTypeOf(request.contentType),
        occurred: occurred === null ? undefined : msOf(occurred),
        validFrom: validFrom === null ? undefined : msOf(validFrom),
      },
      deadline,
    );
    if ('refused' in answer) return { refused: { violations: answer.refused.violations.map(violationMessage) } };
    const { firstSequenceNumber, duplicate, recorded, compensationId } = answer.compensated;
    return {
      compensated: { sequenceNumber: firstSequenceNumber, compensationId, duplicate, recorded: durationOf(recorded) },
    };
  };

export const redactCall =
  (sequences: Sequences) =>
  async (request: RedactRequest__Output, { deadline }: CallContext): Promise<RedactResponse> => {
    const answer = await sequences.redact(
      addressOf(request.sequence),
      { ...request, target: targetOf(request) },
      deadline,
    );
    const { lastSequenceNumber, ...counts } = answer;
    return lastSequenceNumber === undefined ? counts : { ...counts, lastSequenceNumber };
  };

function targetOf(request: RedactRequest__Output): RedactionTarget {
  return request.selection === undefined || request.selection === null ? { key: keyOf(request) } : request.selection;
}

function keyOf(request: { sequenceNumber?: number; eventId?: string }): number | string {
  const key = numberOf(request.sequenceNumber, 'sequence_number') ?? request.eventId;
  if (key !== undefined) return key;
  throw new AnnalsError('INVALID_FIELD', 'sequence_number or event_id is needed', { field: 'key' });
}
