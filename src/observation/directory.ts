/** Where an observer is kept: its address, and its record in its namespace's database. */
import type { MongoClient } from 'mongodb';
import { AnnalsError } from '../kernel/annals-error';
import type { Catalogue } from '../storage/catalogue';
import { namespaceDatabase } from '../storage/names';
import { ObserverStore, type ObserverRecord } from '../storage/observers';

export interface ObserverAddress {
  readonly store: string;
  readonly namespace: string;
  readonly observer: string;
}

/** The name of the lease that an observer's owner holds. No part can hold a slash but the last. */
export const leaseName = ({ store, namespace, observer }: ObserverAddress): string =>
  `observer/${store}/${namespace}/${observer}`;

export class ObserverDirectory {
  constructor(
    private readonly client: MongoClient,
    private readonly catalogue: Catalogue,
  ) {}

  /** @throws AnnalsError UNKNOWN_STORE, UNKNOWN_NAMESPACE */
  async store({ store, namespace }: Pick<ObserverAddress, 'store' | 'namespace'>): Promise<ObserverStore> {
    await this.catalogue.require(store, namespace);
    return new ObserverStore(this.client, this.client.db(namespaceDatabase(store, namespace)));
  }

  /** @throws AnnalsError UNKNOWN_OBSERVER */
  async require(address: ObserverAddress): Promise<ObserverRecord> {
    const record = await (await this.store(address)).find(address.observer);
    if (record !== undefined) return record;
    const { store, namespace, observer } = address;
    throw new AnnalsError('UNKNOWN_OBSERVER', `there is no observer ${observer} in ${store}/${namespace}`, {
      field: 'observer',
    });
  }
}
