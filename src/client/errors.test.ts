import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { STATUS_DETAILS_KEY, encodeStatusDetails } from '../contract/status-details';
import { AnnalsError } from '../kernel/annals-error';
import { AppendRefusedError, callFailure } from './errors';

function serviceError(code: status, details?: AnnalsError): ServiceError {
  const metadata = new Metadata();
  if (details !== undefined) metadata.set(STATUS_DETAILS_KEY, encodeStatusDetails(details));
  return Object.assign(new Error('message'), { code, details: 'what grpc says', metadata });
}

test("a status with our details is the server's error, with its field and facts", () => {
  const told = new AnnalsError('UNKNOWN_STORE', 'there is no shop', {
    field: 'sequence.store',
    metadata: { store: 'shop' },
  });
  const { error, retryable } = callFailure(serviceError(status.NOT_FOUND, told));
  expect(error).toMatchObject({
    code: 'UNKNOWN_STORE',
    message: 'there is no shop',
    field: 'sequence.store',
    metadata: { store: 'shop' },
  });
  expect(retryable).toBe(false);
});

test.each([
  ['DATABASE_UNAVAILABLE', false],
  ['OUTCOME_UNKNOWN', false],
  ['OVERLOADED', false],
  ['SHUTTING_DOWN', true],
] as const)('%s passes; the connection is to be left: %s', (code, connectionLost) => {
  expect(callFailure(serviceError(status.UNAVAILABLE, new AnnalsError(code)))).toMatchObject({
    retryable: true,
    connectionLost,
  });
});

test.each([status.UNAVAILABLE, status.CANCELLED, status.INTERNAL])(
  'status %i without details is a lost connection',
  (code) => {
    expect(callFailure(serviceError(code))).toMatchObject({
      error: { code: 'SERVER_UNREACHABLE' },
      retryable: true,
      connectionLost: true,
    });
  },
);

test('any other status without details is final', () => {
  expect(callFailure(serviceError(status.UNIMPLEMENTED))).toMatchObject({
    error: { code: 'INTERNAL', metadata: { status: 'UNIMPLEMENTED' } },
    retryable: false,
  });
});

describe('a refused append', () => {
  const violations = [
    { code: 'CONCURRENCY_CONFLICT', message: 'order-1 has moved on', field: 'expectations[0]', sequenceNumber: 9 },
    { code: 'EVENT_ID_REUSED', message: 'e-1 is another event', field: 'events[0].event_id', sequenceNumber: 3 },
  ];
  const error = new AppendRefusedError(violations);

  test("is an AnnalsError with the first violation's code and all violations", () => {
    expect(error).toBeInstanceOf(AnnalsError);
    expect(error).toBeInstanceOf(AppendRefusedError);
    expect(error).toMatchObject({ code: 'CONCURRENCY_CONFLICT', field: 'expectations[0]', violations });
  });

  test('lists them all in its message; one alone is its message', () => {
    expect(error.message).toBe('2 rules stand against it:\n  - order-1 has moved on\n  - e-1 is another event');
    expect(new AppendRefusedError(violations.slice(0, 1)).message).toBe('order-1 has moved on');
    const many = Array.from({ length: 50 }, () => violations[0]!);
    expect(new AppendRefusedError(many).message.split('\n')).toHaveLength(1 + 20 + 1);
    expect(new AppendRefusedError(many).message).toMatch(/and 30 more$/);
  });

  test("has the first violation's facts", () => {
    const told = new AppendRefusedError([{ ...violations[0]!, metadata: { constraint: 'numbers', value: '17' } }]);
    expect(told.metadata).toEqual({ constraint: 'numbers', value: '17' });
  });

  test('is told apart from other errors', () => {
    expect(new AnnalsError('INTERNAL')).not.toBeInstanceOf(AppendRefusedError);
    expect(undefined).not.toBeInstanceOf(AppendRefusedError);
  });

  test('keeps the name of a rule that this client does not know', () => {
    const unknown = new AppendRefusedError([{ code: 'NEW_RULE', message: 'no', field: '', sequenceNumber: undefined }]);
    expect(unknown).toMatchObject({ code: 'INTERNAL', metadata: { code: 'NEW_RULE' } });
  });
});
