/**
 * Who owns what: one owner at a time, by the database's clock. Each change of owner raises the epoch;
 * whatever an owner writes names its epoch, so one that has lost its lease and does not know it yet
 * changes nothing.
 */
import type { Collection, MongoClient } from 'mongodb';
import { WRITE_CONCERN } from './insert-events';
import { CATALOGUE_DATABASE } from './names';

interface LeaseDocument {
  readonly _id: string;
  readonly owner: string;
  readonly address: string;
  readonly epoch: number;
  readonly expires: Date;
}

export interface Lease {
  readonly owner: string;
  readonly address: string;
  readonly epoch: number;
}

export type Acquired =
  { readonly kind: 'held'; readonly epoch: number } | { readonly kind: 'elsewhere'; readonly lease: Lease };

export class Leases {
  readonly #leases: Collection<LeaseDocument>;

  /** @param owner this server's id. @param address where others reach it. @param lasts how long a lease holds, in ms. */
  constructor(
    client: MongoClient,
    private readonly owner: string,
    private readonly address: () => string,
    private readonly lasts: number,
  ) {
    this.#leases = client.db(CATALOGUE_DATABASE).collection('leases');
  }

  /** Takes or keeps the lease unless somebody else holds it. A new owner gets a new epoch. */
  async acquire(name: string): Promise<Acquired> {
    const mine = { $eq: ['$owner', this.owner] };
    const free = { $or: [mine, { $lt: ['$expires', '$$NOW'] }] };
    // The lease itself first: a condition by the database's clock and an upsert do not go together.
    const nobody = { owner: '', address: '', epoch: 0, expires: new Date(0) };
    await this.#leases.updateOne({ _id: name }, { $setOnInsert: nobody }, { upsert: true });
    const taken = await this.#leases.findOneAndUpdate(
      { _id: name, $expr: free },
      [
        {
          $set: {
            epoch: { $cond: [{ $and: [mine, { $gte: ['$expires', '$$NOW'] }] }, '$epoch', { $add: ['$epoch', 1] }] },
            owner: this.owner,
            address: this.address(),
            expires: this.#expiry(),
          },
        },
      ],
      { returnDocument: 'after', writeConcern: WRITE_CONCERN },
    );
    if (taken !== null) return { kind: 'held', epoch: taken.epoch };
    const lease = await this.find(name);
    // It was given up between the two questions.
    return lease === undefined ? this.acquire(name) : { kind: 'elsewhere', lease };
  }

  /** Keeps the lease. False when it is lost. */
  async renew(name: string, epoch: number): Promise<boolean> {
    const kept = await this.#leases.updateOne(
      { _id: name, owner: this.owner, epoch },
      [{ $set: { expires: this.#expiry() } }],
      {
        writeConcern: WRITE_CONCERN,
      },
    );
    return kept.matchedCount === 1;
  }

  /** Gives the lease up, so that another need not wait for its end. The epoch stays. */
  async release(name: string, epoch: number): Promise<void> {
    await this.#leases.updateOne({ _id: name, owner: this.owner, epoch }, { $set: { expires: new Date(0) } });
  }

  /** Removes leases of what is gone for good: their epochs begin anew. */
  async remove(names: readonly string[]): Promise<void> {
    if (names.length > 0) await this.#leases.deleteMany({ _id: { $in: [...names] } });
  }

  /** The names of leases under a prefix that nobody holds at this moment. */
  async free(prefix: string): Promise<string[]> {
    // Everything that begins with it sorts between it and it with the highest sign behind.
    const under = { $gte: prefix, $lt: `${prefix}\uffff` };
    const found = await this.#leases
      .find({ _id: under, $expr: { $lt: ['$expires', '$$NOW'] } }, { projection: { _id: 1 } })
      .toArray();
    return found.map(({ _id }) => _id);
  }

  /** Gives the lease up for good: what it was for is no longer there. */
  async forget(name: string, epoch: number): Promise<void> {
    await this.#leases.deleteOne({ _id: name, owner: this.owner, epoch });
  }

  /** Who holds the lease at this moment. */
  async find(name: string): Promise<Lease | undefined> {
    const lease = await this.#leases.findOne({ _id: name, $expr: { $gte: ['$expires', '$$NOW'] } });
    return lease === null ? undefined : { owner: lease.owner, address: lease.address, epoch: lease.epoch };
  }

  #expiry() {
    return { $add: ['$$NOW', this.lasts] };
  }
}
