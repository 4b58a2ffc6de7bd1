import { AnnalsError, errorFromWire, overLimit } from './annals-error';
import { ERRORS, Status } from './error-registry';

describe('the error at every border', () => {
  it('has the status and the remedy of its code, and its meaning unless it is told better', () => {
    const error = new AnnalsError('UNKNOWN_STORE');
    expect(error).toMatchObject({ name: 'AnnalsError', code: 'UNKNOWN_STORE', status: Status.NOT_FOUND, metadata: {} });
    expect([error.message, error.remedy]).toEqual([ERRORS.UNKNOWN_STORE.meaning, ERRORS.UNKNOWN_STORE.remedy]);
    expect(new AnnalsError('UNKNOWN_STORE', 'there is no shop').message).toBe('there is no shop');
    expect([error.field, error.cause]).toEqual([undefined, undefined]);
  });

  it('keeps what caused it', () => {
    const cause = new Error('below');
    expect(new AnnalsError('INTERNAL', undefined, { cause }).cause).toBe(cause);
  });

  it('is known across copies of the package', () => {
    let copy: { AnnalsError: typeof AnnalsError } | undefined;
    jest.isolateModules(() => {
      copy = jest.requireActual('./annals-error');
    });
    if (copy === undefined) throw new Error('no copy');
    expect(copy.AnnalsError).not.toBe(AnnalsError);
    expect(new copy.AnnalsError('INTERNAL')).toBeInstanceOf(AnnalsError);
    expect(new Error('other') instanceof AnnalsError).toBe(false);
    expect((null as unknown) instanceof AnnalsError).toBe(false);
    expect(({ code: 'INTERNAL' } as unknown) instanceof AnnalsError).toBe(false);
  });
});

it('a code of a newer server is INTERNAL and keeps its name', () => {
  expect(errorFromWire('DISK_FULL', 'm', { field: 'f' })).toMatchObject({
    code: 'DISK_FULL',
    message: 'm',
    field: 'f',
  });
  expect(errorFromWire('TOMORROW', 'm', { metadata: { a: 'b' } })).toMatchObject({
    code: 'INTERNAL',
    message: 'm',
    metadata: { a: 'b', code: 'TOMORROW' },
  });
  expect(errorFromWire('toString', 'm').code).toBe('INTERNAL');
});

it('a field over its limit tells the field, the limit, what it had and in which unit', () => {
  expect(overLimit('events', 10, 11, 'events', 'CALL_TOO_LARGE')).toMatchObject({
    code: 'CALL_TOO_LARGE',
    field: 'events',
    message: 'events has 11 events; the limit is 10',
    metadata: { limit: '10', actual: '11', unit: 'events' },
  });
});
