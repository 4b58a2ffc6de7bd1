/**
 * The constraints of each store: what is registered, where it stands in each namespace, and the way out
 * of force. The store's document of a constraint is where changes meet: whoever brings it into force,
 * changes or removes it writes that document, so one of them comes later and sees what the other did.
 */
import type { MongoClient } from 'mongodb';
import { AnnalsError } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import { LIMITS } from '../kernel/limits';
import { checkName, DEFAULT_NAMESPACE } from '../kernel/names';
import type { TypeSource, TypesOfStore } from '../event-types/types-of-store';
import type { Catalogue } from '../storage/catalogue';
import { ClaimStore } from '../storage/claims';
import {
  ConstraintStandings,
  type ConstraintStore,
  type RegisteredConstraint,
  type Standing,
} from '../storage/constraints';
import type { JobRecord, NewJob } from '../storage/jobs';
import { namespaceDatabase } from '../storage/names';
import { ACTIVATION_KIND, type RecordAct } from './activation-job';
import type { Fences } from './activation';
import {
  checkConstraint,
  invalid,
  isSameConstraint,
  resolveGenerations,
  type ConstraintDefinition,
} from './definition';

export interface ConstraintRegistryOptions {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly constraints: ConstraintStore<ConstraintDefinition>;
  readonly types: TypeSource;
  readonly fences: Fences;
  readonly jobs: {
    /** Some server runs it before long. */
    start(job: NewJob): Promise<JobRecord>;
    /** Those of a store, the newest first. */
    list(store: string): Promise<JobRecord[]>;
  };
  readonly record: RecordAct;
}

export interface NamespaceView {
  readonly namespace: string;
  readonly state: 'checking' | 'in-force' | 'refused';
  readonly from: number | undefined;
  /** The job that checks it, or did; empty when none has begun. */
  readonly job: string;
  /** Values that are held. */
  readonly claims: number;
}

export interface ConstraintView {
  readonly definition: ConstraintDefinition;
  readonly namespaces: readonly NamespaceView[];
}

export interface Registration {
  readonly view: ConstraintView;
  /** It was there, the same. */
  readonly unchanged: boolean;
  /** One for each namespace in which it is not in force. */
  readonly jobs: readonly JobRecord[];
}

type Registered = RegisteredConstraint<ConstraintDefinition>;

export class ConstraintRegistry {
  constructor(private readonly options: ConstraintRegistryOptions) {}

