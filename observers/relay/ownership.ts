/**
 * Which links this server runs. A link needs nobody who asks for it: every server looks regularly for links
 * without an owner and takes some of them, so that those of a server that died go on elsewhere.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { Sequences } from '../../src/sequences/sequences';
import type { LinkRecord } from '../../src/storage/link-records';
import type { Lease, Leases } from '../../src/storage/leases';
import { LostLease } from '../../src/storage/observers';
import { addressOfLease, LEASE_PREFIX, leaseName, type LinkDirectory } from './directory';
import { LinkEngine } from './engine';
import type { LinkAddress } from './relay-steps';
import type { Source } from './source';
import { RELAY } from './tuning';

interface Owned {
  readonly engine: LinkEngine;
  readonly epoch: number;
  readonly renewals: NodeJS.Timeout;
}

export interface LinkOwnershipOptions {
  readonly leases: Leases;
  readonly directory: LinkDirectory;
  readonly sequences: Pick<Sequences, 'relay'>;
  readonly connect: (record: LinkRecord) => Source;
  readonly logger: Logger;
}

/** Links that are taken at one look, so that servers that look at the same time share them. */
const TAKEN_AT_ONCE = 25;

export class LinkOwnership {
  readonly #owned = new Map<string, Promise<Owned>>();
  /** Those that are being let go of: one of them is taken again only afterwards, or both would write. */
  readonly #leaving = new Map<string, Promise<void>>();
  #searched = -Infinity;
  #stopping = false;

  constructor(private readonly options: LinkOwnershipOptions) {}

  /** Runs `use` on the link's engine. @throws AnnalsError OWNED_ELSEWHERE, naming the owner; UNKNOWN_LINK */
  async with<Result>(address: LinkAddress, use: (engine: LinkEngine) => Promise<Result>): Promise<Result> {
    const { engine } = await this.#enter(address);
    try {
      return await use(engine);
    } catch (error) {
      throw error instanceof LostLease ? new AnnalsError('LEASE_LOST', undefined, { cause: error }) : error;
    }
  }

  /** The engine of a link that this server owns at this moment. */
  async here(address: LinkAddress): Promise<LinkEngine | undefined> {
    return (await this.#owned.get(leaseName(address))?.catch(() => undefined))?.engine;
  }

  async owner(address: LinkAddress): Promise<Lease | undefined> {
    return this.options.leases.find(leaseName(address));
  }

  /** Takes links that nobody runs. Called regularly. */
  async tend(): Promise<void> {
    const names = new Set(await this.options.leases.free(LEASE_PREFIX));
    if (performance.now() - this.#searched >= RELAY.searchMs) {
      this.#searched = performance.now();
      for await (const address of this.options.directory.all()) {
        if ((await this.owner(address)) === undefined) names.add(leaseName(address));
      }
    }
    for (const name of [...names].filter((one) => !this.#owned.has(one)).slice(0, TAKEN_AT_ONCE)) {
      await this.#enter(addressOfLease(name)).catch((error: unknown) => {
        if (error instanceof AnnalsError && EXPECTED.has(error.code)) return;
        this.options.logger.warn({ err: error, lease: name }, 'a link could not be taken, trying again');
      });
    }
  }

