/**
 * Which of the things that have one owner at a time this server runs. They need nobody who asks for them: every
 * server looks regularly for those without an owner and takes some of them, so that those of a server that died
 * go on elsewhere.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnalsError } from '../kernel/annals-error';
import type { ErrorCode } from '../kernel/error-registry';
import type { Lease, Leases } from './leases';
import { LostLease } from './observers';

/** What runs while it is owned. */
export interface Engine {
  /** Ends after the step that is under way. */
  stop(): Promise<void>;
}

/** What is owned: how its lease is named, and what makes its engine. */
export interface Ownable<Address, Running extends Engine> {
  /** In logs and errors, such as `link`. */
  readonly kind: string;
  /** What the names of its leases begin with. */
  readonly prefix: string;
  leaseName(address: Address): string;
  addressOf(leaseName: string): Address;
  /** Every address that there should be an owner of, also without a lease. */
  all(): AsyncIterable<Address>;
  /** @throws AnnalsError when there is no such thing, or no longer: its lease is forgotten then. */
  require(address: Address): Promise<unknown>;
  /** Nobody with an earlier epoch may write once this has begun. @param lost tells that the lease has gone. */
  start(address: Address, epoch: number, lost: (reason: Error) => void): Promise<Running>;
  /** Besides OWNED_ELSEWHERE and SHUTTING_DOWN: what a server that looks for work may meet. */
  readonly expected: readonly ErrorCode[];
}

export interface OwnershipOptions<Address, Running extends Engine> {
  readonly leases: Leases;
  readonly of: Ownable<Address, Running>;
  readonly logger: OwnershipLogger;
}

export interface OwnershipLogger {
  warn(facts: object, message: string): void;
}

export const OWNERSHIP = {
  /** Taken at one look, so that servers that look at the same time share them. */
  takenAtOnce: 25,

  /** How long a lease holds without a renewal, in ms: longer than an election of a primary usually takes. */
  leaseMs: 10_000,

  /** How often a lease is renewed, in ms. */
  leaseRenewMs: 2_500,

  /** How often what has no owner is looked for, in ms. */
  tendMs: 1_000,

  /** How often everything is looked through for what no lease tells of, in ms: after a restore of part of the databases. */
  searchMs: 60_000,

  /** How long the last steps may take at a stop, in ms; then the leases run out. */
  stopMs: 2_000,
} as const;

interface Owned<Running> {
  readonly engine: Running;
  readonly epoch: number;
  readonly renewals: NodeJS.Timeout;
}

export class Ownership<Address, Running extends Engine> {
  readonly #owned = new Map<string, Promise<Owned<Running>>>();
  /** Those that are being let go of: one of them is taken again only afterwards, or both would write. */
  readonly #leaving = new Map<string, Promise<void>>();
  #searched = -Infinity;
  #stopping = false;

  constructor(private readonly options: OwnershipOptions<Address, Running>) {}

  /** Runs `use` on its engine. @throws AnnalsError OWNED_ELSEWHERE, naming the owner; what `require` throws */
  async with<Result>(address: Address, use: (engine: Running) => Promise<Result>): Promise<Result> {
    const { engine } = await this.#enter(address);
    try {
      return await use(engine);
    } catch (error) {
      throw error instanceof LostLease ? new AnnalsError('LEASE_LOST', undefined, { cause: error }) : error;
    }
  }

  /** The engine, when this server owns it at this moment. */
  async here(address: Address): Promise<Running | undefined> {
    return (await this.#owned.get(this.options.of.leaseName(address))?.catch(() => undefined))?.engine;
  }

  async owner(address: Address): Promise<Lease | undefined> {
    return this.options.leases.find(this.options.of.leaseName(address));
  }

  /** Takes what nobody runs. Called regularly. */
  async tend(): Promise<void> {
    const { leases, of, logger } = this.options;
    const names = new Set(await leases.free(of.prefix));
    if (performance.now() - this.#searched >= OWNERSHIP.searchMs) {
      this.#searched = performance.now();
      for await (const address of of.all()) {
        if ((await this.owner(address)) === undefined) names.add(of.leaseName(address));
      }
    }
    const expected = new Set<string>([...EXPECTED, ...of.expected]);
    for (const name of [...names].filter((one) => !this.#owned.has(one)).slice(0, OWNERSHIP.takenAtOnce)) {
      await this.#enter(of.addressOf(name)).catch((error: unknown) => {
        if (error instanceof AnnalsError && expected.has(error.code)) return;
        logger.warn({ err: error, lease: name }, `a ${of.kind} could not be taken, trying again`);
      });
    }
  }

  /** Ends it here for good. @param forget removes what is kept of it; nobody else can have it until that is done. */
  async remove(address: Address, forget: (epoch: number) => Promise<void>): Promise<void> {
    const name = this.options.of.leaseName(address);
    const { epoch } = await this.#enter(address);
    await this.#giveUp(name, async () => {
      await forget(epoch);
      await this.options.leases.forget(name, epoch);
    });
  }

  /** Leaves no lease behind. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const all = [...this.#owned.keys()].map(async (name) => {
      await this.#giveUp(name).catch((error: unknown) => {
        const { logger, of } = this.options;
        logger.warn({ err: error, lease: name }, `a ${of.kind} was not let go of in order; its lease runs out`);
      });
    });
    const left = Promise.all([...all, ...this.#leaving.values()]);
    // A step that waits for the database is ended by the log, which stops next.
    const patience = new AbortController();
    await Promise.race([left, sleep(OWNERSHIP.stopMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
  }

  async #enter(address: Address): Promise<Owned<Running>> {
    const name = this.options.of.leaseName(address);
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

  #own(address: Address, name: string): void {
    const taking: Promise<Owned<Running>> = this.#take(address, name, (reason) => {
      // News of an earlier time must not end the next.
      if (this.#owned.get(name) === taking) this.#lost(name, reason);
    });
    this.#owned.set(name, taking);
    taking.catch(() => {
      if (this.#owned.get(name) === taking) this.#owned.delete(name);
    });
  }

  async #take(address: Address, name: string, lost: (reason: Error) => void): Promise<Owned<Running>> {
    const { leases, of } = this.options;
    await this.#leaving.get(name);
    const acquired = await leases.acquire(name);
    if (acquired.kind === 'elsewhere') throw ownedElsewhere(name, acquired.lease.address);
    const { epoch } = acquired;
    try {
      await of.require(address);
    } catch (error) {
      // A lease that something removed has left, or a question about what never was.
      if (error instanceof AnnalsError) await leases.forget(name, epoch);
      throw error;
    }
    const engine = await of.start(address, epoch, lost);
    const renewals = setInterval(() => void this.#renew(name, epoch, lost), OWNERSHIP.leaseRenewMs);
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
    const { logger, of } = this.options;
    logger.warn({ err: reason, lease: name }, `a ${of.kind} has gone to another server`);
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

  async #leave(name: string, pending: Promise<Owned<Running>>, last: (() => Promise<void>) | undefined): Promise<void> {
    const owned = await pending.catch(() => undefined);
    if (owned === undefined) return;
    clearInterval(owned.renewals);
    await owned.engine.stop();
    await (last ?? (async () => this.options.leases.release(name, owned.epoch)))();
  }
}

/** Another was faster, or this server stops. */
const EXPECTED = ['OWNED_ELSEWHERE', 'SHUTTING_DOWN'] as const;

const ownedElsewhere = (name: string, owner: string): AnnalsError =>
  new AnnalsError('OWNED_ELSEWHERE', `${name} is owned by the server at ${owner}`, { metadata: { owner } });