  /** @throws AnnalsError INVALID_CONSTRAINT, CONSTRAINT_IN_USE, UNKNOWN_STORE */
  async register(store: string, asked: ConstraintDefinition): Promise<Registration> {
    const checked = checkConstraint(asked);
    await this.#namespaces(store);
    const types = await this.options.types.load(store);
    for (;;) {
      const existing = await this.options.constraints.find(store, checked.name);
      if (existing !== undefined && isSameConstraint(checked, existing.definition) && !existing.removed) {
        return { ...(await this.#activate(store, existing)), unchanged: true };
      }
      const registered = await this.#write(store, resolve(checked, types), existing);
      // Somebody else was there in the meantime: look again.
      if (registered === undefined) continue;
      const started = await this.#activate(store, registered);
      const { name, registration, definition } = registered;
      const subject = { constraint: name, registration };
      await this.options.record(store, DEFAULT_NAMESPACE, 'ConstraintRegistered', subject, { definition });
      return { ...started, unchanged: false };
    }
  }

  async list(store: string): Promise<ConstraintView[]> {
    const namespaces = await this.#namespaces(store);
    const registered = await this.options.constraints.list(store);
    return Promise.all(registered.map(async (one) => this.#view(store, one, namespaces)));
  }

  /**
   * Takes a constraint out of force everywhere. Until that is done it is listed; when the call does not
   * come to its end, the next one goes on. Returns whether there was one.
   */
  async remove(store: string, name: string): Promise<boolean> {
    const { constraints, record } = this.options;
    await this.#namespaces(store);
    const existing = await constraints.find(store, name);
    if (existing === undefined) return false;
    await constraints.markRemoved(store, name);
    // Looked at now: from here on it comes into force nowhere.
    for (const namespace of await this.#namespaces(store)) await this.#lift(store, namespace, name);
    await constraints.remove(store, name);
    const subject = { constraint: name, registration: existing.registration };
    await record(store, DEFAULT_NAMESPACE, 'ConstraintRemoved', subject);
    return true;
  }

  /** Starts what brings the store's constraints into force in those of the namespaces that do not have them yet. */
  async activateMissing(store: string, namespaces: readonly string[]): Promise<void> {
    const registered = (await this.options.constraints.list(store)).filter(({ removed }) => !removed);
    for (const { name, registration } of registered) {
      for (const namespace of namespaces) {
        const standing = await this.#standings(store, namespace).find(name);
        if (standing?.registration !== registration) await this.#jobFor(store, namespace, name);
      }
    }
  }

  /** Undefined when somebody else has changed it in the meantime. */
  async #write(
    store: string,
    definition: ConstraintDefinition,
    existing: Registered | undefined,
  ): Promise<Registered | undefined> {
    const { constraints } = this.options;
    const { name } = definition;
    const registration = newId();
    if (existing === undefined) {
      await this.#refuseTooMany(store);
      const created = await constraints.create(store, name, definition, registration);
      return created ? constraints.find(store, name) : undefined;
    }
    if (existing.removed) throw inUse(name, 'is being removed; remove it again to bring that to its end');
    for (const namespace of await this.#namespaces(store)) {
      const standing = await this.#standings(store, namespace).find(name);
      if (standing?.state === 'in-force')
        throw inUse(name, `is in force in the namespace ${namespace} with another definition`);
    }
    const replaced = await constraints.replace(store, name, existing.version, definition, registration);
    return replaced ? constraints.find(store, name) : undefined;
  }

  async #refuseTooMany(store: string): Promise<void> {
    const { length } = await this.options.constraints.list(store);
    if (length < LIMITS.constraintsPerStore) return;
    throw invalid('name', `is of one more constraint than the ${LIMITS.constraintsPerStore} that a store may have`);
  }

  /** Sees to it that there is a job for each namespace in which it is not in force. */
  async #activate(store: string, registered: Registered): Promise<{ view: ConstraintView; jobs: JobRecord[] }> {
    // Looked at now: whoever makes a namespace later finds the constraint.
    const namespaces = await this.#namespaces(store);
    const jobs: JobRecord[] = [];
    for (const namespace of namespaces) {
      const standing = await this.#standings(store, namespace).find(registered.name);
      const inForce = standing?.registration === registered.registration && standing.state === 'in-force';
      if (!inForce) jobs.push(await this.#jobFor(store, namespace, registered.name));
    }
    const view = await this.#view(store, registered, namespaces);
    const jobOf = new Map(jobs.map(({ id, namespace }) => [namespace, id]));
    const views = view.namespaces.map((one): NamespaceView => {
      const job = jobOf.get(one.namespace);
      // What stands there is what an earlier job has left, until this one begins.
      return job === undefined || one.state === 'in-force' ? one : { ...one, state: 'checking', job, claims: 0 };
    });
    return { jobs, view: { ...view, namespaces: views } };
  }

  /** The job that is there for it already, or a new one. One that began before a change sees the change in the end. */
  async #jobFor(store: string, namespace: string, subject: string): Promise<JobRecord> {
    const wanted: NewJob = { kind: ACTIVATION_KIND, store, namespace, subject };
    const isOpen = (job: JobRecord): boolean =>
      job.ended === undefined &&
      !job.cancelling &&
      job.kind === wanted.kind &&
      job.namespace === namespace &&
      job.subject === subject;
    return (await this.options.jobs.list(store)).find(isOpen) ?? this.options.jobs.start(wanted);
  }

  /** Out of force behind a fence, so that nobody claims or refuses under it who records behind that. */
  async #lift(store: string, namespace: string, name: string): Promise<void> {
    const standings = this.#standings(store, namespace);
    const standing = await standings.find(name);
    if (standing === undefined) return;
    if (standing.state === 'in-force') await this.#fenceOff(store, namespace, standing, standings);
    else await standings.forget(name);
    await new ClaimStore(this.#db(store, namespace)).clear(standing.ledger);
  }

  async #fenceOff(
    store: string,
    namespace: string,
    { name, ledger, definition }: Standing<ConstraintDefinition>,
    standings: ConstraintStandings<ConstraintDefinition>,
  ): Promise<void> {
    await this.options.fences.fence(
      { store, namespace, sequence: definition.sequence },
      {
        id: `constraint-removed/${ledger}`,
        constraint: name,
        reason: `from here on the constraint ${name} is not in force`,
        check: async () => Promise.resolve([]),
        write: async (session) => standings.lift(name, ledger, session),
      },
    );
  }

  async #view(
    store: string,
    { name, definition, registration }: Registered,
    namespaces: readonly string[],
  ): Promise<ConstraintView> {
    const views = namespaces.map(async (namespace): Promise<NamespaceView> => {
      const standing = await this.#standings(store, namespace).find(name);
      if (standing?.registration !== registration) {
        return { namespace, state: 'checking', from: undefined, job: '', claims: 0 };
      }
      const { state, from, job, ledger } = standing;
      return { namespace, state, from, job, claims: await new ClaimStore(this.#db(store, namespace)).count(ledger) };
    });
    return { definition, namespaces: await Promise.all(views) };
  }

  /** @throws AnnalsError INVALID_NAME, UNKNOWN_STORE */
  async #namespaces(store: string): Promise<readonly string[]> {
    checkName(store, 'store');
    return (await this.options.catalogue.entry(store)).namespaces;
  }

  #standings(store: string, namespace: string): ConstraintStandings<ConstraintDefinition> {
    return new ConstraintStandings(this.#db(store, namespace));
  }

  #db(store: string, namespace: string) {
    return this.options.client.db(namespaceDatabase(store, namespace));
  }
}

/** The generations that are meant. @throws AnnalsError INVALID_CONSTRAINT for one that its type does not have. */
function resolve(definition: ConstraintDefinition, types: TypesOfStore): ConstraintDefinition {
  const { rule } = definition;
  const claiming = rule.kind === 'unique-value' ? rule.types : [];
  claiming.forEach(({ type, generation }, i) => {
    const latest = types.type(type)?.latest;
    if (latest !== undefined && generation > latest) {
      throw invalid(`unique_value.types[${i}].generation`, `is ${generation}; ${type} has generations 1 to ${latest}`);
    }
  });
  // A type that is not registered has one generation.
  return resolveGenerations(definition, (type) => types.type(type)?.latest ?? 1);
}

const inUse = (name: string, fact: string): AnnalsError =>
  new AnnalsError('CONSTRAINT_IN_USE', `the constraint ${name} ${fact}`, {
    field: 'constraint.name',
    metadata: { constraint: name },
  });
