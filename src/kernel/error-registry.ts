/**
 * The registry of errors: every way in which Annals says no, with its gRPC status, what it means
 * and what to do about it. docs/errors.md lists the same, and a test holds the two together.
 */
import type { ErrorEntry } from './errors/entry';
import { LOCAL } from './errors/local';
import { NOT_NOW } from './errors/not-now';
import { REFUSALS } from './errors/refusals';
import { WRONG_CALLS } from './errors/wrong-calls';

export { Status, type Channel, type ErrorEntry, type StatusCode } from './errors/entry';

export const ERRORS = { ...WRONG_CALLS, ...NOT_NOW, ...REFUSALS, ...LOCAL } as const satisfies Record<
  string,
  ErrorEntry
>;

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
