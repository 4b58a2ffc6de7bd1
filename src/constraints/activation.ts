/**
 * Brings a constraint into force in one namespace. The log is followed from its beginning, and what it
 * says is kept as claims that nobody goes by yet. When that has come to the tail, a fence is set up:
 * an announcement at the next number, in one transaction with the word that the constraint is in force.
 * Whoever records behind it had to know that number, so it knows of the constraint.
 *
 * Each run starts anew in a ledger of its own. So one that was given up for dead and goes on all the
 * same writes where nobody looks, and its fence is refused.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ClientSession, MongoClient } from 'mongodb';
import { AnnalsError } from '../kernel/annals-error';
import type { SequenceAddress } from '../kernel/names';
import type { Violation } from '../kernel/violation';
import { ClaimStore } from '../storage/claims';
import {
  ConstraintStandings,
  type ConstraintStore,
  type RegisteredConstraint,
  type Standing,
} from '../storage/constraints';
import type { JobStore } from '../storage/jobs';
import { namespaceDatabase, sequenceCollection } from '../storage/names';
import type { TypeSource } from '../event-types/types-of-store';
import { castingIn } from './casting';
import type { ConstraintDefinition } from './definition';
import type { Conflict } from './fold';
import { LogFold } from './log-fold';
import { Rule } from './rule';

/** What is done at one place in a log, announced there, so that every server learns of it before it records behind it. */
export interface FencePlan {
  /** Unique; the event id of the announcement, so that a fence that was set up before is found again. */
  readonly id: string;
  /** The constraint's name. */
  readonly constraint: string;
  /** For a person who looks at the log. */
  readonly reason: string;
  /**
   * Whether it may be done behind everything that is recorded. Asked right before the insert, again whenever the tail
   * has moved. @param next the number that the announcement would get: everything below it is committed.
   */
  check(next: number): Promise<readonly Violation[]>;
  /**
   * Written in the transaction that inserts the announcement; may run more than once.
   * @throws AnnalsError when it must not be done any more: nothing is recorded then, and the fence rejects with it.
   */
  write(session: ClientSession, number: number): Promise<void>;
}

export type FenceOutcome = { readonly number: number } | { readonly violations: readonly Violation[] };

/** Sets up fences in event sequences. The sequencer does. */
export interface Fences {
  /** @throws AnnalsError such as DATABASE_UNAVAILABLE and OUTCOME_UNKNOWN; the same plan may be tried again. */
  fence(address: SequenceAddress, plan: FencePlan): Promise<FenceOutcome>;
}

export interface ActivationPlace {
  readonly client: MongoClient;
  readonly constraints: ConstraintStore<ConstraintDefinition>;
  readonly types: TypeSource;
  readonly fences: Fences;
  readonly jobs: Pick<JobStore, 'find'>;
}

export interface ActivationRequest {
  readonly store: string;
  readonly namespace: string;
  readonly constraint: string;
  /** The job that does it. */
  readonly job: string;
}

/** Tells how far it is, in numbers of the log. @throws when the work is to stop. */
export type OnLooked = (done: number, total: number) => void;

export type ActivationOutcome =
  | { readonly kind: 'in-force'; readonly from: number | undefined }
  | { readonly kind: 'refused'; readonly conflicts: readonly Conflict[] }
  /** It is not registered any more. */
  | { readonly kind: 'removed' };

/** How long another job that does the same may stand still before its work is taken from it, in ms: longer than a lease. */
const STANDSTILL_MS = 20_000;

/** How often it is looked at, in ms. */
const LOOK_MS = 250;

export async function activate(
  place: ActivationPlace,
  request: ActivationRequest,
  onLooked: OnLooked,
): Promise<ActivationOutcome> {
  for (;;) {
    const outcome = await attempt(place, request, onLooked);
    if (outcome !== undefined) return outcome;
  }
}

/** Undefined when something has changed in the meantime, so that it must be tried again. */
async function attempt(
  place: ActivationPlace,
  request: ActivationRequest,
  onLooked: OnLooked,
): Promise<ActivationOutcome | undefined> {
  const { store, namespace, constraint: name, job } = request;
  const registered = await place.constraints.find(store, name);
  if (registered === undefined || registered.removed) return { kind: 'removed' };
  const db = place.client.db(namespaceDatabase(store, namespace));
  const standings = new ConstraintStandings<ConstraintDefinition>(db);
  const claims = new ClaimStore(db);
  const { definition, registration } = registered;
  const before = await othersAttempt(place, request, registration, standings, onLooked);
  if (before?.state === 'in-force') {
    // With another registration it was removed or changed since we looked.
    return before.registration === registration ? { kind: 'in-force', from: before.from } : undefined;
  }
  await claims.prepare();
  const ledger = newLedger(name);
  const begun = await standings.begin({
    name,
    definition,
    registration,
    state: 'checking',
    ledger,
    from: undefined,
    job,
  });
  if (!begun) return undefined;
  if (before !== undefined) await claims.clear(before.ledger);
  const outcome = await new Attempt(place, request, registered, ledger, standings).run(onLooked);
  if (outcome?.kind !== 'in-force') await claims.clear(ledger);
  return outcome;
}

