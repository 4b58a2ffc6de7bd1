/**
 * The registry of event types: what may be registered, and what there is. A change is written in one
 * piece under the store's next revision, and told only when no living server works by an older one: so
 * an append that is sent after the answer is checked by the new types, whichever server it goes through.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { BSON } from 'mongodb';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { checkName, DEFAULT_NAMESPACE } from '../kernel/names';
import type { Catalogue } from '../storage/catalogue';
import type { ChangedType } from '../storage/event-types';
import type { Settings } from '../storage/store-settings';
import { GONE_AFTER_MS } from '../storage/servers';
import { Breather } from '../kernel/breather';
import { compareDefinitions } from './compatibility';
import { compileType } from './compiled-type';
import { checkDefinition } from './check-definition';
import type { EventTypeDefinition } from './definition';
import { tryMigrations } from './examples';
import type { KnownTypes, RegisteredType } from './known-types';
import { TypeCache, type TypeCacheOptions } from './type-cache';
import type { CompiledType, TypeSource } from './types-of-store';

export interface RegistryOptions extends TypeCacheOptions {
  readonly catalogue: Catalogue;
  /** Records an act on the store's `system` sequence. @param subject names it. @param facts what else is to be known. */
  readonly record: (
    store: string,
    type: string,
    subject: Readonly<Record<string, string>>,
    facts: Readonly<Record<string, unknown>>,
  ) => Promise<void>;
}

/** What became of one type of a registration. */
export interface RegistrationOutcome {
  readonly type: string;
  readonly latestGeneration: number;
  /** What is new, in words; none when nothing is. */
  readonly changes: readonly string[];
}

/** How often a change that met another server's is compared again: each round one of them gets through. */
const MAX_ROUNDS = 50;

/** How often the other servers are asked whether they know by now, in ms: a change is rare, and told to them at once. */
const ASK_OTHERS_MS = 50;

export class EventTypeRegistry implements TypeSource {
  readonly #cache: TypeCache;

  constructor(private readonly options: RegistryOptions) {
    this.#cache = new TypeCache(options);
  }

  known(store: string): KnownTypes | undefined {
    return this.#cache.known(store);
  }

  async load(store: string, deadline?: number): Promise<KnownTypes> {
    return this.#cache.load(store, deadline);
  }

  async refresh(store: string): Promise<KnownTypes> {
    return this.#cache.refresh(store);
  }

  /** Looks at the stores that are used here. Called regularly. */
  async poll(): Promise<void> {
    await this.#cache.poll();
  }

  /** Somebody else may have changed a store's definitions. */
  async noticed(store: string): Promise<void> {
    await this.#cache.noticed(store);
  }

