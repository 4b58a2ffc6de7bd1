/** What describing and erasing make of an identity: pure. */
import { isDeepStrictEqual } from 'node:util';
import { AnnalsError } from '../../src/kernel/annals-error';
import { LIMITS } from '../../src/kernel/limits';
import type { ErasedIdentity, IdentityDescription, IdentityRecord } from '../../src/storage/identities';

/**
 * The identity with another description, and what it was before in its history. Undefined: it is so already.
 * @throws AnnalsError IDENTITY_ERASED: what was taken away for good does not come back under the same id
 */
export function described(
  known: IdentityRecord | undefined,
  id: string,
  description: IdentityDescription,
  now: Date,
): IdentityRecord | undefined {
  if (known === undefined) return { id, revision: 1, state: 'described', description, described: now, former: [] };
  if (known.state === 'erased') {
    throw new AnnalsError('IDENTITY_ERASED', `${id} was erased on ${known.at.toISOString()}`, { field: 'id' });
  }
  if (isDeepStrictEqual(known.description, description)) return undefined;
  const former = [...known.former, { ...known.description, until: now }].slice(-LIMITS.formerIdentities);
  return { ...known, revision: known.revision + 1, description, described: now, former };
}

/** What is left of it. Undefined: it is erased already, and the first time and reason stand. */
export function erased(known: IdentityRecord, reason: string, now: Date): ErasedIdentity | undefined {
  if (known.state === 'erased') return undefined;
  return { id: known.id, revision: known.revision + 1, state: 'erased', at: now, reason };
}
