/** The ordered sequences of this server: what people and programs ask of them, and of which namespaces it works them. */
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { Sequences } from '../../src/sequences/sequences';
import type { Catalogue } from '../../src/storage/catalogue';
import { Leases } from '../../src/storage/leases';
import { Ownership, OWNERSHIP } from '../../src/storage/ownership';
import type { ScopeError } from '../rollback/scope';
import type { Answer } from './answers';
import { audit, type AuditedEntry } from './audit';
import { watch, type Watched } from './changes';
import { create, type Created } from './create';
import { definitionEventId } from './derived-ids';
import { isDeepStrictEqual } from 'node:util';
import type { OrderedSequencesEngine } from './engine';
import { instanceOf, type InstanceRequest } from './instance';
import type { NamespaceAddress } from './journal';
import type { SequenceResolved } from './log-entry';
import { SUBJECTS } from './logged-entry';
import { list, type FoundSequence, type SequenceFilter, type SequencePage } from './lookup';
import { hasAny, ownableNamespaces } from './ownership';
import { preview, type Previewed } from './preview';
import { answer, register } from './processing';
import { resolution, type PersonsAct } from './resolve';
import type { Processor } from './roster';
import type { Json, SequenceDefinition, SequenceDocument } from '../../src/contract/sequence-document';
import { statistics, type SequenceStatistics } from './statistics';

export type { AuditedEntry, Created, FoundSequence, NamespaceAddress, PersonsAct, Previewed, SequenceFilter, Watched };

/** What a sequence is made of. */
export type From =
  | { readonly document: SequenceDocument }
  | { readonly instance: Omit<InstanceRequest, 'startedBy'> & { readonly name: string; readonly version: string } };

export interface Resolved {
  readonly consequences: readonly string[];
  readonly found: FoundSequence;
}

/** A processor's stream, once it is registered. */
export interface Processing {
  /** Returns once it is recorded, or changes nothing. */
  answer(taskId: number, given: Answer): Promise<void>;
  heard(): void;
  /** It reads again. */
  unblocked(): void;
  leaving(): void;
  gone(): void;
}

export interface OrderedSequencesOptions {
  readonly client: MongoClient;
  readonly sequences: Sequences;
  readonly catalogue: Catalogue;
  readonly logger: Logger;
  readonly serverId: string;
  /** Where clients reach this server; known once it listens. */
  readonly address: () => string;
}

export class OrderedSequences {
  readonly #ownership: Ownership<NamespaceAddress, OrderedSequencesEngine>;

  constructor(private readonly options: OrderedSequencesOptions) {
    const { client, serverId, address, logger } = options;
    const leases = new Leases(client, serverId, address, OWNERSHIP.leaseMs);
    this.#ownership = new Ownership({ leases, of: ownableNamespaces(options), logger });
  }

