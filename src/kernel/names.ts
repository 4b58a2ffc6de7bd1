import { AnnalsError } from './annals-error';
import { LIMITS } from './limits';

/** The rule for the names of stores, namespaces and sequences: safe in database, collection and file names everywhere. */
const NAME = new RegExp(`^[a-z0-9][a-z0-9-]{0,${LIMITS.nameLength - 1}}$`);

export const DEFAULT_STORE = 'default';
export const DEFAULT_NAMESPACE = 'default';

/** The event sequences that every namespace has. */
export const WELL_KNOWN_SEQUENCES = ['event-log', 'outbox', 'inbox', 'system'] as const;
export const DEFAULT_SEQUENCE = 'event-log';
/** The audit: the server's own events about what was administered. */
export const SYSTEM_SEQUENCE = 'system';
/** The log of ordered sequences. */
export const ORDERED_SEQUENCES_LOG = 'ordered-sequences';
/** Event sequences that only the server writes to. */
export const RESERVED_SEQUENCES: readonly string[] = [SYSTEM_SEQUENCE, ORDERED_SEQUENCES_LOG];

/** An event sequence's full address. */
export interface SequenceAddress {
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
}

/** Refuses a name outside the rule with INVALID_NAME, naming the field. Returns the name. */
export function checkName(name: string, field: string): string {
  if (NAME.test(name)) return name;
  const shown = name.length > 60 ? `${name.slice(0, 60)}…` : name;
  throw new AnnalsError(
    'INVALID_NAME',
    `${field} is ${JSON.stringify(shown)}; a name is 1 to ${LIMITS.nameLength} of a-z, 0-9 and hyphen, not starting with a hyphen`,
    { field, metadata: { limit: String(LIMITS.nameLength), actual: String(name.length) } },
  );
}

/** One line for logs and keys: `store/namespace/sequence`. No name can hold a slash. */
export const addressKey = (a: SequenceAddress): string => `${a.store}/${a.namespace}/${a.sequence}`;
