import { AnnalsError } from '../kernel/annals-error';
import { ERRORS, type ErrorCode } from '../kernel/error-registry';
import { Exit, EXIT_CODE_HELP, exitCodeOf, UsageError } from './exit-codes';

describe('exit codes', () => {
  it('are the same for the same code of the registry, whatever it says', () => {
    const codes = (exit: Exit) =>
      // The registry's keys are its codes.
      (Object.keys(ERRORS) as ErrorCode[]).filter((code) => exitCodeOf(new AnnalsError(code)) === exit).sort();
    expect(codes(Exit.USAGE)).toEqual(['INVALID_CONFIGURATION', 'INVALID_CONNECTION_STRING', 'INVALID_NAME']);
    const rules = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => ERRORS[code].channel === 'violation');
    expect(rules).toContain('CONCURRENCY_CONFLICT');
    expect(codes(Exit.REFUSED)).toEqual([...rules, 'CONSTRAINT_REFUSED'].sort());
    expect(codes(Exit.NOT_FOUND)).toEqual(
      expect.arrayContaining([
        'EVENT_NOT_FOUND',
        'UNKNOWN_EVENT_TYPE',
        'UNKNOWN_JOB',
        'UNKNOWN_NAMESPACE',
        'UNKNOWN_OBSERVER',
        'UNKNOWN_STORE',
      ]),
    );
    expect(codes(Exit.UNREACHABLE)).toEqual([
      'DATABASE_UNAVAILABLE',
      'MONGODB_UNREACHABLE',
      'OUTCOME_UNKNOWN',
      'SERVER_UNREACHABLE',
      'SHUTTING_DOWN',
      'SOURCE_UNREACHABLE',
    ]);
    expect(codes(Exit.OK)).toEqual([]);
  });

  it('tell a wrong command line from a failure', () => {
    expect(exitCodeOf(new UsageError('x'))).toBe(Exit.USAGE);
    expect(exitCodeOf(new Error('x'))).toBe(Exit.FAILED);
  });

  it('are all in the help', () => {
    for (const code of Object.values(Exit)) expect(EXIT_CODE_HELP).toMatch(new RegExp(`^ {2}${code} `, 'm'));
  });
});
