/** Bringing a constraint into force as long work: with progress, and taken over when its server dies. */
import { JobFailed, type JobContext, type JobKind } from '../jobs/job-kind';
import { ClaimStore } from '../storage/claims';
import { ConstraintStandings } from '../storage/constraints';
import type { JobRecord } from '../storage/jobs';
import { namespaceDatabase } from '../storage/names';
import { activate, type ActivationPlace } from './activation';
import type { Conflict } from './fold';

export const ACTIVATION_KIND = 'activate-constraint';

/** Records an act on the namespace's `system` sequence, once: type and subject make its id. */
export type RecordAct = (
  store: string,
  namespace: string,
  type: string,
  subject: Readonly<Record<string, string>>,
  facts?: Readonly<Record<string, unknown>>,
) => Promise<void>;

export interface ActivationJobPlace extends ActivationPlace {
  readonly record: RecordAct;
}

/** Its subject is the constraint's name. Every run starts from the beginning of the log, so it saves no checkpoint. */
export function activationJob(place: ActivationJobPlace): JobKind {
  return {
    kind: ACTIVATION_KIND,
    run: async (job, context) => run(place, job, context),
    cancelled: async ({ id, store, namespace, subject }) => {
      const db = place.client.db(namespaceDatabase(store, namespace));
      const standings = new ConstraintStandings(db);
      const standing = await standings.find(subject);
      if (standing?.state !== 'checking' || standing.job !== id) return;
      await standings.refuse(subject, standing.ledger);
      await new ClaimStore(db).clear(standing.ledger);
    },
  };
}

async function run(place: ActivationJobPlace, job: JobRecord, context: JobContext): Promise<string> {
  const { id, store, namespace, subject } = job;
  const outcome = await activate(place, { store, namespace, constraint: subject, job: id }, (done, total) => {
    context.signal.throwIfAborted();
    context.progress(done, total);
  });
  if (outcome.kind === 'removed') return `the constraint ${subject} is not registered any more`;
  if (outcome.kind === 'in-force') {
    const from = String(outcome.from ?? 0);
    await place.record(store, namespace, 'ConstraintInForce', { constraint: subject, from });
    return `in force from ${from} on`;
  }
  const sequence = (await place.constraints.find(store, subject))?.definition.sequence ?? '';
  for (const { message, sequenceNumbers } of outcome.conflicts) {
    context.find({ message, namespace, sequence, sequenceNumbers });
  }
  await place.record(store, namespace, 'ConstraintRefused', { constraint: subject, job: id });
  throw new JobFailed(refusal(subject, outcome.conflicts));
}

function refusal(name: string, conflicts: readonly Conflict[]): string {
  const [first] = conflicts;
  const others = conflicts.length > 1 ? `, and ${conflicts.length - 1} more` : '';
  return `${name} does not hold for what is recorded: ${first?.message ?? ''}${others}`;
}
