/** The links of the deployment, remembered for a moment: a lookup goes along them, and most ask within seconds of each other. */
import type { MongoClient } from 'mongodb';
import type { Catalogue } from '../../src/storage/catalogue';
import { LinkStore } from '../../src/storage/links';
import { namespaceDatabase } from '../../src/storage/names';
import { namespaces, type NamespaceAddress } from './ownership';
import type { KnownLink } from './reach';
import { CORRELATION } from './tuning';

/** Namespaces that are asked at the same time. */
const AT_ONCE = 16;

export class LinksKnown {
  #links: Promise<readonly KnownLink[]> | undefined;
  #asked = -Infinity;

  constructor(
    private readonly client: MongoClient,
    private readonly catalogue: Catalogue,
  ) {}

  async all(): Promise<readonly KnownLink[]> {
    if (this.#links !== undefined && performance.now() - this.#asked < CORRELATION.linksMs) return this.#links;
    this.#asked = performance.now();
    const asked = this.#ask();
    this.#links = asked;
    asked.catch(() => {
      if (this.#links === asked) this.#links = undefined;
    });
    return asked;
  }

  async #ask(): Promise<readonly KnownLink[]> {
    const all: NamespaceAddress[] = [];
    for await (const address of namespaces(this.catalogue)) all.push(address);
    const links: KnownLink[] = [];
    for (let i = 0; i < all.length; i += AT_ONCE) {
      const some = await Promise.all(
        all.slice(i, i + AT_ONCE).map(async (target) => {
          const { store, namespace } = target;
          const records = await new LinkStore(this.client, this.client.db(namespaceDatabase(store, namespace))).list();
          return records.map(({ id, definition: { source }, sourceDeployment }) => ({
            target,
            link: id,
            source,
            sourceDeployment,
          }));
        }),
      );
      links.push(...some.flat());
    }
    return links;
  }
}
