/** What people ask of events that are recorded, over the wire as any client would: to replace their content, and to take it away. */
import type { CompensateRequest } from '../../src/contract/generated/annals/v1/CompensateRequest';
import type { CompensateResponse__Output } from '../../src/contract/generated/annals/v1/CompensateResponse';
import type { Compensated__Output } from '../../src/contract/generated/annals/v1/Compensated';
import type { RedactRequest } from '../../src/contract/generated/annals/v1/RedactRequest';
import type { RedactResponse__Output } from '../../src/contract/generated/annals/v1/RedactResponse';
import type { Violation__Output } from '../../src/contract/generated/annals/v1/Violation';
import { json, type RawClient } from './raw-client';

export type { CompensateRequest, RedactRequest };

const compensation = (request: CompensateRequest): CompensateRequest => ({
  content: json({ corrected: true }),
  reason: 'it was wrong',
  ...request,
});

export const compensate = async (client: RawClient, request: CompensateRequest): Promise<CompensateResponse__Output> =>
  client.unary('EventSequences', 'Compensate', compensation(request));

/** A compensation that is expected to be recorded. */
export async function compensated(client: RawClient, request: CompensateRequest): Promise<Compensated__Output> {
  const answer = await compensate(client, request);
  if (!answer.compensated) throw new Error(`refused: ${JSON.stringify(answer.refused)}`);
  return answer.compensated;
}

/** A compensation that a rule is expected to stand against. */
export async function refusedCompensation(client: RawClient, request: CompensateRequest): Promise<Violation__Output[]> {
  const answer = await compensate(client, request);
  if (!answer.refused) throw new Error(`compensated: ${JSON.stringify(answer.compensated)}`);
  return answer.refused.violations;
}

export const redact = async (client: RawClient, request: RedactRequest): Promise<RedactResponse__Output> =>
  client.unary('EventSequences', 'Redact', { reason: 'it was asked for', ...request });
