/**
 * The servers that work on this deployment: each registers in the catalogue with its address and a
 * heartbeat. Both the heartbeat and its age are by the database's clock, since servers' clocks differ.
 * Each says too by which revision of a store's definitions it works, so that another that has changed
 * them can wait until all know.
 */
import type { Collection, Filter, MongoClient } from 'mongodb';
import { WRITE_CONCERN } from './insert-events';
import { CATALOGUE_DATABASE } from './names';

/** How often a server says that it lives, in ms. */
export const HEARTBEAT_MS = 2_000;

/** After how long without a heartbeat a server counts as gone, in ms: several heartbeats and an election of a primary. */
export const GONE_AFTER_MS = 15_000;

interface ServerDocument {
  readonly _id: string;
  readonly address: string;
  readonly version: string;
  readonly started: Date;
  readonly heartbeat: Date;
  /** By store, the revision of its definitions that the server works by; absent for a store that it knows nothing of. */
  readonly definitions?: Readonly<Record<string, number>>;
}

export interface ServerEntry {
  readonly id: string;
  readonly address: string;
  readonly version: string;
}

/** This server, as others are to see it. */
export interface SelfEntry extends Omit<ServerEntry, 'address'> {
  /** Known once it listens. */
  readonly address: () => string;
}

const ALIVE = { $expr: { $gt: ['$heartbeat', { $subtract: ['$$NOW', GONE_AFTER_MS] }] } };

export class ServerRegistry {
  readonly #servers: Collection<ServerDocument>;
  readonly #definitions = new Map<string, number>();
  #said: Promise<unknown> = Promise.resolve();
  #left = false;

  constructor(
    client: MongoClient,
    private readonly self: SelfEntry,
  ) {
    this.#servers = client.db(CATALOGUE_DATABASE).collection('servers');
  }

  /** Says that this server lives. */
  async beat(): Promise<void> {
    await this.#say();
  }

  /** The other servers that live. */
  async others(): Promise<ServerEntry[]> {
    return this.#find({});
  }

  /**
   * Says by which revision of a store's definitions this server works: 0 before it looks for the first
   * time, so that whoever changes them in that moment waits for it; undefined when it has forgotten them.
   */
  async worksBy(store: string, revision: number | undefined): Promise<void> {
    if (revision === undefined) this.#definitions.delete(store);
    else this.#definitions.set(store, revision);
    await this.#say();
  }

  /** The other servers that live and work by an earlier revision. */
  async behind(store: string, revision: number): Promise<ServerEntry[]> {
    return this.#find({ [`definitions.${store}`]: { $lt: revision } });
  }

  /** Takes this server off the list, and those that have been gone for long. */
  async leave(): Promise<void> {
    this.#left = true;
    await this.#said;
    const longGone = { $lt: ['$heartbeat', { $subtract: ['$$NOW', 100 * GONE_AFTER_MS] }] };
    await this.#servers.deleteMany({ $or: [{ _id: this.self.id }, { $expr: longGone }] });
  }

  /** One after the other, each with everything: what was said earlier never comes last, and an entry that was removed is whole again. */
  async #say(): Promise<void> {
    const said = this.#said.then(async () => {
      // What it was about to say when it left would put it on the list again.
      if (this.#left) return;
      const { id, address, version } = this.self;
      const facts = { address: address(), version, definitions: Object.fromEntries(this.#definitions) };
      const times = { heartbeat: '$$NOW', started: { $ifNull: ['$started', '$$NOW'] } };
      await this.#servers.updateOne(
        { _id: id },
        // Fields are replaced, where $set would merge what is said now into what was said before.
        [{ $replaceWith: { $mergeObjects: ['$$ROOT', { $literal: facts }, times] } }],
        { upsert: true, writeConcern: WRITE_CONCERN },
      );
    });
    this.#said = said.catch(() => undefined);
    return said;
  }

  async #find(filter: Filter<ServerDocument>): Promise<ServerEntry[]> {
    const found = await this.#servers.find({ _id: { $ne: this.self.id }, ...ALIVE, ...filter }).toArray();
    return found.map(({ _id, address, version }) => ({ id: _id, address, version }));
  }
}
