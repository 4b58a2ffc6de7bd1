/** What people ask of event types and jobs, over the wire as any client would. */
import type { EventType__Output } from '../../src/contract/generated/annals/v1/EventType';
import type { EventTypeDefinition } from '../../src/contract/generated/annals/v1/EventTypeDefinition';
import type { EventTypesListResponse__Output } from '../../src/contract/generated/annals/v1/EventTypesListResponse';
import type { EventTypesRegisterResponse__Output } from '../../src/contract/generated/annals/v1/EventTypesRegisterResponse';
import type { Job__Output } from '../../src/contract/generated/annals/v1/Job';
import type { MigrationPreview__Output } from '../../src/contract/generated/annals/v1/MigrationPreview';
import type { MigrationStep } from '../../src/contract/generated/annals/v1/MigrationStep';
import type { PreviewMigrationRequest } from '../../src/contract/generated/annals/v1/PreviewMigrationRequest';
import { awaitFact, type Patience } from './await-fact';
import type { RawClient } from './raw-client';

export type { EventType__Output, EventTypeDefinition, Job__Output, MigrationStep };

let serial = 0;

/** A type that no other test uses. */
export const freshType = (): string => `type-${process.pid.toString(36)}-${(++serial).toString(36)}`;

/** A JSON Schema of an object with these properties, all of them required. */
export const objectSchema = (properties: Readonly<Record<string, object>>): string =>
  JSON.stringify({ type: 'object', properties, required: Object.keys(properties) });

/** A type of one generation for each schema; `steps` lead from each to the next and back. */
export function definition(
  type: string,
  schemas: readonly string[],
  steps: readonly { readonly up?: MigrationStep[]; readonly down?: MigrationStep[] }[] = [],
): EventTypeDefinition {
  return {
    type,
    generations: schemas.map((schema, i) => ({ generation: i + 1, schema })),
    migrations: schemas.slice(1).flatMap((_, i) => [
      { from: i + 1, to: i + 2, steps: steps[i]?.up ?? [] },
      { from: i + 2, to: i + 1, steps: steps[i]?.down ?? [] },
    ]),
  };
}

export const register = async (
  client: RawClient,
  types: readonly EventTypeDefinition[],
  { store = '', dryRun = false } = {},
): Promise<EventTypesRegisterResponse__Output> =>
  client.unary('EventTypes', 'Register', { store, types: [...types], dryRun });

export const listTypes = async (client: RawClient, store = ''): Promise<EventType__Output[]> =>
  (await client.unary<EventTypesListResponse__Output>('EventTypes', 'List', { store })).types;

export const preview = async (
  client: RawClient,
  request: PreviewMigrationRequest,
): Promise<MigrationPreview__Output[]> =>
  (await client.unary<{ previews: MigrationPreview__Output[] }>('EventTypes', 'PreviewMigration', request)).previews;

export const writeGenerations = async (client: RawClient, type = '', store = ''): Promise<Job__Output> =>
  jobOf(await client.unary('EventTypes', 'WriteGenerations', { store, type }));

export const getJob = async (client: RawClient, id: string): Promise<Job__Output> =>
  jobOf(await client.unary('Jobs', 'Get', { id }));

export const cancelJob = async (client: RawClient, id: string): Promise<Job__Output> =>
  jobOf(await client.unary('Jobs', 'Cancel', { id }));

/** The job once it has ended. */
export async function endedJob(client: RawClient, id: string, patience: Patience = {}): Promise<Job__Output> {
  let job: Job__Output | undefined;
  await awaitFact(
    `the job ${id} has ended`,
    async () => {
      job = await getJob(client, id).catch(() => undefined);
      return job !== undefined && job.ended !== null;
    },
    { ...patience, instead: () => JSON.stringify(job) },
  );
  return job ?? getJob(client, id);
}

function jobOf({ job }: { readonly job: Job__Output | null }): Job__Output {
  if (job === null) throw new Error('the answer has no job');
  return job;
}
