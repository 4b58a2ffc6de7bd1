import type { Constraint__Output } from '../../contract/generated/annals/v1/Constraint';
import { AnnalsError } from '../../kernel/annals-error';
import { LIST_CONSTRAINTS, REGISTER_CONSTRAINT, REMOVE_CONSTRAINT } from '../calls';
import { checkText } from '../field-checks';
import { jobInfo, JobFailedError, type JobFinding, type JobInfo } from '../jobs/job-info';
import { RunningJob, type JobWaitOptions, type Jobs } from '../jobs/jobs';
import type { Session } from '../session';
import type { CallOptions } from '../unary';
import { constraintDefinition, wireConstraint, type ConstraintDefinition } from './definition';

/** Rules about the events of a sequence that hold across event sources: put into force, listed, taken out of force. */

/** `checking`: what is recorded is being looked at; not in force yet. `refused`: what is recorded breaks it. */
export type ConstraintState = 'unspecified' | 'checking' | 'in-force' | 'refused';

export interface ConstraintInfo {
  readonly definition: ConstraintDefinition;
  readonly namespaces: readonly NamespaceConstraint[];
}

export interface NamespaceConstraint {
  readonly namespace: string;
  readonly state: ConstraintState;
  /** From which number on it is in force. */
  readonly from: number | undefined;
  /** The job that checks it, or did. */
  readonly jobId: string;
  /** Values claimed at this moment. */
  readonly claims: number;
}

/** A definition, or what `constraint(…)` built. */
export type RegistrableConstraint = ConstraintDefinition | { readonly definition: ConstraintDefinition };

export interface ConstraintRegisterOptions extends CallOptions, JobWaitOptions {
  /** Until it is in force in every namespace, or does not hold in one. True unless given. */
  readonly wait?: boolean | undefined;
}

export interface RegisteredConstraint {
  readonly constraint: ConstraintInfo;
  /** It was there already, the same. */
  readonly unchanged: boolean;
  /** One for each namespace in which it was not in force when the call was answered. */
  readonly jobs: readonly RunningJob[];
}

/** What is recorded breaks the constraint: it is not in force, and `findings` name the events. */
export class ConstraintRefusedError extends AnnalsError {
  readonly constraint: string;
  readonly findings: readonly JobFinding[];
  /** The jobs that failed, one for each namespace in which it does not hold. */
  readonly jobs: readonly JobInfo[];

  constructor(constraint: string, jobs: readonly JobInfo[]) {
    const findings = jobs.flatMap((job) => job.findings);
    const whys = someOf(findings.map(({ message }) => message));
    super('CONSTRAINT_REFUSED', `What is recorded breaks the constraint ${constraint}: ${whys}`, {
      metadata: { constraint, jobs: jobs.map(({ id }) => id).join(',') },
    });
    this.constraint = constraint;
    this.findings = findings;
    this.jobs = jobs;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return AnnalsError[Symbol.hasInstance](value) && 'findings' in (value as object);
  }
}

/** Findings told in the message; all of them are in `findings`. */
const FINDINGS_TOLD = 5;

function someOf(whys: readonly string[]): string {
  const told = whys.slice(0, FINDINGS_TOLD).join('; ');
  return whys.length > FINDINGS_TOLD ? `${told}; and ${whys.length - FINDINGS_TOLD} more` : told;
}

export class Constraints {
  readonly #session: Session;
  readonly #jobs: Jobs;
  readonly #store: string;

  /** @internal Use `annals.constraints`. */
  constructor(session: Session, jobs: Jobs, store: string) {
    this.#session = session;
    this.#jobs = jobs;
    this.#store = store;
  }

  /**
   * Registers a constraint for the store and waits until it is in force in every namespace: what is recorded is checked
   * first. The same again changes nothing, so a program registers its constraints when it starts.
   *
   * @throws {ConstraintRefusedError} what is recorded breaks it: `findings` name the events; it is not in force there
   * @throws {JobFailedError} the check was cancelled, or could not be made
   * @throws {AnnalsError} INVALID_FIELD and its like, naming the place
   */
  async register(
    constraint: RegistrableConstraint,
    { wait = true, onProgress, signal, timeoutMs }: ConstraintRegisterOptions = {},
  ): Promise<RegisteredConstraint> {
    const definition = 'definition' in constraint ? constraint.definition : constraint;
    const request = { store: this.#store, constraint: wireConstraint(definition) };
    const answer = await this.#session.unary(REGISTER_CONSTRAINT, request, { signal, timeoutMs });
    const jobs = answer.jobs.map((job) => new RunningJob(this.#jobs, jobInfo(job)));
    const { unchanged } = answer;
    if (!wait || jobs.length === 0) return { constraint: infoOf(answer.constraint, definition), unchanged, jobs };
    await allDone(definition.name, jobs, { onProgress, signal });
    const inForce = (await this.list({ signal, timeoutMs })).find((one) => one.definition.name === definition.name);
    return { constraint: inForce ?? infoOf(answer.constraint, definition), unchanged, jobs };
  }

  async list(options: CallOptions = {}): Promise<ConstraintInfo[]> {
    const { constraints } = await this.#session.unary(LIST_CONSTRAINTS, { store: this.#store }, options);
    return constraints.map((one) => infoOf(one));
  }

  /** Takes a constraint out of force in every namespace and forgets its claims. False: there was none. */
  async remove(name: string, options: CallOptions = {}): Promise<boolean> {
    const request = { store: this.#store, name: checkText('name', name) };
    return (await this.#session.unary(REMOVE_CONSTRAINT, request, options)).removed;
  }
}

/** Waits for every job, so that what stands against a constraint in several namespaces is told at once. */
async function allDone(name: string, jobs: readonly RunningJob[], options: JobWaitOptions): Promise<void> {
  const outcomes = await Promise.allSettled(jobs.map(async (job) => job.done(options)));
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
  const refused = failures.flatMap((failure) =>
    failure instanceof JobFailedError && failure.job.findings.length > 0 ? [failure.job] : [],
  );
  if (refused.length > 0) throw new ConstraintRefusedError(name, refused);
  // What else ended the waiting: the signal, a closed client, a job that somebody cancelled or that could not be done.
  if (failures.length > 0) throw failures[0];
}

const STATES = {
  CONSTRAINT_STATE_UNSPECIFIED: 'unspecified',
  CONSTRAINT_STATE_CHECKING: 'checking',
  CONSTRAINT_STATE_IN_FORCE: 'in-force',
  CONSTRAINT_STATE_REFUSED: 'refused',
} as const;

const infoOf = (wire: Constraint__Output | null, sent?: ConstraintDefinition): ConstraintInfo => ({
  definition: wire?.definition
    ? constraintDefinition(wire.definition)
    : (sent ?? { name: '', uniqueValue: { types: [] } }),
  namespaces: (wire?.namespaces ?? []).map(({ namespace, state, from, jobId, claims }) => ({
    namespace,
    state: STATES[state],
    from,
    jobId,
    claims,
  })),
});
