import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import type { Violation__Output } from '../contract/generated/annals/v1/Violation';
import type { Violation } from '../contract/messages';
import { STATUS_DETAILS_KEY, decodeStatusDetails } from '../contract/status-details';
import { AnnalsError, errorFromWire } from '../kernel/annals-error';
import type { ErrorCode } from '../kernel/error-registry';

/** What a call's failure means to the client: which error it is, and whether trying again can help. */

/** Violations told in the message; all of them are in `violations`. */
const VIOLATIONS_TOLD = 20;

/**
 * Rules stood against an append or a compensation: all of them are in `violations`, and `code` is the
 * first one's. Nothing was recorded.
 */
export class AppendRefusedError extends AnnalsError {
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[]) {
    const first = violations[0];
    // `errorFromWire` knows what to do with a code of a newer server.
    const { code, message, field, metadata } =
      first === undefined
        ? new AnnalsError('INTERNAL', 'The append was refused without a reason')
        : errorFromWire(first.code, allOf(violations), { field: first.field, metadata: first.metadata ?? {} });
    super(code, message, { metadata, ...(field === undefined ? {} : { field }) });
    this.violations = violations;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return AnnalsError[Symbol.hasInstance](value) && 'violations' in (value as object);
  }
}

/** Without what the general deserializer puts beside the fields. */
export const violationOf = ({ code, message, field, sequenceNumber, metadata }: Violation__Output): Violation => ({
  code,
  message,
  field,
  sequenceNumber,
  metadata,
});

/** One says itself; several a line each, under how many they are. */
function allOf(violations: readonly Violation[]): string {
  const messages = violations.slice(0, VIOLATIONS_TOLD).map(({ message }) => message);
  if (violations.length === 1) return messages.join();
  const more = violations.length - messages.length;
  const lines = [...messages, ...(more > 0 ? [`and ${more} more`] : [])];
  return `${violations.length} rules stand against it:\n${lines.map((line) => `  - ${line}`).join('\n')}`;
}

export interface CallFailure {
  readonly error: AnnalsError;
  /** The same call may succeed later, or elsewhere. */
  readonly retryable: boolean;
  /** The connection, or the server behind it, is gone: go to another. */
  readonly connectionLost: boolean;
}

/** What passes by itself. For an append, sending it again is safe since its events carry their ids. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'OUTCOME_UNKNOWN',
  'DATABASE_UNAVAILABLE',
  'SHUTTING_DOWN',
  'OVERLOADED',
]);

export const isPassing = (error: AnnalsError): boolean => PASSING.has(error.code);

/**
 * Statuses without our details that a broken connection ends calls with, by how it broke: a socket
 * that closed, a stream that was reset, one that ended before its status came.
 */
const OF_A_LOST_CONNECTION: ReadonlySet<number> = new Set([
  GrpcStatus.UNAVAILABLE,
  GrpcStatus.CANCELLED,
  GrpcStatus.INTERNAL,
]);

/** What ended a call: a gRPC status, or an error that our own code threw. */
export function callFailure(cause: unknown): CallFailure {
  if (cause instanceof AnnalsError) {
    const connectionLost = cause.code === 'SERVER_UNREACHABLE';
    return { error: cause, retryable: connectionLost || isPassing(cause), connectionLost };
  }
  if (!isServiceError(cause)) {
    return { error: new AnnalsError('INTERNAL', undefined, { cause }), retryable: false, connectionLost: false };
  }
  const details = cause.metadata.get(STATUS_DETAILS_KEY)[0];
  const told = Buffer.isBuffer(details) ? decodeStatusDetails(details) : undefined;
  if (told !== undefined) {
    return { error: told, retryable: isPassing(told), connectionLost: told.code === 'SHUTTING_DOWN' };
  }
  const connectionLost = OF_A_LOST_CONNECTION.has(cause.code);
  return { error: withoutDetails(cause, connectionLost), retryable: connectionLost, connectionLost };
}

function withoutDetails(cause: ServiceError, connectionLost: boolean): AnnalsError {
  if (connectionLost) {
    return new AnnalsError('SERVER_UNREACHABLE', `The connection to the server was lost: ${cause.details}`, { cause });
  }
  const status = GrpcStatus[cause.code] ?? String(cause.code);
  return new AnnalsError('INTERNAL', `The call ended with ${status}: ${cause.details}`, {
    cause,
    metadata: { status },
  });
}

const isServiceError = (value: unknown): value is ServiceError =>
  value instanceof Error && 'code' in value && typeof value.code === 'number' && 'metadata' in value;
