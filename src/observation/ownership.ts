/**
 * Which observers this server owns: takes the lease when an observer is needed here, keeps it while
 * it is, and lets go of it afterwards, so that any server can be the next.
 */
import type { Logger } from 'pino';
import { AnnalsError } from '../kernel/annals-error';
import type { Sequences } from '../sequences/sequences';
import type { Lease, Leases } from '../storage/leases';
import { leaseName, type ObserverAddress, type ObserverDirectory } from './directory';
import { ObserverEngine } from './engine';
import { OBSERVATION } from './tuning';

interface Owned {
  readonly engine: ObserverEngine;
  readonly epoch: number;
  readonly renewals: NodeJS.Timeout;
  /** Since when nobody needs it, on the clock of `performance.now()`. */
  idleSince: number | undefined;
  /** Calls under way that need it. */
  users: number;
}

export interface OwnershipOptions {
  readonly leases: Leases;
  readonly directory: ObserverDirectory;
  readonly sequences: Sequences;
  readonly logger: Logger;
}

/** How long an observer without clients is kept before its lease is given up, in ms: a client that reconnects finds it. */
export const IDLE_MS = 2_000;

export class Ownership {
  readonly #owned = new Map<string, Promise<Owned>>();
  /** Those that are being let go of. One of them is taken again only afterwards, or both would write. */
  readonly #leaving = new Map<string, Promise<void>>();
  #stopping = false;

  constructor(private readonly options: OwnershipOptions) {}

  /** Runs `use` on the observer's engine. @throws AnnalsError OWNED_ELSEWHERE, naming the owner. */
  async with<Result>(address: ObserverAddress, use: (engine: ObserverEngine) => Promise<Result>): Promise<Result> {
    const owned = await this.#enter(address);
    try {
      return await use(owned.engine);
    } finally {
      owned.users--;
    }
  }

  /** The engine of an observer that this server owns at this moment. */
  async here(address: ObserverAddress): Promise<ObserverEngine | undefined> {
    return (await this.#owned.get(leaseName(address))?.catch(() => undefined))?.engine;
  }

  /** Who owns the observer, this server or another. */
  async owner(address: ObserverAddress): Promise<Lease | undefined> {
    return this.options.leases.find(leaseName(address));
  }

  /** Gives up what nobody needs. Called regularly. */
  async tidy(): Promise<void> {
    const now = performance.now();
    for (const [name, pending] of this.#owned) {
      const owned = await pending.catch(() => undefined);
      if (owned === undefined || this.#owned.get(name) !== pending) continue;
      const needed = owned.users > 0 || owned.engine.clients.size > 0;
      owned.idleSince = needed ? undefined : (owned.idleSince ?? now);
      if (owned.idleSince !== undefined && now - owned.idleSince >= IDLE_MS) await this.#giveUp(name, owned);
    }
  }

  /** Writes every offset and leaves no lease behind. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const all = [...this.#owned].map(async ([name, pending]) => {
      const owned = await pending.catch(() => undefined);
      if (owned !== undefined) await this.#giveUp(name, owned);
    });
    await Promise.all([...all, ...this.#leaving.values()]);
  }

  /**
   * The observer, with one user more. It may be given up or lost while it is waited for. Both take it
   * out of the map first and in the same turn as they decide to, as here it is looked up and counted
   * in one turn: so one that is counted is not given up, and one that is let go of is not entered.
   */
  async #enter(address: ObserverAddress): Promise<Owned> {
    const name = leaseName(address);
    for (;;) {
      if (this.#stopping) throw new AnnalsError('SHUTTING_DOWN');
      const pending = this.#owned.get(name);
      if (pending === undefined) {
        this.#own(address, name);
        continue;
      }
      const owned = await pending;
      if (this.#owned.get(name) !== pending) continue;
      owned.users++;
      owned.idleSince = undefined;
      return owned;
    }
  }

  /** Begins to take it; from here on it is in the map. */
  #own(address: ObserverAddress, name: string): void {
    const taking: Promise<Owned> = this.#take(address, name, (reason) => {
      // News of an earlier time must not end the next.
      if (this.#owned.get(name) === taking) this.#lost(name, taking, reason);
    });
    this.#owned.set(name, taking);
    taking.catch(() => {
      if (this.#owned.get(name) === taking) this.#owned.delete(name);
    });
  }

  async #take(address: ObserverAddress, name: string, lost: (reason: Error) => void): Promise<Owned> {
    const { leases, directory, sequences, logger } = this.options;
    await this.#leaving.get(name);
    await directory.require(address);
    const acquired = await leases.acquire(name);
    if (acquired.kind === 'elsewhere') throw ownedElsewhere(address, acquired.lease.address);
    const { epoch } = acquired;
    const store = await directory.store(address);
    // Nobody with an earlier epoch writes from here on, so what is read now stays true.
    await store.fence(address.observer, epoch);
    const record = await directory.require(address);
    const failures = await store.failures(address.observer);
    const sequence = await sequences.open({ ...address, sequence: record.definition.sequence });
    await sequence.tail.refresh();
    const engine = new ObserverEngine({ record, failures, epoch, store, sequence, logger, lost });
    const renewals = setInterval(() => void this.#renew(name, epoch, lost), OBSERVATION.leaseRenewMs);
    return { engine, epoch, renewals, idleSince: undefined, users: 0 };
  }

  async #renew(name: string, epoch: number, lost: (reason: Error) => void): Promise<void> {
    try {
      const kept = await this.options.leases.renew(name, epoch);
      if (!kept) lost(new Error('the lease has passed to another server'));
    } catch (error) {
      // The next write of an offset finds out; until then the database may only be away for a moment.
      this.options.logger.warn({ err: error, lease: name }, 'a lease could not be renewed, trying again');
    }
  }

  #lost(name: string, pending: Promise<Owned>, reason: Error): void {
    this.#owned.delete(name);
    this.options.logger.warn({ err: reason, lease: name }, 'an observer has gone to another server');
    void this.#leave(name, async () => {
      const { engine, renewals } = await pending;
      clearInterval(renewals);
      engine.dismiss(new AnnalsError('LEASE_LOST'));
      await engine.stop();
    });
  }

  async #giveUp(name: string, owned: Owned): Promise<void> {
    if (!this.#owned.delete(name)) return;
    clearInterval(owned.renewals);
    await this.#leave(name, async () => {
      owned.engine.dismiss(new AnnalsError('SHUTTING_DOWN'));
      await owned.engine.stop();
      await this.options.leases.release(name, owned.epoch);
    });
  }

  async #leave(name: string, leave: () => Promise<void>): Promise<void> {
    const leaving = leave()
      .catch((error: unknown) => {
        this.options.logger.warn(
          { err: error, lease: name },
          'an observer could not be let go of in order; its lease runs out',
        );
      })
      .finally(() => this.#leaving.delete(name));
    this.#leaving.set(name, leaving);
    return leaving;
  }
}

const ownedElsewhere = ({ observer }: ObserverAddress, owner: string): AnnalsError =>
  new AnnalsError('OWNED_ELSEWHERE', `${observer} is owned by the server at ${owner}`, { metadata: { owner } });