  /** Ends the link here and everything that is kept of it. */
  async remove(address: LinkAddress): Promise<void> {
    const { leases, directory } = this.options;
    const name = leaseName(address);
    const { epoch } = await this.#enter(address);
    await this.#giveUp(name, async () => {
      await (await directory.store(address)).remove(address.link, epoch);
      await leases.forget(name, epoch);
    });
  }

  /** Leaves no lease behind. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const all = [...this.#owned.keys()].map(async (name) => {
      await this.#giveUp(name).catch((error: unknown) => {
        this.options.logger.warn({ err: error, lease: name }, 'a link was not let go of in order; its lease runs out');
      });
    });
    const left = Promise.all([...all, ...this.#leaving.values()]);
    // A step that waits for the database is ended by the log, which stops next.
    const patience = new AbortController();
    await Promise.race([left, sleep(RELAY.stopMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }

  async #enter(address: LinkAddress): Promise<Owned> {
    const name = leaseName(address);
    for (;;) {
      if (this.#stopping) throw new AnnalsError('SHUTTING_DOWN');
      const pending = this.#owned.get(name);
      if (pending === undefined) {
        this.#own(address, name);
        continue;
      }
      const owned = await pending;
      if (this.#owned.get(name) === pending) return owned;
    }
  }

  #own(address: LinkAddress, name: string): void {
    const taking: Promise<Owned> = this.#take(address, name, (reason) => {
      // News of an earlier time must not end the next.
      if (this.#owned.get(name) === taking) this.#lost(name, reason);
    });
    this.#owned.set(name, taking);
    taking.catch(() => {
      if (this.#owned.get(name) === taking) this.#owned.delete(name);
    });
  }

  async #take(address: LinkAddress, name: string, lost: (reason: Error) => void): Promise<Owned> {
    const { leases, directory, sequences, connect, logger } = this.options;
    await this.#leaving.get(name);
    const acquired = await leases.acquire(name);
    if (acquired.kind === 'elsewhere') throw ownedElsewhere(address, acquired.lease.address);
    const { epoch } = acquired;
    try {
      await directory.require(address);
    } catch (error) {
      // A lease that a removed link has left, or a question about one that never was.
      if (error instanceof AnnalsError) await leases.forget(name, epoch);
      throw error;
    }
    const store = await directory.store(address);
    // Nobody with an earlier epoch writes from here on, so what is read now stays true.
    await store.fence(address.link, epoch);
    const origins = directory.origins(address);
    const engine = new LinkEngine({ address, epoch, store, origins, sequences, connect, logger, lost });
    await engine.start();
    const renewals = setInterval(() => void this.#renew(name, epoch, lost), RELAY.leaseRenewMs);
    return { engine, epoch, renewals };
  }

  async #renew(name: string, epoch: number, lost: (reason: Error) => void): Promise<void> {
    try {
      if (!(await this.options.leases.renew(name, epoch))) lost(new Error('the lease has passed to another server'));
    } catch (error) {
      // The next step finds out; until then the database may only be away for a moment.
      this.options.logger.warn({ err: error, lease: name }, 'a lease could not be renewed, trying again');
    }
  }

  #lost(name: string, reason: Error): void {
    this.options.logger.warn({ err: reason, lease: name }, 'a link has gone to another server');
    void this.#giveUp(name, async () => Promise.resolve()).catch(() => undefined);
  }

  /** @param last what happens once it has stopped; unless given, the lease is released. */
  async #giveUp(name: string, last?: () => Promise<void>): Promise<void> {
    const pending = this.#owned.get(name);
    if (pending === undefined || !this.#owned.delete(name)) return;
    const leaving = this.#leave(name, pending, last);
    // Whoever waits for it waits for its end, however it ends.
    this.#leaving.set(
      name,
      leaving.catch(() => undefined).finally(() => this.#leaving.delete(name)),
    );
    await leaving;
  }

  async #leave(name: string, pending: Promise<Owned>, last: (() => Promise<void>) | undefined): Promise<void> {
    const owned = await pending.catch(() => undefined);
    if (owned === undefined) return;
    clearInterval(owned.renewals);
    await owned.engine.stop();
    await (last ?? (async () => this.options.leases.release(name, owned.epoch)))();
  }
}

/** Another was faster, or the link was just removed. */
const EXPECTED: ReadonlySet<string> = new Set(['OWNED_ELSEWHERE', 'UNKNOWN_LINK', 'SHUTTING_DOWN']);

const ownedElsewhere = ({ link }: LinkAddress, owner: string): AnnalsError =>
  new AnnalsError('OWNED_ELSEWHERE', `${link} is owned by the server at ${owner}`, { metadata: { owner } });
