/** Other servers that a lookup is told to ask, by connection string. */
import { parseConnectionString } from '../../src/client/connection-string';
import { AnnalsError } from '../../src/kernel/annals-error';
import { LIMITS } from '../../src/kernel/limits';
import type { AskedServer } from './reach';

/** Hosts alone: nobody said which store. */
const HOSTS_ALONE = /^annals:\/\/[^/?]*\/?$/;

/** @throws AnnalsError INVALID_FIELD */
export function parsedPeers(texts: readonly string[]): AskedServer[] {
  if (texts.length > LIMITS.peersPerTrace) {
    throw new AnnalsError('INVALID_FIELD', `reach.peers has ${texts.length}; the limit is ${LIMITS.peersPerTrace}`, {
      field: 'reach.peers',
      metadata: { limit: String(LIMITS.peersPerTrace), actual: String(texts.length) },
    });
  }
  return texts.map((text, i) => {
    const { hosts, store, namespace } = parsed(text, `reach.peers[${i}]`);
    return { hosts, namespace: HOSTS_ALONE.test(text) ? undefined : { store, namespace } };
  });
}

function parsed(text: string, field: string) {
  try {
    return parseConnectionString(text);
  } catch (error) {
    if (!(error instanceof AnnalsError)) throw error;
    throw new AnnalsError('INVALID_FIELD', error.message, { field, cause: error });
  }
}
