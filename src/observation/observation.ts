/** The observers of this server: who owns which, and what clients and people ask of them. */
import { setTimeout as pause } from 'node:timers/promises';
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import type { OpenSequence } from '../sequences/open-sequence';
import type { Sequences } from '../sequences/sequences';
import { checkWanted } from '../sequences/wanted-generations';
import type { Catalogue } from '../storage/catalogue';
import { Leases } from '../storage/leases';
import {
  type FailureRecord,
  type ObserverDefinition,
  type ObserverRecord,
  type ReplayRecord,
} from '../storage/observers';
import type { ObserverClient } from './client-roster';
import { changesBetween, sameDefinition } from './definition';
import { ObserverDirectory, type ObserverAddress } from './directory';
import type { ObserverEngine } from './engine';
import { Ownership } from './ownership';
import { countEvents, firstAt, lagOf, missedBefore, partitionOfEvent } from './range';
import { OBSERVATION } from './tuning';

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
  /** A client is there; of an observer that another server owns: somebody needs it there. */
  readonly connected: boolean;
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

export interface ObservationOptions {
  readonly client: MongoClient;
  readonly sequences: Sequences;
  readonly catalogue: Catalogue;
  readonly logger: Logger;
  readonly serverId: string;
  /** Where clients reach this server; known once it listens. */
  readonly address: () => string;
}

export class Observation {
  readonly #directory: ObserverDirectory;
  readonly #ownership: Ownership;

  constructor(private readonly options: ObservationOptions) {
    const { client, catalogue, sequences, logger, serverId, address } = options;
    const leases = new Leases(client, serverId, address, OBSERVATION.leaseMs);
    this.#directory = new ObserverDirectory(client, catalogue);
    this.#ownership = new Ownership({ leases, directory: this.#directory, sequences, logger });
  }

  /** Registers a client. Makes the observer when it is not there. */
  async register(
    address: ObserverAddress,
    definition: ObserverDefinition,
    start: Start,
    client: ObserverClient,
  ): Promise<Registration> {
    const store = await this.#directory.store(address);
    const sequence = await this.#sequenceOf(address, { definition });
    checkWanted(definition.generations, await sequence.loadTypes(), 'definition.generations');
    if ((await store.find(address.observer)) === undefined) {
      const position = await this.#startPosition(address, definition.sequence, start);
      await store.create(address.observer, definition, position);
    }
    return this.#ownership.with(address, async (engine) => {
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
      if (engine.clients.size > 0) {
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
      const replayAdvised = rekeyed || (await missedBefore(sequence, before.definition, definition, before.position));
      return { engine, position: before.position, changes, replayAdvised };
    });
  }

  async list(store: string, namespace: string): Promise<ObserverView[]> {
    const records = await (await this.#directory.store({ store, namespace })).list();
    return Promise.all(records.map(async (record) => this.#view({ store, namespace, observer: record.id }, record)));
  }

  async get(address: ObserverAddress): Promise<ObserverView> {
    return this.#view(address, await this.#directory.require(address));
  }

  async failures(address: ObserverAddress): Promise<FailureRecord[]> {
    await this.#directory.require(address);
    return (await this.#directory.store(address)).failures(address.observer);
  }

  async pause(address: ObserverAddress, paused: boolean): Promise<void> {
    await this.#ownership.with(address, async (engine) => engine.pause(paused));
    await this.#audit(address, paused ? 'ObserverPaused' : 'ObserverResumed', {});
  }

  async retry(address: ObserverAddress, partition: string): Promise<void> {
    const found = await this.#ownership.with(address, async (engine) => engine.retry(partition));
    if (!found) throw notFailed(address, partition);
    await this.#audit(address, 'ObserverPartitionRetried', { partition });
  }

  async skip(address: ObserverAddress, partition: string, number: number, reason: string): Promise<void> {
    const found = await this.#ownership.with(address, async (engine) => engine.skip(partition, number));
    if (!found) throw notFailed(address, partition);
    await this.#audit(address, 'ObserverEventSkipped', { partition, sequenceNumber: String(number), reason });
  }

  async replay(address: ObserverAddress, request: ReplayRequest): Promise<ReplayPlan> {
    return this.#ownership.with(address, async (engine) => {
      const { record } = engine.state;
      const { definition } = record;
      const sequence = await this.#sequenceOf(address, { definition });
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
    const cancelled = await this.#ownership.with(address, async (engine) => engine.cancelReplay());
    if (cancelled) await this.#audit(address, 'ObserverReplayCancelled', {});
    return cancelled;
  }

  /** Settles once the number is handled or held. */
  async waitFor(address: ObserverAddress, number: number, signal: AbortSignal): Promise<Waited> {
    return this.#ownership.with(address, async (engine) => {
      await engine.waitFor(number, signal);
      const { record } = engine.state;
      const sequence = await this.#sequenceOf(address, record);
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
    await this.#ownership.tidy();
  }

  /** Writes every offset and leaves no lease behind. */
  async stop(): Promise<void> {
    await this.#ownership.stop();
  }

  async #view(address: ObserverAddress, record: ObserverRecord): Promise<ObserverView> {
    const sequence = await this.#sequenceOf(address, record);
    const engine = await this.#ownership.here(address);
    if (engine !== undefined) {
      const { state } = engine;
      const connected = engine.clients.size > 0;
      return { ...state, connected, owner: this.options.address(), lag: await lagOf(sequence, state.record) };
    }
    const owner = (await this.#ownership.owner(address))?.address ?? '';
    const failedPartitions = await (await this.#directory.store(address)).failureCount(address.observer);
    await sequence.tail.refresh();
    const { next } = sequence.tail;
    const tail = next === 0 ? undefined : next - 1;
    const connected = owner !== '';
    return { record, tail, failedPartitions, clients: [], connected, owner, lag: await lagOf(sequence, record) };
  }

  async #sequenceOf(
    address: ObserverAddress,
    { definition }: Pick<ObserverRecord, 'definition'>,
  ): Promise<OpenSequence> {
    return this.options.sequences.open({ ...address, sequence: definition.sequence });
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
    await this.options.sequences.recordAct(store, namespace, type, { observer, act: newId() }, facts);
  }
}

const notFailed = (address: ObserverAddress, partition: string): AnnalsError =>
  new AnnalsError(
    'PARTITION_NOT_FAILED',
    `the partition ${JSON.stringify(partition)} of ${address.observer} is not held there`,
    { field: 'partition' },
  );
