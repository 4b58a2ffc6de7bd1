/** The links of this server: what people ask of them, and which of them it runs. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../../src/kernel/annals-error';
import { newId } from '../../src/kernel/ids';
import type { Sequences } from '../../src/sequences/sequences';
import type { Catalogue } from '../../src/storage/catalogue';
import type { HoldRecord, LinkDefinition, LinkRecord } from '../../src/storage/link-records';
import { Leases } from '../../src/storage/leases';
import { Ownership, OWNERSHIP } from '../../src/storage/ownership';
import { examine, startAt, type LinkStart } from './add';
import { LinkDirectory, type LinkNamespace } from './directory';
import { ownableLinks } from './ownership';
import type { LinkEngine } from './engine';
import { prove, type ProofMessage } from './prove';
import type { Leaving, Redriven } from './redrive';
import { StepLost, type LinkAddress } from './relay-steps';
import { Source } from './source';
import { SourceAway } from './trouble';
import { RELAY } from './tuning';

export type { LinkAddress, LinkStart, Leaving, ProofMessage, Redriven };

/** A link as it is asked for: where it begins is not known yet. */
export type WantedLink = Omit<LinkDefinition, 'start'>;

export interface LinkView {
  readonly record: LinkRecord;
  readonly heldPartitions: number;
  readonly heldEvents: number;
  /** Empty: nobody runs it at this moment. */
  readonly owner: string;
}

export interface Added {
  readonly view: LinkView;
  readonly created: boolean;
  readonly warnings: readonly string[];
}

/** What is redriven: every held partition, one, or the one that stands at a number. */
export type RedriveWhat =
  | { readonly kind: 'all' }
  | { readonly kind: 'partition'; readonly partition: string }
  | { readonly kind: 'number'; readonly number: number };

export interface RelayOptions {
  readonly client: MongoClient;
  readonly sequences: Sequences;
  readonly catalogue: Catalogue;
  readonly logger: Logger;
  readonly serverId: string;
  /** Which deployment this server belongs to. */
  readonly deployment: string;
  /** Where clients reach this server; known once it listens. */
  readonly address: () => string;
}

export class Relay {
  readonly #directory: LinkDirectory;
  readonly #ownership: Ownership<LinkAddress, LinkEngine>;

