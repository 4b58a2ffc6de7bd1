/** What is looked at before a link is made: names, both ends' types, and where it begins. */
import { AnnalsError } from '../../src/kernel/annals-error';
import type { TypesOfStore } from '../../src/event-types/types-of-store';
import type { LinkDefinition, LinkRecord } from '../../src/storage/link-records';
import type { LinkStore } from '../../src/storage/links';
import { compare } from './compare';
import type { LinkAddress } from './relay-steps';
import type { Source } from './source';

export type LinkStart =
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'time'; readonly time: number }
  | { readonly kind: 'now' };

interface Examined {
  readonly address: LinkAddress;
  readonly wanted: Omit<LinkDefinition, 'start'>;
  readonly source: Source;
  readonly store: LinkStore;
  /** The links into the namespace that are there. */
  readonly others: readonly LinkRecord[];
  readonly types: TypesOfStore;
  /** The target's deployment. */
  readonly ours: string;
  readonly dryRun: boolean;
}

/** @throws AnnalsError LINK_CANNOT_WORK, INVALID_FIELD; SourceAway */
export async function examine({
  address,
  wanted,
  source,
  store,
  others,
  types,
  ours,
  dryRun,
}: Examined): Promise<{ readonly deployment: string; readonly warnings: readonly string[] }> {
  const from = wanted.source;
  const name = `${from.store}/${from.namespace}/${from.sequence}`;
  const deployment = await source.deployment();
  refuseOntoItself(address, wanted, deployment === ours);
  refuseToldPartition(wanted);
  // Also whether the store and namespace are there.
  const next = await source.next();
  const compared = compare({
    definition: wanted,
    source: await source.types(),
    target: { strict: types.strict, latest: (type) => types.type(type)?.latest },
  });
  if (compared.impossible !== undefined) throw new AnnalsError('LINK_CANNOT_WORK', compared.impossible);
  const known = dryRun ? await store.knownDeployment(name) : await store.sourceDeployment(name, deployment);
  if (known !== undefined && known !== deployment) {
    throw new AnnalsError(
      'LINK_CANNOT_WORK',
      `${name} of another deployment was relayed into ${address.store}/${address.namespace} before, and an origin tells a source by its name alone: give the source's store a name of its own`,
      { field: 'definition.source' },
    );
  }
  const beside = others.filter((link) => nameOf(link.definition) === name).map(({ id }) => id);
  return {
    deployment,
    warnings: [
      ...compared.warnings,
      ...(next === 0 ? [`${name} has no event yet`] : []),
      ...beside.map((id) => `${id} reads ${name} too: what both select is relayed once, by whichever comes first`),
    ],
  };
}

const nameOf = ({ source: { store, namespace, sequence } }: Pick<LinkDefinition, 'source'>): string =>
  `${store}/${namespace}/${sequence}`;

function refuseOntoItself(address: LinkAddress, { source }: Pick<LinkDefinition, 'source'>, same: boolean): void {
  if (source.store !== address.store || source.namespace !== address.namespace) return;
  const name = `${source.store}/${source.namespace}`;
  throw new AnnalsError(
    'LINK_CANNOT_WORK',
    same
      ? `${name} is the source and the target: a link onto itself`
      : `source and target are both called ${name}, and an origin tells a source by its name alone: give each service's store a name of its own`,
    { field: 'definition.source' },
  );
}

/** A partition's name is shown and kept: what is masked must not be one. */
function refuseToldPartition({ partitionBy, mask }: Pick<LinkDefinition, 'partitionBy' | 'mask'>): void {
  if (partitionBy.kind !== 'property') return;
  const { path } = partitionBy;
  const rule = mask.find(({ property }) => path === property || path.startsWith(`${property}.`));
  if (rule === undefined) return;
  throw new AnnalsError(
    'INVALID_FIELD',
    `definition.partition_key.property is ${path}, which the mask on ${rule.property} takes out: a partition's name is shown`,
    { field: 'definition.partition_key.property' },
  );
}

/** The first source number of the link. */
export async function startAt(source: Source, start: LinkStart): Promise<number> {
  if (start.kind === 'number') return start.number;
  const next = await source.next();
  if (start.kind === 'now') return next;
  return firstAt(source, start.time, next);
}

/** The first number recorded at or after a time, by halves: times of recording ascend as numbers do, but for a server's clock that is set back. */
async function firstAt(source: Source, time: number, next: number): Promise<number> {
  let low = 0;
  let high = next;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const event = await source.firstFrom(middle, high - 1);
    // Nothing for readers between the two.
    if (event === undefined || event.recorded >= time) high = middle;
    else low = event.sequenceNumber + 1;
  }
  return low;
}
