import { Metadata } from '@grpc/grpc-js';
import { STATUS_DETAILS_KEY, encodeStatusDetails } from '../../contract/status-details';
import { AnnalsError } from '../../kernel/annals-error';
import type { ErrorCode } from '../../kernel/error-registry';
import { afterEnd, type Next } from './after-end';

function status(code: ErrorCode): Error {
  const metadata = new Metadata();
  const error = new AnnalsError(code);
  metadata.set(STATUS_DETAILS_KEY, encodeStatusDetails(error));
  return Object.assign(new Error('status'), { code: error.status, details: '', metadata });
}

test.each<[ErrorCode, Next]>([
  ['OWNED_ELSEWHERE', 'elsewhere'],
  ['DEFINITION_IN_USE', 'wait'],
  ['LEASE_LOST', 'again'],
  ['CLIENT_SILENT', 'again'],
  ['SHUTTING_DOWN', 'reconnect'],
  ['DATABASE_UNAVAILABLE', 'again'],
  ['UNKNOWN_STORE', 'end'],
  ['INVALID_FIELD', 'end'],
  ['INTERNAL', 'end'],
])('after %s: %s', (code, next) => {
  expect(afterEnd(status(code))).toMatchObject({ next, error: { code } });
});

test('a connection that broke, and a server that ended in good order, are gone to another', () => {
  const broken = Object.assign(new Error('reset'), { code: 14, details: 'reset', metadata: new Metadata() });
  expect(afterEnd(broken)).toMatchObject({ next: 'reconnect', error: { code: 'SERVER_UNREACHABLE' } });
  expect(afterEnd(undefined).next).toBe('reconnect');
});