/** How it stands, once no other job that is alive is at the same. */
async function othersAttempt(
  place: ActivationPlace,
  { constraint, job }: ActivationRequest,
  registration: string,
  standings: ConstraintStandings<ConstraintDefinition>,
  onLooked: OnLooked,
): Promise<Standing<ConstraintDefinition> | undefined> {
  let seen = '';
  let seenAt = performance.now();
  for (;;) {
    const standing = await standings.find(constraint);
    const same = standing?.state === 'checking' && standing.registration === registration && standing.job !== job;
    const other = same ? await place.jobs.find(standing.job) : undefined;
    if (other === undefined || other.ended !== undefined) return standing;
    const state = `${other.id} ${other.done}`;
    if (state !== seen) seenAt = performance.now();
    if (performance.now() - seenAt > STANDSTILL_MS) return standing;
    seen = state;
    onLooked(other.done, other.total);
    await pause(LOOK_MS);
  }
}

/** Random characters of a ledger: no two of one name are ever the same. */
const LEDGER_BYTES = 6;

const newLedger = (name: string): string => `${name}/${randomBytes(LEDGER_BYTES).toString('base64url')}`;

/** One run over one ledger. */
class Attempt {
  readonly #fold: LogFold;

  constructor(
    private readonly place: ActivationPlace,
    private readonly request: ActivationRequest,
    private readonly registered: RegisteredConstraint<ConstraintDefinition>,
    private readonly ledger: string,
    private readonly standings: ConstraintStandings<ConstraintDefinition>,
  ) {
    const { client, types } = place;
    const { store, namespace } = request;
    this.#fold = new LogFold({
      db: client.db(namespaceDatabase(store, namespace)),
      collection: sequenceCollection(registered.definition.sequence),
      rule: new Rule(registered.definition, ledger),
      cast: castingIn(types, store),
      prepare: async () => types.load(store),
    });
  }

  /** Undefined when it was changed or removed in the meantime, or taken over. */
  async run(onLooked: OnLooked): Promise<ActivationOutcome | undefined> {
    const { definition } = this.registered;
    const { store, namespace } = this.request;
    // So close to the tail that the sequence is not held up for long while the rest is looked at.
    await this.#followToTail(onLooked);
    if (!this.#fold.holds) return this.#refused();
    try {
      const outcome = await this.place.fences.fence(
        { store, namespace, sequence: definition.sequence },
        {
          id: `constraint/${this.ledger}`,
          constraint: definition.name,
          reason: `from here on the constraint ${definition.name} is in force`,
          check: async (next) => this.#check(next),
          write: async (session, number) => this.#write(session, number),
        },
      );
      return 'number' in outcome ? { kind: 'in-force', from: outcome.number } : await this.#refused();
    } catch (error) {
      if (error instanceof AnnalsError) return this.#afterError(error);
      throw error;
    }
  }

  async #followToTail(onLooked: OnLooked): Promise<void> {
    for (;;) {
      const next = await this.#fold.next();
      onLooked(this.#fold.position, next);
      let moved = false;
      while (!this.#fold.hopeless && (await this.#fold.advance(next))) {
        onLooked(this.#fold.position, next);
        moved = true;
      }
      if (!moved) return;
    }
  }

  async #check(next: number): Promise<readonly Violation[]> {
    while (!this.#fold.hopeless && (await this.#fold.advance(next)));
    if (this.#fold.holds) return [];
    return (await this.#fold.conflicts()).map(({ message, sequenceNumbers }) => ({
      code: 'CONSTRAINT_VIOLATION',
      message,
      field: '',
      sequenceNumber: sequenceNumbers[0],
      metadata: { constraint: this.registered.name },
    }));
  }

  async #write(session: ClientSession, number: number): Promise<void> {
    const { constraints } = this.place;
    const { name, registration } = this.registered;
    // The store's document first: whoever removes or changes the constraint writes it too, so one of us comes later.
    const confirmed = await constraints.confirm(this.request.store, name, registration, session);
    if (!confirmed || !(await this.standings.enforce(name, this.ledger, number, session))) {
      throw new AnnalsError('CONSTRAINT_IN_USE', `the constraint ${name} was changed or removed in the meantime`);
    }
  }

  async #refused(): Promise<ActivationOutcome | undefined> {
    const conflicts = await this.#fold.conflicts();
    const refused = await this.standings.refuse(this.registered.name, this.ledger);
    return refused ? { kind: 'refused', conflicts } : undefined;
  }

  /** An attempt whose outcome was not told may have succeeded all the same. */
  async #afterError(error: AnnalsError): Promise<ActivationOutcome | undefined> {
    const now = await this.standings.find(this.registered.name);
    if (now?.ledger === this.ledger && now.state === 'in-force') return { kind: 'in-force', from: now.from };
    if (error.code === 'CONSTRAINT_IN_USE') return undefined;
    throw error;
  }
}
