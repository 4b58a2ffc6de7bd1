/**
 * Who is who, in each store: what people ask of it. Every change is an act on the store's `system` sequence, told by
 * id and revision alone: an event is there for ever, and a name in it would outlive its erasure.
 */
import { AnnalsError } from '../../src/kernel/annals-error';
import { checkName, DEFAULT_NAMESPACE } from '../../src/kernel/names';
import type { Sequences } from '../../src/sequences/sequences';
import type { Catalogue } from '../../src/storage/catalogue';
import type { Identities, IdentityDescription, IdentityRecord } from '../../src/storage/identities';
import { described, erased } from './identity-history';
import type { IdentityLookup } from './identity-lookup';

export interface IdentityRegistryOptions {
  readonly identities: Identities;
  readonly lookup: IdentityLookup;
  readonly catalogue: Catalogue;
  readonly sequences: Sequences;
}

export interface IdentityPage {
  readonly identities: readonly IdentityRecord[];
  /** The id that the next page comes after; undefined: that was all. */
  readonly last: string | undefined;
}

/** How often a change looks again when others change the same identity; each time one of them has come through. */
const ATTEMPTS = 10;

export class IdentityRegistry {
  constructor(private readonly options: IdentityRegistryOptions) {}

  /** @throws AnnalsError IDENTITY_ERASED, UNKNOWN_STORE */
  async describe(
    store: string,
    id: string,
    description: IdentityDescription,
  ): Promise<{ readonly identity: IdentityRecord; readonly changed: boolean }> {
    return this.#change(store, id, 'IdentityDescribed', (known) => described(known, id, description, new Date()));
  }

  /** Once more changes nothing. @throws AnnalsError UNKNOWN_IDENTITY, UNKNOWN_STORE */
  async erase(store: string, id: string, reason: string): Promise<IdentityRecord> {
    const { identity } = await this.#change(store, id, 'IdentityErased', (known) => {
      if (known === undefined) throw unknown(store, id);
      return erased(known, reason, new Date());
    });
    return identity;
  }

  /** @throws AnnalsError UNKNOWN_IDENTITY, UNKNOWN_STORE */
  async get(store: string, id: string): Promise<IdentityRecord> {
    await this.#require(store);
    const found = await this.options.identities.findOne(store, id);
    if (found === undefined) throw unknown(store, id);
    return found;
  }

  /** By their ids, a page at a time. @throws AnnalsError UNKNOWN_STORE */
  async list(
    store: string,
    { subject, after, limit }: { subject: string | undefined; after: string | undefined; limit: number },
  ): Promise<IdentityPage> {
    await this.#require(store);
    // One more than asked for says whether there is another page.
    const found = await this.options.identities.list(store, { subject, after, limit: limit + 1 });
    const identities = found.slice(0, limit);
    return { identities, last: found.length > limit ? identities.at(-1)?.id : undefined };
  }

  async #change(
    store: string,
    id: string,
    act: string,
    change: (known: IdentityRecord | undefined) => IdentityRecord | undefined,
  ): Promise<{ identity: IdentityRecord; changed: boolean }> {
    await this.#require(store);
    const { identities, lookup } = this.options;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const known = await identities.findOne(store, id);
      const next = change(known);
      if (next !== undefined && !(await identities.write(store, next))) continue;
      lookup.forget(store, id);
      const identity = next ?? known;
      if (identity === undefined) break;
      // Also when nothing changed: after a crash between the two steps the next call makes up for it, and the event
      // id makes the rest duplicates.
      await this.options.sequences.recordAct(store, DEFAULT_NAMESPACE, act, {
        identity: id,
        revision: String(identity.revision),
      });
      return { identity, changed: next !== undefined };
    }
    throw new AnnalsError('OVERLOADED', `${id} is changed by too many at once`);
  }

  async #require(store: string): Promise<void> {
    await this.options.catalogue.require(checkName(store, 'store'), DEFAULT_NAMESPACE);
  }
}

const unknown = (store: string, id: string): AnnalsError =>
  new AnnalsError('UNKNOWN_IDENTITY', `nobody described the identity ${id} in ${store}`, { field: 'id' });
