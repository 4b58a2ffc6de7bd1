/**
 * What the first observer keeps of each repository, one document in MongoDB: a fold over its webhooks.
 * The document carries the number of its last event. One that comes again changes nothing, so that the
 * effect is had once whoever is killed when: after the write and before the acknowledgement, say.
 */
import type { Collection } from 'mongodb';
import type { RecordedEvent } from '../src/client';

export const REPOSITORIES = 'repositories';

/** Beside the databases of Annals, since it is the program's own. */
export const READ_MODEL_DATABASE = 'demo-read-model';

export interface Repository {
  readonly _id: string;
  readonly events: number;
  /** As the latest webhook has them; undefined while none said so. */
  readonly openIssues?: number;
  readonly stars?: number;
  /** The number of the last event that is in it. */
  readonly through: number;
}

interface AboutRepository {
  readonly repository?: { readonly open_issues_count?: number; readonly stargazers_count?: number };
}

/** The document with one event more. Pure. */
export function withEvent(before: Repository | null, event: RecordedEvent): Repository {
  const { repository } = event.content as AboutRepository;
  return {
    ...before,
    _id: event.eventSourceId,
    events: (before?.events ?? 0) + 1,
    ...(repository?.open_issues_count === undefined ? {} : { openIssues: repository.open_issues_count }),
    ...(repository?.stargazers_count === undefined ? {} : { stars: repository.stargazers_count }),
    through: event.sequenceNumber,
  };
}

/** Whether the event was new to the model. */
export async function keep(repositories: Collection<Repository>, event: RecordedEvent): Promise<boolean> {
  const before = await repositories.findOne({ _id: event.eventSourceId });
  if (before !== null && before.through >= event.sequenceNumber) return false;
  // Nobody else writes it meanwhile: a partition is with one client at a time.
  await repositories.replaceOne({ _id: event.eventSourceId }, withEvent(before, event), {
    upsert: true,
    writeConcern: { w: 'majority', journal: true },
  });
  return true;
}