  constructor(private readonly options: RelayOptions) {
    const { client, catalogue, sequences, logger, serverId, address } = options;
    const leases = new Leases(client, serverId, address, OWNERSHIP.leaseMs);
    this.#directory = new LinkDirectory(client, catalogue);
    const connect = ({ definition }: LinkRecord): Source => new Source(definition.source, address);
    const of = ownableLinks({ directory: this.#directory, sequences, connect, logger });
    this.#ownership = new Ownership({ leases, of, logger });
  }

  /** Compares both ends, then makes the link. @throws AnnalsError LINK_EXISTS, LINK_CANNOT_WORK, SOURCE_UNREACHABLE */
  async add(
    address: LinkAddress,
    wanted: WantedLink,
    start: LinkStart,
    { dryRun, paused }: { readonly dryRun: boolean; readonly paused: boolean },
  ): Promise<Added> {
    const store = await this.#directory.store(address);
    const existing = await store.find(address.link);
    if (existing !== undefined) {
      const { start: _, ...known } = existing.definition;
      if (isDeepStrictEqual(known, wanted)) {
        return { view: await this.#view(address, existing), created: false, warnings: [] };
      }
      throw new AnnalsError('LINK_EXISTS', `${address.link} is there with another definition`, { field: 'link' });
    }
    const source = new Source(wanted.source, this.options.address);
    try {
      const { sequences, deployment: ours } = this.options;
      const inbox = await sequences.open({ ...address, sequence: 'inbox' });
      const others = await store.list();
      const types = await inbox.loadTypes();
      const { deployment, warnings } = await examine({ address, wanted, source, store, others, types, ours, dryRun });
      const position = await startAt(source, start);
      const record: LinkRecord = {
        id: address.link,
        definition: { ...wanted, start: position },
        created: new Date(),
        epoch: 0,
        sourceDeployment: deployment,
        position,
        anchor: undefined,
        counters: { relayed: 0, duplicates: 0, skipped: 0 },
        paused,
        fault: null,
        state: paused ? 'paused' : 'connecting',
        lastError: '',
        rate: 0,
        sourceTail: undefined,
        levelAt: new Date(),
      };
      if (dryRun) return { view: { record, heldPartitions: 0, heldEvents: 0, owner: '' }, created: false, warnings };
      // The secret is 32 bytes, as long as the hash that it is for.
      const made = await store.create(record, randomBytes(32));
      const { store: of, namespace, sequence } = wanted.source;
      await this.#audit(address, 'LinkAdded', { source: `${of}/${namespace}/${sequence}` });
      await this.#ownership.with(address, async () => Promise.resolve()).catch(ignoreElsewhere);
      return { view: await this.#view(address, made), created: true, warnings };
    } catch (error) {
      throw reachable(error);
    } finally {
      await source.close();
    }
  }

  async remove(address: LinkAddress): Promise<void> {
    await this.#directory.require(address);
    const store = await this.#directory.store(address);
    await this.#ownership.remove(address, async (epoch) => store.remove(address.link, epoch));
    await this.#audit(address, 'LinkRemoved', {});
  }

  async list({ store, namespace }: LinkNamespace): Promise<LinkView[]> {
    const records = await (await this.#directory.store({ store, namespace })).list();
    return Promise.all(records.map(async (record) => this.#view({ store, namespace, link: record.id }, record)));
  }

  async get(address: LinkAddress): Promise<LinkView> {
    return this.#view(address, await this.#directory.require(address));
  }

  /** The state of all links of a namespace, at once and again after each change. */
  async *watch(namespace: LinkNamespace, signal: AbortSignal): AsyncGenerator<readonly LinkView[]> {
    let told = '';
    while (!signal.aborted) {
      const views = await this.list(namespace);
      // When it was last level is no news: that changes with every look.
      const news = JSON.stringify(views.map(({ record: { levelAt: _, ...record }, ...view }) => ({ ...view, record })));
      if (news !== told) yield views;
      told = news;
      await sleep(RELAY.watchMs, undefined, { signal }).catch(() => undefined);
    }
  }

  async pause(address: LinkAddress): Promise<void> {
    await this.#ownership.with(address, async (engine) => engine.pause());
    await this.#audit(address, 'LinkPaused', {});
  }

  /** Goes on after a pause or a fault. @param position from elsewhere. @param acceptSource another deployment is the source now. */
  async resume(address: LinkAddress, position: number | undefined, acceptSource: boolean): Promise<void> {
    await this.#ownership.with(address, async (engine) => {
      const { definition } = engine.record;
      const accepted = acceptSource ? await engine.source.deployment().catch(unreachable) : undefined;
      if (accepted !== undefined) {
        await (await this.#directory.store(address)).acceptDeployment(sourceName(definition), accepted);
      }
      await engine.resume({
        ...(position === undefined ? {} : { position }),
        ...(accepted === undefined ? {} : { sourceDeployment: accepted }),
      });
    });
    await this.#audit(address, 'LinkResumed', {
      ...(position === undefined ? {} : { position: String(position) }),
      ...(acceptSource ? { acceptSource: 'true' } : {}),
    });
  }

  /** Tries again what was refused, in order. @throws AnnalsError PARTITION_NOT_HELD */
  async redrive(address: LinkAddress, what: RedriveWhat, leaving: Leaving): Promise<Redriven[]> {
    const redriven = await this.#ownership.with(address, async (engine) => {
      const partitions = heldOf([...engine.steps.holds.values()], what, address);
      return engine.redrive(partitions, leaving).catch((error: unknown) => {
        throw reachable(error);
      });
    });
    await this.#audit(address, 'LinkRedriven', {
      what: what.kind === 'all' ? 'all' : what.kind === 'partition' ? what.partition : String(what.number),
      ...(leaving.kind === 'nothing' ? {} : { skip: leaving.kind, reason: leaving.reason, who: leaving.who }),
    });
    return redriven;
  }

