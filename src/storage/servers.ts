/**
 * The servers that work on this deployment: each registers in the catalogue with its address and a
 * heartbeat. Both the heartbeat and its age are by the database's clock, since servers' clocks differ.
 */
import type { Collection, MongoClient } from 'mongodb';
import { CATALOGUE_DATABASE } from './names';

/** How often a server says that it lives, in ms. */
export const HEARTBEAT_MS = 2_000;

/** After how long without a heartbeat a server counts as gone, in ms: several heartbeats and an election of a primary. */
const GONE_AFTER_MS = 15_000;

interface ServerDocument {
  readonly _id: string;
  readonly address: string;
  readonly version: string;
  readonly started: Date;
  readonly heartbeat: Date;
}

export interface ServerEntry {
  readonly id: string;
  readonly address: string;
  readonly version: string;
}

export class ServerRegistry {
  readonly #servers: Collection<ServerDocument>;

  constructor(
    client: MongoClient,
    private readonly self: ServerEntry,
  ) {
    this.#servers = client.db(CATALOGUE_DATABASE).collection('servers');
  }

  /** Says that this server lives. */
  async beat(): Promise<void> {
    const { id, address, version } = this.self;
    await this.#servers.updateOne(
      { _id: id },
      [{ $set: { address, version, heartbeat: '$$NOW', started: { $ifNull: ['$started', '$$NOW'] } } }],
      { upsert: true },
    );
  }

  /** The other servers that live. */
  async others(): Promise<ServerEntry[]> {
    const alive = { $gt: ['$heartbeat', { $subtract: ['$$NOW', GONE_AFTER_MS] }] };
    const found = await this.#servers.find({ _id: { $ne: this.self.id }, $expr: alive }).toArray();
    return found.map(({ _id, address, version }) => ({ id: _id, address, version }));
  }

  /** Takes this server off the list, and those that have been gone for long. */
  async leave(): Promise<void> {
    const longGone = { $lt: ['$heartbeat', { $subtract: ['$$NOW', 100 * GONE_AFTER_MS] }] };
    await this.#servers.deleteMany({ $or: [{ _id: this.self.id }, { $expr: longGone }] });
  }
}
