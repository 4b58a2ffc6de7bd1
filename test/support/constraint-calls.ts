/** What people ask of constraints, over the wire as any client would. */
import type { Constraint__Output } from '../../src/contract/generated/annals/v1/Constraint';
import type { ConstraintDefinition } from '../../src/contract/generated/annals/v1/ConstraintDefinition';
import type { ConstraintsRegisterResponse__Output } from '../../src/contract/generated/annals/v1/ConstraintsRegisterResponse';
import type { CompensateRequest } from '../../src/contract/generated/annals/v1/CompensateRequest';
import type { CompensateResponse__Output } from '../../src/contract/generated/annals/v1/CompensateResponse';
import type { RedactRequest } from '../../src/contract/generated/annals/v1/RedactRequest';
import type { RedactResponse__Output } from '../../src/contract/generated/annals/v1/RedactResponse';
import type { UniqueValue } from '../../src/contract/generated/annals/v1/UniqueValue';
import type { RawClient, SequenceRef } from './raw-client';
import { endedJob, type Job__Output } from './type-calls';

export type { ConstraintDefinition };

let serial = 0;

/** A name that no other test uses. */
export const freshName = (): string => `c-${process.pid.toString(36)}-${(++serial).toString(36)}`;

/** One e-mail address is held by one event of `registered` at a time, unless the test says otherwise. */
export const uniqueEmail = ({ sequence = '' }: SequenceRef, rule: UniqueValue = {}): ConstraintDefinition => ({
  name: freshName(),
  sequence,
  uniqueValue: { types: [{ type: 'registered', properties: ['email'] }], ...rule },
});

export const registerConstraint = async (
  client: RawClient,
  constraint: ConstraintDefinition,
  store = '',
): Promise<ConstraintsRegisterResponse__Output> => client.unary('Constraints', 'Register', { store, constraint });

/** Registers it and waits for its jobs, which it returns as they ended. */
export async function settledConstraint(
  client: RawClient,
  constraint: ConstraintDefinition,
  store = '',
): Promise<Job__Output[]> {
  const { jobs } = await registerConstraint(client, constraint, store);
  return Promise.all(jobs.map(async ({ id }) => endedJob(client, id, { withinMs: 45_000 })));
}

/** Registers a constraint that must hold. */
export async function enforce(client: RawClient, constraint: ConstraintDefinition, store = ''): Promise<void> {
  for (const job of await settledConstraint(client, constraint, store)) {
    if (job.state !== 'JOB_STATE_SUCCEEDED') throw new Error(`not in force: ${JSON.stringify(job)}`);
  }
}

export const listConstraints = async (client: RawClient, store = ''): Promise<Constraint__Output[]> =>
  (await client.unary<{ constraints: Constraint__Output[] }>('Constraints', 'List', { store })).constraints;

/** How a constraint stands in a namespace. */
export async function standing(client: RawClient, name: string, { store = '', namespace = 'default' } = {}) {
  const constraint = (await listConstraints(client, store)).find(({ definition }) => definition?.name === name);
  return constraint?.namespaces.find((one) => one.namespace === namespace);
}

export const removeConstraint = async (client: RawClient, name: string, store = ''): Promise<boolean> =>
  (await client.unary<{ removed: boolean }>('Constraints', 'Remove', { store, name })).removed;

export const compensate = async (client: RawClient, request: CompensateRequest): Promise<CompensateResponse__Output> =>
  client.unary('EventSequences', 'Compensate', { reason: 'a test', ...request });

export const redact = async (client: RawClient, request: RedactRequest): Promise<RedactResponse__Output> =>
  client.unary('EventSequences', 'Redact', { reason: 'a test', ...request });
