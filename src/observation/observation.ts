/** The observers of this server: who owns which, and what clients and people ask of them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import type { Sequences } from '../sequences/sequences';
import type { Catalogue } from '../storage/catalogue';
import { Leases } from '../storage/leases';
import { namespaceDatabase } from '../storage/names';
import {
  ObserverStore,
  type FailureRecord,
  type ObserverDefinition,
  type ObserverRecord,
  type ReplayRecord,
} from '../storage/observers';
import type { ObserverClient } from './client-roster';
import { changesBetween, sameDefinition } from './definition';
import { ObserverEngine } from './engine';
import { countEvents, firstAt, lagOf, missedBefore, partitionOfEvent } from './range';
import { OBSERVATION } from './tuning';

export interface ObserverAddress {
  readonly store: string;
  readonly namespace: string;
  readonly observer: string;
}

export type Start =
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'now' };

export interface Registration {
  readonly engine: ObserverEngine;
  readonly position: number;
  readonly changes: string;
  readonly replayAdvised: boolean;
}

export interface ObserverView {
  readonly record: ObserverRecord;
  readonly tail: number | undefined;
  readonly failedPartitions: number;
  readonly clients: readonly { readonly id: string; readonly name: string; readonly inFlight: number }[];
  readonly owner: string;
  /** Age of the oldest event that is not handled, in ms; undefined when there is none. */
  readonly lag: number | undefined;
}

/** What became of a number that was waited for. */
export interface Waited {
  readonly position: number;
  /** The failure that holds the event's partition at or before it. */
  readonly held: FailureRecord | undefined;
}

export interface ReplayRequest {
  readonly from: number | undefined;
  readonly fromTime: number | undefined;
  readonly to: number | undefined;
  readonly partition: string | undefined;
  readonly dryRun: boolean;
}

export interface ReplayPlan {
  readonly from: number;
  readonly to: number;
  readonly events: number;
  /** About how long, in ms; undefined when no rate is known. */
  readonly estimate: number | undefined;
}

interface Owned {
  readonly engine: ObserverEngine;
  readonly epoch: number;
  renewals: NodeJS.Timeout;
  /** Since when nobody needs it, on the clock of `performance.now()`. */
  idleSince: number | undefined;
  /** Calls under way that need it. */
  users: number;
}

export interface ObservationOptions {
  readonly client: MongoClient;
  readonly sequences: Sequences;
  readonly catalogue: Catalogue;
  readonly logger: Logger;
  readonly serverId: string;
  /** Where clients reach this server; known once it listens. */
  readonly address: () => string;
}

/** How long an observer without clients is kept before its lease is given up, in ms: a client that reconnects finds it. */
const IDLE_MS = 2_000;

const leaseName = ({ store, namespace, observer }: ObserverAddress): string =>
  `observer/${store}/${namespace}/${observer}`;

export class Observation {
  readonly #leases: Leases;
  readonly #owned = new Map<string, Promise<Owned>>();
  #stopping = false;

  constructor(private readonly options: ObservationOptions) {
    this.#leases = new Leases(options.client, options.serverId, options.address, OBSERVATION.leaseMs);
  }

