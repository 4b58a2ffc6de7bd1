/** What it takes to own a link: its lease, its record, and the engine that runs it. */
import type { Logger } from 'pino';
import type { Sequences } from '../../src/sequences/sequences';
import type { LinkRecord } from '../../src/storage/link-records';
import type { Ownable } from '../../src/storage/ownership';
import { addressOfLease, LEASE_PREFIX, leaseName, type LinkDirectory } from './directory';
import { LinkEngine } from './engine';
import type { LinkAddress } from './relay-steps';
import type { Source } from './source';

export interface LinkEngineParts {
  readonly directory: LinkDirectory;
  readonly sequences: Pick<Sequences, 'relay'>;
  readonly connect: (record: LinkRecord) => Source;
  readonly logger: Logger;
}

export const ownableLinks = (parts: LinkEngineParts): Ownable<LinkAddress, LinkEngine> => ({
  kind: 'link',
  prefix: LEASE_PREFIX,
  leaseName,
  addressOf: addressOfLease,
  all: () => parts.directory.all(),
  require: async (address) => parts.directory.require(address),
  start: async (address, epoch, lost) => {
    const { directory, sequences, connect, logger } = parts;
    const store = await directory.store(address);
    // Nobody with an earlier epoch writes from here on, so what is read now stays true.
    await store.fence(address.link, epoch);
    const origins = directory.origins(address);
    const engine = new LinkEngine({ address, epoch, store, origins, sequences, connect, logger, lost });
    await engine.start();
    return engine;
  },
  expected: ['UNKNOWN_LINK'],
});
