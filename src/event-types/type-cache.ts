/**
 * The types of the stores that are used here, looked at once a second and told to the other servers,
 * so that whoever registers a type can wait until nobody works by older ones:
 *
 * - Before a store is looked at for the first time this server says that it works by some revision of
 *   it. So a change that this look might miss is made by somebody who waits for this server.
 * - What is known here counts for a while after the last look only, and for a shorter while than a
 *   server that says nothing counts as living. So a server that nobody waits for any more, because it
 *   was paused or cut off, does not go by what it knew before.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { MongoError } from 'mongodb';
import type { EventTypeStore } from '../storage/event-types';
import type { ServerRegistry } from '../storage/servers';
import type { StoreSettings } from '../storage/store-settings';
import type { EventTypeDefinition } from './definition';
import { KnownTypes } from './known-types';
import type { TypeSource } from './types-of-store';

/** How long what is known counts without another look, in ms: below what a change waits for at most (GONE_AFTER_MS). */
export const TRUSTED_MS = 10_000;

/** How long a store that nobody asks for is looked at, in ms: a look costs the database a query. */
const FORGOTTEN_AFTER_MS = 60_000;

/** How long to wait before a look that failed is tried again, in ms. */
const TRY_AGAIN_MS = 100;

export interface TypeCacheOptions {
  readonly settings: StoreSettings;
  readonly types: EventTypeStore<EventTypeDefinition>;
  readonly servers: Pick<ServerRegistry, 'worksBy' | 'behind'>;
}

/** One store. Times are on the clock of `performance.now()`. */
interface Entry {
  known: KnownTypes | undefined;
  /** When the last look began. */
  lookedAt: number;
  usedAt: number;
  /** The revision that others were told of. */
  said: number | undefined;
  /** Looks, one after the other. */
  looking: Promise<KnownTypes> | undefined;
  readonly listeners: Set<() => void>;
}

export class TypeCache implements TypeSource {
  readonly #entries = new Map<string, Entry>();

  constructor(private readonly options: TypeCacheOptions) {}

  known(store: string): KnownTypes | undefined {
    const entry = this.#entries.get(store);
    if (entry === undefined) return undefined;
    const now = performance.now();
    entry.usedAt = now;
    return now - entry.lookedAt <= TRUSTED_MS ? entry.known : undefined;
  }

  async load(store: string, deadline = 0): Promise<KnownTypes> {
    for (;;) {
      const known = this.known(store);
      if (known !== undefined) return known;
      try {
        return await this.refresh(store);
      } catch (error) {
        if (!(error instanceof MongoError) || performance.now() >= deadline) throw error;
        await pause(TRY_AGAIN_MS);
      }
    }
  }

  async refresh(store: string): Promise<KnownTypes> {
    const entry = this.#entry(store);
    entry.usedAt = performance.now();
    return this.#lookAgain(store, entry);
  }

  /** Looks at all stores that are used here, and forgets those that are not. Called regularly. */
  async poll(): Promise<void> {
    const now = performance.now();
    const looks = [...this.#entries].map(async ([store, entry]) => {
      const used = entry.listeners.size > 0 || entry.looking !== undefined || now - entry.usedAt <= FORGOTTEN_AFTER_MS;
      if (used) await this.#lookAgain(store, entry);
      else await this.#forget(store);
    });
    await Promise.all(looks);
  }

  /** The definitions of a store may have been changed by somebody else. */
  async noticed(store: string): Promise<void> {
    const entry = this.#entries.get(store);
    if (entry !== undefined) await this.#lookAgain(store, entry);
  }

  /** Calls `listener` when a store's types have changed. Returns the way to stop. */
  listen(store: string, listener: () => void): () => void {
    const { listeners } = this.#entry(store);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  #entry(store: string): Entry {
    const existing = this.#entries.get(store);
    if (existing !== undefined) return existing;
    const entry: Entry = {
      known: undefined,
      lookedAt: Number.NEGATIVE_INFINITY,
      usedAt: performance.now(),
      said: undefined,
      looking: undefined,
      listeners: new Set(),
    };
    this.#entries.set(store, entry);
    return entry;
  }

  /** Calls at the same time share one look that starts after them. */
  async #lookAgain(store: string, entry: Entry): Promise<KnownTypes> {
    // A look that is already on its way may have begun too early to see what the caller knows of.
    if (entry.looking !== undefined) await entry.looking.catch(() => undefined);
    entry.looking ??= this.#look(store, entry).finally(() => {
      entry.looking = undefined;
    });
    return entry.looking;
  }

  async #look(store: string, entry: Entry): Promise<KnownTypes> {
    const { settings, types, servers } = this.options;
    if (entry.said === undefined) {
      await servers.worksBy(store, 0);
      entry.said = 0;
    }
    const lookedAt = performance.now();
    const now = await settings.read(store);
    const before = entry.known;
    if (before?.revision === now.revision) {
      entry.lookedAt = lookedAt;
    } else {
      const changed = await types.changedSince(store, before?.revision ?? 0);
      entry.known = (before ?? KnownTypes.none(now)).with(now, changed);
      entry.lookedAt = lookedAt;
      for (const listener of entry.listeners) listener();
    }
    if (entry.said !== now.revision) {
      await servers.worksBy(store, now.revision);
      entry.said = now.revision;
    }
    return entry.known ?? KnownTypes.none(now);
  }

  async #forget(store: string): Promise<void> {
    this.#entries.delete(store);
    await this.options.servers.worksBy(store, undefined);
  }
}
