import { ERRORS, isErrorCode, type ErrorCode, type StatusCode } from './error-registry';

/** Marks the class across copies of the package, where `instanceof` by prototype would fail. */
const MARK = Symbol.for('annals.error');

export interface ErrorFacts {
  /** The request's field at fault, such as `events[3].content`. */
  readonly field?: string;
  /** Facts that a program can use, such as `limit` and `actual`. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/**
 * The one error class at every border of Annals. `code` is from the registry; the message is a
 * sentence for a person, with what to do next after it.
 */
export class AnnalsError extends Error {
  override readonly name = 'AnnalsError';
  readonly [MARK] = true;
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, message?: string, facts: ErrorFacts = {}) {
    super(message ?? ERRORS[code].meaning, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.field = facts.field;
    this.metadata = facts.metadata ?? {};
  }

  /** The gRPC status that this error has on the wire. */
  get status(): StatusCode {
    return ERRORS[this.code].status;
  }

  /** What to do next. */
  get remedy(): string {
    return ERRORS[this.code].remedy;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value;
  }
}

/** An `AnnalsError` from what came over the wire; a code of a newer server becomes INTERNAL and keeps its name. */
export function errorFromWire(code: string, message: string, facts: ErrorFacts = {}): AnnalsError {
  return isErrorCode(code)
    ? new AnnalsError(code, message, facts)
    : new AnnalsError('INTERNAL', message, { ...facts, metadata: { ...facts.metadata, code } });
}

/** The error for a field over its limit. `unit` is what `limit` and `actual` count. */
export function overLimit(
  field: string,
  limit: number,
  actual: number,
  unit: string,
  code: ErrorCode = 'INVALID_FIELD',
) {
  return new AnnalsError(code, `${field} has ${actual} ${unit}; the limit is ${limit}`, {
    field,
    metadata: { limit: String(limit), actual: String(actual), unit },
  });
}
