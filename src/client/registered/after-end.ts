import { AnnalsError } from '../../kernel/annals-error';
import type { ErrorCode } from '../../kernel/error-registry';
import { callFailure } from '../errors';

/** What follows the end of a stream: pure. */

/**
 * `again`: register again, on the same connection. `reconnect`: the connection, or the server behind
 * it, is gone. `elsewhere`: the error names the owner. `wait`: others must leave first. `end`: another
 * try would end the same way.
 */
export type Next = 'again' | 'reconnect' | 'elsewhere' | 'wait' | 'end';

const KNOWN: ReadonlyMap<ErrorCode, Next> = new Map<ErrorCode, Next>([
  ['OWNED_ELSEWHERE', 'elsewhere'],
  ['DEFINITION_IN_USE', 'wait'],
  ['LEASE_LOST', 'again'],
  ['CLIENT_SILENT', 'again'],
]);

/** @param cause undefined: the server ended the stream in good order. */
export function afterEnd(cause: unknown): { readonly error: AnnalsError; readonly next: Next } {
  if (cause === undefined) return { error: new AnnalsError('SHUTTING_DOWN'), next: 'reconnect' };
  const { error, retryable, connectionLost } = callFailure(cause);
  const known = KNOWN.get(error.code);
  if (known !== undefined) return { error, next: known };
  if (connectionLost) return { error, next: 'reconnect' };
  return { error, next: retryable ? 'again' : 'end' };
}
