/** Where a link is kept: its address, and its record in the database of the namespace whose inbox it fills. */
import type { MongoClient } from 'mongodb';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { Catalogue } from '../../src/storage/catalogue';
import type { LinkRecord } from '../../src/storage/link-records';
import { LinkStore } from '../../src/storage/links';
import { namespaceDatabase } from '../../src/storage/names';
import { Origins } from '../../src/storage/origins';
import type { LinkAddress } from './relay-steps';

export type LinkNamespace = Pick<LinkAddress, 'store' | 'namespace'>;

export const LEASE_PREFIX = 'link/';

/** The name of the lease that a link's owner holds. No part can hold a slash but the last. */
export const leaseName = ({ store, namespace, link }: LinkAddress): string =>
  `${LEASE_PREFIX}${store}/${namespace}/${link}`;

/** The address that a lease's name stands for. */
export function addressOfLease(name: string): LinkAddress {
  const [store = '', namespace = '', ...link] = name.slice(LEASE_PREFIX.length).split('/');
  return { store, namespace, link: link.join('/') };
}

export class LinkDirectory {
  constructor(
    private readonly client: MongoClient,
    private readonly catalogue: Catalogue,
  ) {}

  /** @throws AnnalsError UNKNOWN_STORE, UNKNOWN_NAMESPACE */
  async store({ store, namespace }: LinkNamespace): Promise<LinkStore> {
    await this.catalogue.require(store, namespace);
    return new LinkStore(this.client, this.client.db(namespaceDatabase(store, namespace)));
  }

  origins({ store, namespace }: LinkNamespace): Origins {
    return new Origins(this.client.db(namespaceDatabase(store, namespace)));
  }

  /** @throws AnnalsError UNKNOWN_LINK */
  async require(address: LinkAddress): Promise<LinkRecord> {
    const record = await (await this.store(address)).find(address.link);
    if (record !== undefined) return record;
    const { store, namespace, link } = address;
    throw new AnnalsError('UNKNOWN_LINK', `there is no link ${link} into ${store}/${namespace}`, { field: 'link' });
  }

  /** All links of the deployment, by going through every namespace. */
  async *all(): AsyncGenerator<LinkAddress> {
    for (const { name: store, namespaces } of await this.catalogue.list()) {
      for (const namespace of namespaces) {
        const links = await (await this.store({ store, namespace })).list();
        for (const { id } of links) yield { store, namespace, link: id };
      }
    }
  }
}