  /** Whether it is new. @throws AnnalsError DEFINITION_EXISTS */
  async define(namespace: NamespaceAddress, definition: SequenceDefinition): Promise<boolean> {
    return this.#with(namespace, async (engine) => {
      const { name, version } = definition;
      const context = {
        source: SUBJECTS.definitions,
        correlationId: '',
        causationId: '',
        at: Date.now(),
        eventId: definitionEventId(name, version),
      };
      const recorded = await engine.journal.record([{ type: 'DefinitionAdded', definition }], () => context, null);
      if (recorded.kind !== 'recorded') {
        await engine.takenIn();
        const known = engine.known.definitions(name).find((one) => one.version === version);
        if (known !== undefined && isDeepStrictEqual(known, definition)) return false;
        throw new AnnalsError('DEFINITION_EXISTS', `${name} ${version} is defined otherwise`, { field: 'definition' });
      }
      await engine.takenIn(recorded.last);
      await engine.startsChanged();
      return !recorded.duplicate;
    });
  }

  /** @param name empty: all */
  async definitions(namespace: NamespaceAddress, name: string): Promise<readonly SequenceDefinition[]> {
    return this.#asking(
      namespace,
      async (engine) => Promise.resolve(engine.known.definitions(name)),
      () => [],
    );
  }

  /** @throws AnnalsError ORDERED_SEQUENCE_EXISTS, UNKNOWN_DEFINITION, SEQUENCE_CIRCLE, INVALID_DOCUMENT */
  async create(namespace: NamespaceAddress, from: From, dryRun: boolean): Promise<Created> {
    return this.#with(namespace, async (engine) => {
      const document = 'document' in from ? from.document : instance(engine, from.instance);
      return create(engine, document, { causes: [], since: undefined, dryRun });
    });
  }

  /** @throws AnnalsError UNKNOWN_ORDERED_SEQUENCE */
  async get(namespace: NamespaceAddress, sequenceId: string): Promise<FoundSequence> {
    return this.#asking(namespace, async (engine) => engine.require(sequenceId), unknown);
  }

  async list(
    namespace: NamespaceAddress,
    filter: SequenceFilter,
    page: { readonly size: number; readonly token: string },
  ): Promise<SequencePage> {
    const listed = async (engine: OrderedSequencesEngine): Promise<SequencePage> => {
      await engine.flushed();
      return list(engine.options.db, filter, page);
    };
    return this.#asking(namespace, listed, () => ({ sequences: [], nextPageToken: '' }));
  }

  async *watch(
    namespace: NamespaceAddress,
    filter: SequenceFilter,
    sequenceId: string,
    signal: AbortSignal,
  ): AsyncGenerator<Watched> {
    const engine = await this.#with(namespace, async (one) => Promise.resolve(one));
    yield* watch(engine, filter, sequenceId, signal);
  }

  /** A processor takes steps from now on, until it is gone or its `end` is called. */
  async process(namespace: NamespaceAddress, processor: Processor): Promise<Processing> {
    return this.#with(namespace, async (engine) => {
      await register(engine, processor);
      const { roster } = engine;
      return {
        answer: async (taskId, given) => answer(engine, processor, taskId, given),
        heard: () => {
          roster.heard(processor.id);
        },
        unblocked: () => {
          roster.unblocked();
        },
        leaving: () => {
          roster.leaving(processor.id);
        },
        gone: () => {
          roster.remove(processor.id);
        },
      };
    });
  }

  /** @throws AnnalsError CANNOT_RESOLVE, INVALID_FIELD, UNKNOWN_ORDERED_SEQUENCE */
  async resolve(namespace: NamespaceAddress, sequenceId: string, act: PersonsAct): Promise<Resolved> {
    return this.#with(namespace, async (engine) => {
      if (act.dryRun === true) {
        const found = await engine.require(sequenceId);
        return { consequences: resolved(resolution(found.state, act, engine.world())).consequences, found };
      }
      let decided: SequenceResolved | undefined;
      await engine.decide(sequenceId, (state, world) => {
        decided = sameTarget(decided, resolved(resolution(state, act, world)));
        return [decided];
      });
      return { consequences: decided?.consequences ?? [], found: await engine.require(sequenceId) };
    });
  }

  async preview(
    namespace: NamespaceAddress,
    sequenceId: string,
    what: { readonly template: Json | undefined; readonly error: ScopeError | undefined },
  ): Promise<Previewed[]> {
    return this.#with(namespace, async (engine) => {
      const { state } = await engine.require(sequenceId);
      return preview(engine.events, state, what);
    });
  }

  async *audit(namespace: NamespaceAddress, sequenceId: string): AsyncGenerator<AuditedEntry> {
    const known = async (one: OrderedSequencesEngine): Promise<OrderedSequencesEngine> => {
      await one.require(sequenceId);
      return one;
    };
    const engine = await this.#asking(namespace, known, unknown);
    yield* audit(engine.journal, sequenceId);
  }

  /** @param name empty: all */
  async statistics(namespace: NamespaceAddress, name: string): Promise<SequenceStatistics> {
    const told = async (engine: OrderedSequencesEngine): Promise<SequenceStatistics> => {
      await engine.flushed();
      return statistics(engine.options.db, name === '' ? undefined : name);
    };
    return this.#asking(namespace, told, () => ({ counts: [], durations: [], failures: [] }));
  }

  /** Returns once the rows are there again. @param tell how many numbers of the log are done, and how many there are */
  async rebuild(namespace: NamespaceAddress, tell: (done: number, of: number) => void): Promise<void> {
    await this.#with(namespace, async (engine) => engine.rebuild(tell));
  }

  /** Takes namespaces that nobody works. Called regularly. */
  async tend(): Promise<void> {
    await this.#ownership.tend();
  }

  /** Ends each after what is under way, and leaves no lease behind. */
  async stop(): Promise<void> {
    await this.#ownership.stop();
  }

  /** As `#with`; a namespace that has no ordered sequences yet is not taken for a question about them. */
  async #asking<Result>(
    namespace: NamespaceAddress,
    use: (engine: OrderedSequencesEngine) => Promise<Result>,
    none: () => Result,
  ): Promise<Result> {
    await this.options.catalogue.require(namespace.store, namespace.namespace);
    const here = (await this.#ownership.here(namespace)) !== undefined;
    return here || (await hasAny(this.options.client, namespace)) ? this.#with(namespace, use) : none();
  }

  async #with<Result>(
    namespace: NamespaceAddress,
    use: (engine: OrderedSequencesEngine) => Promise<Result>,
  ): Promise<Result> {
    return this.#ownership.with(namespace, use);
  }
}

const unknown = (): never => {
  throw new AnnalsError('UNKNOWN_ORDERED_SEQUENCE', undefined, { field: 'sequence_id' });
};

function instance(engine: OrderedSequencesEngine, request: Extract<From, { instance: object }>['instance']) {
  const { name, version, ...rest } = request;
  return instanceOf(engine.known.definition(name, version), rest);
}

/**
 * What is decided again, because something came in between or the log's answer was lost, must be about the same: an act
 * that names no step would otherwise be done to the next one, after it was done already.
 * @throws AnnalsError CANNOT_RESOLVE
 */
function sameTarget(before: SequenceResolved | undefined, now: SequenceResolved): SequenceResolved {
  if (before === undefined || (before.step === now.step && before.entry === now.entry)) return now;
  const message = 'the sequence has changed meanwhile, perhaps by this very act: look at it again';
  throw new AnnalsError('CANNOT_RESOLVE', message, { metadata: { reason: 'changed' } });
}

/** @throws AnnalsError CANNOT_RESOLVE, or INVALID_FIELD for what the call leaves out */
function resolved(outcome: ReturnType<typeof resolution>) {
  if ('entry' in outcome) return outcome.entry;
  const { reason, message } = outcome.refused;
  const missing = reason === 'who-missing' ? 'who' : reason === 'why-missing' ? 'why' : undefined;
  if (missing !== undefined) throw new AnnalsError('INVALID_FIELD', message, { field: missing });
  throw new AnnalsError('CANNOT_RESOLVE', message, { metadata: { reason } });
}