  async held(address: LinkAddress): Promise<HoldRecord[]> {
    await this.#directory.require(address);
    return (await this.#directory.store(address)).holds(address.link);
  }

  /** Looks into both logs. Any server can. */
  async *prove(
    address: LinkAddress,
    range: { readonly from: number | undefined; readonly to: number | undefined },
    signal: AbortSignal,
  ): AsyncGenerator<ProofMessage> {
    const record = await this.#directory.require(address);
    const source = new Source(record.definition.source, this.options.address);
    try {
      const store = await this.#directory.store(address);
      const origins = this.#directory.origins(address);
      yield* prove({ record, store, origins, source }, range, signal);
    } catch (error) {
      throw reachable(error);
    } finally {
      await source.close();
    }
  }

  /** Takes links that nobody runs. Called regularly. */
  async tend(): Promise<void> {
    await this.#ownership.tend();
  }

  /** Ends each after the step that is under way, and leaves no lease behind. */
  async stop(): Promise<void> {
    await this.#ownership.stop();
  }

  async #view(address: LinkAddress, kept: LinkRecord): Promise<LinkView> {
    const engine = await this.#ownership.here(address);
    if (engine !== undefined) {
      const holds = [...engine.steps.holds.values()];
      const heldEvents = holds.reduce((sum, { events }) => sum + events, 0);
      return { record: engine.record, heldPartitions: holds.length, heldEvents, owner: this.options.address() };
    }
    const owner = (await this.#ownership.owner(address))?.address ?? '';
    const { partitions, events } = await (await this.#directory.store(address)).heldCounts(address.link);
    // What was true when its last owner wrote it is not true of a link that nobody runs.
    const record = owner === '' && kept.state === 'running' ? ({ ...kept, state: 'connecting' } as const) : kept;
    return { record, heldPartitions: partitions, heldEvents: events, owner };
  }

  async #audit({ store, namespace, link }: LinkAddress, type: string, facts: Readonly<Record<string, string>>) {
    await this.options.sequences.recordAct(store, namespace, type, { link, ...facts, act: newId() });
  }
}

export const sourceName = ({ source: { store, namespace, sequence } }: Pick<LinkDefinition, 'source'>): string =>
  `${store}/${namespace}/${sequence}`;

/** Another server was faster to take a link that was just made. */
function ignoreElsewhere(error: unknown): void {
  if (!(error instanceof AnnalsError) || error.code !== 'OWNED_ELSEWHERE') throw error;
}

/** What is the source's fault, as the caller is to hear it. */
function reachable(error: unknown): unknown {
  if (error instanceof SourceAway) return new AnnalsError('SOURCE_UNREACHABLE', error.message, { cause: error });
  // Whoever asks again finds the link as it is now.
  return error instanceof StepLost ? new AnnalsError('LEASE_LOST', undefined, { cause: error }) : error;
}

const unreachable = (error: unknown): never => {
  throw reachable(error);
};

function heldOf(holds: readonly HoldRecord[], what: RedriveWhat, { link }: LinkAddress): string[] {
  if (what.kind === 'all') return holds.map(({ partition }) => partition);
  const found = holds.find((hold) =>
    what.kind === 'partition' ? hold.partition === what.partition : hold.from === what.number,
  );
  if (found !== undefined) return [found.partition];
  throw what.kind === 'partition'
    ? new AnnalsError('PARTITION_NOT_HELD', `the partition ${JSON.stringify(what.partition)} of ${link} is not held`, {
        field: 'partition',
      })
    : new AnnalsError('PARTITION_NOT_HELD', `no partition of ${link} stands at ${what.number}`, {
        field: 'sequence_number',
      });
}