  /** Registers a client. Makes the observer when it is not there. */
  async register(
    address: ObserverAddress,
    definition: ObserverDefinition,
    start: Start,
    client: ObserverClient,
  ): Promise<Registration> {
    const store = await this.#store(address);
    if ((await store.find(address.observer)) === undefined) {
      const position = await this.#startPosition(address, definition.sequence, start);
      await store.create(address.observer, definition, position);
    }
    return this.#with(address, async (engine) => {
      const before = engine.state.record;
      if (sameDefinition(before.definition, definition)) {
        engine.addClient(client);
        return { engine, position: before.position, changes: '', replayAdvised: false };
      }
      if (before.definition.sequence !== definition.sequence) {
        throw new AnnalsError(
          'INVALID_FIELD',
          `the observer ${address.observer} follows ${before.definition.sequence}; another sequence needs another id`,
          { field: 'definition.sequence' },
        );
      }
      if (engine.hasClients) {
        const names = engine.state.clients.map(({ name }) => name).join(', ');
        throw new AnnalsError(
          'DEFINITION_IN_USE',
          `${address.observer} is observed with another definition by ${names}`,
          { field: 'definition' },
        );
      }
      await engine.redefine(definition);
      engine.addClient(client);
      const { changes, rekeyed } = changesBetween(before.definition, definition);
      const sequence = await this.options.sequences.open({ ...address, sequence: definition.sequence });
      const replayAdvised = rekeyed || (await missedBefore(sequence, before.definition, definition, before.position));
      return { engine, position: before.position, changes, replayAdvised };
    });
  }

  async list(store: string, namespace: string): Promise<ObserverView[]> {
    const records = await (await this.#store({ store, namespace })).list();
    return Promise.all(records.map(async (record) => this.#view({ store, namespace, observer: record.id }, record)));
  }

  async get(address: ObserverAddress): Promise<ObserverView> {
    return this.#view(address, await this.#find(address));
  }

  async failures(address: ObserverAddress): Promise<FailureRecord[]> {
    await this.#find(address);
    return (await this.#store(address)).failures(address.observer);
  }

  async pause(address: ObserverAddress, paused: boolean): Promise<void> {
    await this.#with(address, async (engine) => engine.pause(paused));
    await this.#audit(address, paused ? 'ObserverPaused' : 'ObserverResumed', {});
  }

  async retry(address: ObserverAddress, partition: string): Promise<void> {
    const found = await this.#with(address, async (engine) => Promise.resolve(engine.retry(partition)));
    if (!found) throw notFailed(address, partition);
    await this.#audit(address, 'ObserverPartitionRetried', { partition });
  }

  async skip(address: ObserverAddress, partition: string, number: number, reason: string): Promise<void> {
    const found = await this.#with(address, async (engine) => engine.skip(partition, number));
    if (!found) throw notFailed(address, partition);
    await this.#audit(address, 'ObserverEventSkipped', { partition, sequenceNumber: String(number), reason });
  }

  async replay(address: ObserverAddress, request: ReplayRequest): Promise<ReplayPlan> {
    return this.#with(address, async (engine) => {
      const { record } = engine.state;
      const { definition } = record;
      const sequence = await this.options.sequences.open({ ...address, sequence: definition.sequence });
      const from = request.from ?? (request.fromTime === undefined ? 0 : await firstAt(sequence, request.fromTime));
      const to = Math.min(request.to ?? Number.POSITIVE_INFINITY, record.position - 1);
      if (from > to) {
        throw new AnnalsError(
          'NOTHING_TO_REPLAY',
          `${address.observer} stands at ${record.position}; there is nothing from ${from} to ${request.to ?? record.position - 1}`,
          { field: 'from' },
        );
      }
      const total = await countEvents(sequence, definition, from, to, request.partition);
      const estimate = record.rate > 0 ? (total / record.rate) * 1_000 : undefined;
      if (!request.dryRun) {
        const replay: ReplayRecord = { from, to, partition: request.partition, position: from, done: 0, total };
        await engine.replay(replay);
        await this.#audit(address, 'ObserverReplayStarted', { from: String(from), to: String(to) });
      }
      return { from, to, events: total, estimate };
    });
  }

  async cancelReplay(address: ObserverAddress): Promise<boolean> {
    const cancelled = await this.#with(address, async (engine) => engine.cancelReplay());
    if (cancelled) await this.#audit(address, 'ObserverReplayCancelled', {});
    return cancelled;
  }

  /** Settles once the number is handled or held. */
  async waitFor(address: ObserverAddress, number: number, signal: AbortSignal): Promise<Waited> {
    return this.#with(address, async (engine) => {
      await engine.waitFor(number, signal);
      const { record } = engine.state;
      const sequence = await this.options.sequences.open({ ...address, sequence: record.definition.sequence });
      const partition = await partitionOfEvent(sequence, record.definition, number);
      const held = engine.failures().find((failure) => failure.partition === partition && failure.heldFrom <= number);
      return { position: record.position, held };
    });
  }

  /** The state of all observers of a namespace, at once and again after each change. */
  async *watch(store: string, namespace: string, signal: AbortSignal): AsyncGenerator<readonly ObserverView[]> {
    let told = '';
    while (!signal.aborted) {
      const views = await this.list(store, namespace);
      // Age alone is no news: it changes with every look.
      const news = JSON.stringify(views.map(({ lag: _, ...view }) => view));
      if (news !== told) yield views;
      told = news;
      await pause(OBSERVATION.watchMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Gives up what nobody needs. Called regularly. */
  async tidy(): Promise<void> {
    const now = performance.now();
    for (const [name, pending] of this.#owned) {
      const owned = await pending.catch(() => undefined);
      if (owned === undefined) continue;
      const busy = owned.users > 0 || owned.engine.hasClients;
      owned.idleSince = busy ? undefined : (owned.idleSince ?? now);
      if (owned.idleSince !== undefined && now - owned.idleSince >= IDLE_MS) await this.#giveUp(name, owned);
    }
  }

  /** Writes every offset and leaves no lease behind. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const [name, pending] of this.#owned) {
      const owned = await pending.catch(() => undefined);
      if (owned !== undefined) await this.#giveUp(name, owned);
    }
  }

  /** Runs `use` on the observer's engine, which this server owns then, or says who does. */
  async #with<Result>(address: ObserverAddress, use: (engine: ObserverEngine) => Promise<Result>): Promise<Result> {
    const owned = await this.#own(address);
    owned.users++;
    owned.idleSince = undefined;
    try {
      return await use(owned.engine);
    } finally {
      owned.users--;
    }
  }

  async #own(address: ObserverAddress): Promise<Owned> {
    if (this.#stopping) throw new AnnalsError('SHUTTING_DOWN');
    const name = leaseName(address);
    const known = this.#owned.get(name);
    if (known !== undefined) return known;
    const taking = this.#take(address, name);
    this.#owned.set(name, taking);
    taking.catch(() => {
      if (this.#owned.get(name) === taking) this.#owned.delete(name);
    });
    return taking;
  }

  async #take(address: ObserverAddress, name: string): Promise<Owned> {
    await this.#find(address);
    const acquired = await this.#leases.acquire(name);
    if (acquired.kind === 'elsewhere') {
      const { address: owner } = acquired.lease;
      throw new AnnalsError('OWNED_ELSEWHERE', `${address.observer} is owned by the server at ${owner}`, {
        metadata: { owner },
      });
    }
    const { epoch } = acquired;
    const store = await this.#store(address);
    // Nobody with an earlier epoch writes from here on, so what is read now stays true.
    await store.fence(address.observer, epoch);
    const record = await this.#find(address);
    const failures = await store.failures(address.observer);
    const sequence = await this.options.sequences.open({ ...address, sequence: record.definition.sequence });
    await sequence.tail.refresh();
    const engine = new ObserverEngine({
      record,
      failures,
      epoch,
      store,
      sequence,
      logger: this.options.logger,
      lost: (reason) => {
        this.#lost(name, reason);
      },
    });
    const owned: Owned = {
      engine,
      epoch,
      idleSince: undefined,
      users: 0,
      renewals: setInterval(() => undefined, 1 << 30),
    };
    clearInterval(owned.renewals);
    owned.renewals = setInterval(() => void this.#renew(name, owned), OBSERVATION.leaseRenewMs);
    return owned;
  }

  async #renew(name: string, owned: Owned): Promise<void> {
    try {
      if (!(await this.#leases.renew(name, owned.epoch)))
        this.#lost(name, new Error('the lease has passed to another server'));
    } catch (error) {
      // The next write of an offset finds out; until then the database may only be away for a moment.
      this.options.logger.warn({ err: error, lease: name }, 'a lease could not be renewed, trying again');
    }
  }

  #lost(name: string, reason: Error): void {
    const pending = this.#owned.get(name);
    if (pending === undefined) return;
    this.#owned.delete(name);
    this.options.logger.warn({ err: reason, lease: name }, 'an observer has gone to another server');
    void pending.then(async ({ engine, renewals }) => {
      clearInterval(renewals);
      engine.dismiss(new AnnalsError('LEASE_LOST'));
      await engine.stop();
    });
  }

  async #giveUp(name: string, owned: Owned): Promise<void> {
    this.#owned.delete(name);
    clearInterval(owned.renewals);
    owned.engine.dismiss(new AnnalsError('SHUTTING_DOWN'));
    await owned.engine.stop();
    await this.#leases.release(name, owned.epoch);
  }

  async #view(address: ObserverAddress, record: ObserverRecord): Promise<ObserverView> {
    const name = leaseName(address);
    const owned = await this.#owned.get(name)?.catch(() => undefined);
    if (owned !== undefined) {
      const { state } = owned.engine;
      const open = await this.options.sequences.open({ ...address, sequence: record.definition.sequence });
      return { ...state, owner: this.options.address(), lag: await lagOf(open, state.record) };
    }
    const lease = await this.#leases.find(name);
    const failedPartitions = await (await this.#store(address)).failureCount(address.observer);
    const sequence = await this.options.sequences.open({ ...address, sequence: record.definition.sequence });
    await sequence.tail.refresh();
    const { next } = sequence.tail;
    return {
      record,
      tail: next === 0 ? undefined : next - 1,
      failedPartitions,
      clients: [],
      owner: lease?.address ?? '',
      lag: await lagOf(sequence, record),
    };
  }

  async #find(address: ObserverAddress): Promise<ObserverRecord> {
    const record = await (await this.#store(address)).find(address.observer);
    if (record !== undefined) return record;
    throw new AnnalsError(
      'UNKNOWN_OBSERVER',
      `there is no observer ${address.observer} in ${address.store}/${address.namespace}`,
      { field: 'observer' },
    );
  }

  async #store({ store, namespace }: Pick<ObserverAddress, 'store' | 'namespace'>): Promise<ObserverStore> {
    await this.options.catalogue.require(store, namespace);
    const { client } = this.options;
    return new ObserverStore(client, client.db(namespaceDatabase(store, namespace)));
  }

  async #startPosition(address: ObserverAddress, sequence: string, start: Start): Promise<number> {
    if (start.kind === 'number') return start.number;
    const open = await this.options.sequences.open({ ...address, sequence });
    if (start.kind === 'time') return firstAt(open, start.time);
    await open.tail.refresh();
    return open.tail.next;
  }

  async #audit(
    { store, namespace, observer }: ObserverAddress,
    type: string,
    facts: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.options.sequences.recordAct(store, namespace, type, { observer, ...facts, act: newId() });
  }
}

const notFailed = (address: ObserverAddress, partition: string): AnnalsError =>
  new AnnalsError(
    'PARTITION_NOT_FAILED',
    `the partition ${JSON.stringify(partition)} of ${address.observer} is not held there`,
    { field: 'partition' },
  );
