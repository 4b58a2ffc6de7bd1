/** What the registry says of an error. */

/** gRPC status codes, by their numbers in the gRPC specification, so that the kernel needs no gRPC library. */
export const Status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusCode = (typeof Status)[keyof typeof Status];

/** How an error reaches the caller: by a gRPC status, as data in a response, or before any call (at start, in the client). */
export type Channel = 'status' | 'violation' | 'local';

export interface ErrorEntry {
  readonly status: StatusCode;
  readonly channel: Channel;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence: what to do next. */
  readonly remedy: string;
}

export const entry = (channel: Channel, status: StatusCode, meaning: string, remedy: string): ErrorEntry => ({
  channel,
  status,
  meaning,
  remedy,
});
