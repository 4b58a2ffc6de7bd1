/**
 * What the command's exit code tells a script: in one place, and shown by every `--help`.
 */
import { AnnalsError } from '../kernel/annals-error';
import { ERRORS, Status, type ErrorCode } from '../kernel/error-registry';

export const Exit = {
  OK: 0,
  FAILED: 1,
  USAGE: 2,
  REFUSED: 3,
  NOT_FOUND: 4,
  UNREACHABLE: 5,
  /** 128 and the signal's number, as shells have it. */
  INTERRUPTED: 130,
} as const;

export type Exit = (typeof Exit)[keyof typeof Exit];

export const EXIT_CODE_HELP = `
Exit codes:
  0  done
  1  failed
  2  the command line is wrong
  3  a rule refused it (a conflict, an event id used before, a schema, a constraint); nothing of that call was recorded
  4  no such event, store, namespace, type, constraint, observer, link, identity or job
  5  the server or its database cannot be reached, or did not answer in time: send it again
  130  interrupted`;

/** A command line that cannot be carried out. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  constructor(
    message: string,
    readonly remedy = 'See `annals --help`, or `--help` behind the verb.',
  ) {
    super(message);
  }
}

/** Input (a file, stdin) that cannot be appended, with what to do about it. */
export class InputError extends Error {
  override readonly name = 'InputError';
  constructor(
    message: string,
    readonly remedy = 'Correct it and append again; `annals append --help` shows what input may look like.',
  ) {
    super(message);
  }
}

const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'INVALID_NAME',
  'INVALID_CONFIGURATION',
  'INVALID_CONNECTION_STRING',
]);

/** The exit code for whatever a verb threw. */
export function exitCodeOf(error: unknown): Exit {
  if (error instanceof UsageError) return Exit.USAGE;
  if (!(error instanceof AnnalsError)) return Exit.FAILED;
  if (USAGE_CODES.has(error.code)) return Exit.USAGE;
  const { channel, status } = ERRORS[error.code];
  // What is recorded stands against a constraint as it would against an append.
  if (channel === 'violation' || error.code === 'CONSTRAINT_REFUSED') return Exit.REFUSED;
  if (status === Status.NOT_FOUND) return Exit.NOT_FOUND;
  if (status === Status.UNAVAILABLE) return Exit.UNREACHABLE;
  return Exit.FAILED;
}