  /**
   * Registers all types or none. @throws AnnalsError of the first that is in the way, such as
   * INCOMPATIBLE_SCHEMA; its field names the type by its place, `types[3]`.
   */
  async register(
    store: string,
    definitions: readonly EventTypeDefinition[],
    dryRun: boolean,
  ): Promise<RegistrationOutcome[]> {
    await this.#require(store);
    refuseNumber(definitions);
    const breather = new Breather();
    for (const [i, definition] of definitions.entries()) {
      refuseLarge(definition, `types[${i}]`);
      checkDefinition(definition, `types[${i}]`);
      await breather.breathe();
    }
    /** Trying migrations is the longest part, and no round changes its outcome. */
    const tried = new Set<EventTypeDefinition>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const known = await this.#cache.refresh(store);
      const outcomes: RegistrationOutcome[] = [];
      const changed: ChangedType<EventTypeDefinition>[] = [];
      for (const [i, definition] of definitions.entries()) {
        const registered = known.registered(definition.type);
        const changes = changesOf(registered, definition, `types[${i}]`);
        if (changes.length > 0) {
          if (!tried.has(definition)) tryMigrations(definition, compileType(definition), `types[${i}]`);
          tried.add(definition);
          changed.push({ type: definition.type, definition, registered: registered?.registered });
        }
        // A program that has not been updated yet registers fewer generations than there are.
        const latest = Math.max(definition.generations.length, registered?.definition.generations.length ?? 0);
        outcomes.push({ type: definition.type, latestGeneration: latest, changes });
        await breather.breathe();
      }
      if (dryRun) return outcomes;
      if (changed.length === 0) {
        // Whoever registered them may have died before the others knew, or may still be waiting.
        await this.#untilOthersKnow(store, known.revision);
        return outcomes;
      }
      if (await this.options.types.write(store, known.revision, changed, new Date())) {
        await this.#changed(store, known.revision + 1, 'EventTypesRegistered', {
          types: changed.map(({ type }) => type),
        });
        return outcomes;
      }
    }
    throw new AnnalsError('OVERLOADED', `the definitions of ${store} are being changed all the time`);
  }

  /** All types of a store, by their names. */
  async list(store: string): Promise<RegisteredType[]> {
    await this.#require(store);
    return (await this.#cache.refresh(store)).all();
  }

  /** @throws AnnalsError UNKNOWN_EVENT_TYPE */
  async get(store: string, type: string): Promise<RegisteredType> {
    await this.#require(store);
    const registered = (await this.#cache.refresh(store)).registered(type);
    if (registered === undefined) throw unknownType(store, type);
    return registered;
  }

  /** A registered type, compiled. @throws AnnalsError UNKNOWN_EVENT_TYPE */
  async compiled(store: string, name: string): Promise<CompiledType> {
    await this.#require(store);
    const type = (await this.#cache.refresh(store)).type(name);
    if (type === undefined) throw unknownType(store, name);
    return type;
  }

  /** All types at once, then those that are registered or changed. */
  async *watch(store: string, signal: AbortSignal): AsyncGenerator<readonly RegisteredType[]> {
    await this.#require(store);
    let wake = (): void => undefined;
    const stop = this.#cache.listen(store, () => {
      wake();
    });
    const aborted = (): void => {
      wake();
    };
    signal.addEventListener('abort', aborted);
    try {
      let told = -1;
      while (!signal.aborted) {
        const changed = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const known = await this.#cache.load(store, Number.POSITIVE_INFINITY);
        const news = known.all().filter(({ revision }) => revision > told);
        // At first also that there are none.
        if (news.length > 0 || told === -1) yield news;
        told = Math.max(known.revision, ...news.map(({ revision }) => revision));
        if (!signal.aborted) await changed;
      }
    } finally {
      stop();
      signal.removeEventListener('abort', aborted);
    }
  }

  /** How a store behaves. */
  async settings(store: string): Promise<Settings> {
    return this.options.settings.read(store);
  }

  /** Changes how a store behaves. @param strict undefined: as it is. Returns what holds now. */
  async configure(store: string, { strict }: { readonly strict: boolean | undefined }): Promise<{ strict: boolean }> {
    await this.#require(store);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const known = await this.#cache.refresh(store);
      if (strict === undefined || strict === known.strict) {
        await this.#untilOthersKnow(store, known.revision);
        return { strict: known.strict };
      }
      if (await this.options.settings.change(store, known.revision, { strict })) {
        await this.#changed(store, known.revision + 1, 'StoreConfigured', { strict });
        return { strict };
      }
    }
    throw new AnnalsError('OVERLOADED', `the definitions of ${store} are being changed all the time`);
  }

  /** What has just been written is known here, and then everywhere. */
  async #changed(
    store: string,
    revision: number,
    type: string,
    facts: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.#cache.refresh(store);
    await this.#untilOthersKnow(store, revision);
    await this.options.record(store, type, { store, revision: String(revision) }, facts);
  }

  /**
   * A server that is too slow to say so is waited for as long as it might go by what it knew before,
   * see TypeCache.
   */
  async #untilOthersKnow(store: string, revision: number): Promise<void> {
    const deadline = performance.now() + GONE_AFTER_MS;
    while ((await this.options.servers.behind(store, revision)).length > 0) {
      if (performance.now() >= deadline) return;
      await pause(ASK_OTHERS_MS);
    }
  }

  async #require(store: string): Promise<void> {
    await this.options.catalogue.require(checkName(store, 'store'), DEFAULT_NAMESPACE);
  }
}

/** @throws AnnalsError INCOMPATIBLE_SCHEMA, naming the changes that events already recorded could not follow. */
function changesOf(
  registered: RegisteredType | undefined,
  definition: EventTypeDefinition,
  field: string,
): readonly string[] {
  const { changes, incompatible } = compareDefinitions(registered?.definition, definition);
  if (incompatible.length === 0) return changes;
  throw new AnnalsError('INCOMPATIBLE_SCHEMA', `${definition.type}: ${incompatible.join('; ')}`, {
    field,
    metadata: { type: definition.type, changes: incompatible.join('\n') },
  });
}

function refuseNumber(definitions: readonly EventTypeDefinition[]): void {
  if (definitions.length === 0) {
    throw new AnnalsError('INVALID_FIELD', 'types is empty; a registration has at least one', { field: 'types' });
  }
  if (definitions.length > LIMITS.typesPerRegister) {
    throw overLimit('types', LIMITS.typesPerRegister, definitions.length, 'types');
  }
  const places = new Map<string, number>();
  for (const [i, { type }] of definitions.entries()) {
    const earlier = places.get(type);
    if (earlier !== undefined) {
      throw new AnnalsError('INVALID_FIELD', `types[${i}].type is the same as types[${earlier}].type: ${type}`, {
        field: `types[${i}].type`,
      });
    }
    places.set(type, i);
  }
}

function refuseLarge(definition: EventTypeDefinition, field: string): void {
  const bytes = BSON.calculateObjectSize(definition);
  if (bytes > LIMITS.typeBytes) throw overLimit(field, LIMITS.typeBytes, bytes, 'bytes', 'INVALID_EVENT_TYPE');
}

const unknownType = (store: string, type: string): AnnalsError =>
  new AnnalsError('UNKNOWN_EVENT_TYPE', `${store} has no event type ${JSON.stringify(type)}`, { field: 'type' });
