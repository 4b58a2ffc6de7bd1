/** A link's source as it is asked for: here, or at another deployment by connection string. */
import { AnnalsError } from '../../src/kernel/annals-error';
import { checkName, DEFAULT_NAMESPACE, DEFAULT_STORE, SYSTEM_SEQUENCE } from '../../src/kernel/names';
import { parseConnectionString } from '../../src/client/connection-string';
import type { LinkSourceAddress } from '../../src/storage/link-records';

const DEFAULT_SOURCE_SEQUENCE = 'outbox';

/** @throws AnnalsError INVALID_FIELD, INVALID_NAME, RESERVED_SEQUENCE */
export function sourceAddress(wanted: {
  readonly connection: string;
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
}): LinkSourceAddress {
  const sequence = checkName(wanted.sequence || DEFAULT_SOURCE_SEQUENCE, 'definition.source.sequence');
  if (sequence === SYSTEM_SEQUENCE) {
    throw new AnnalsError('RESERVED_SEQUENCE', 'the audit of a namespace is not relayed', {
      field: 'definition.source.sequence',
    });
  }
  if (wanted.connection === '') {
    return {
      hosts: [],
      store: checkName(wanted.store || DEFAULT_STORE, 'definition.source.store'),
      namespace: checkName(wanted.namespace || DEFAULT_NAMESPACE, 'definition.source.namespace'),
      sequence,
    };
  }
  if (wanted.store !== '' || wanted.namespace !== '') {
    throw new AnnalsError(
      'INVALID_FIELD',
      'the connection string names the store and namespace; they do not stand beside it',
      {
        field: 'definition.source.store',
      },
    );
  }
  const { hosts, store, namespace } = parsed(wanted.connection);
  return { hosts, store, namespace, sequence };
}

/** What the client says of a connection string that it was given is here about a field of a call. */
function parsed(connection: string) {
  try {
    return parseConnectionString(connection);
  } catch (error) {
    if (!(error instanceof AnnalsError)) throw error;
    throw new AnnalsError('INVALID_FIELD', error.message, { field: 'definition.source.connection', cause: error });
  }
}
