import type { AcknowledgementMessage } from '../../contract/observe-codec';

/** What a handler's throw means: whether the event may succeed later. */

/** Marks the class across copies of the package, where `instanceof` by prototype would fail. */
const MARK = Symbol.for('annals.permanent-failure');

/**
 * Thrown by a handler for an event that it can never handle: its partition is quarantined at once,
 * for a person, instead of being tried again and again. Anything else that is thrown may pass.
 */
export class PermanentFailure extends Error {
  override readonly name: string = 'PermanentFailure';
  readonly [MARK] = true;

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && MARK in value;
  }
}

/** Characters of a message and of a stack that are sent: the server keeps no more. */
const TEXT_LENGTH = 8_000;

type Failure = NonNullable<AcknowledgementMessage['failure']>;

/** What the server is told of a throw. Anything can be thrown. */
export function failureOf(error: unknown, isPermanent: (error: unknown) => boolean): Failure {
  const permanent = error instanceof PermanentFailure || isPermanent(error);
  if (!(error instanceof Error)) return { message: text(String(error)), stack: '', permanent };
  // That it is permanent is told beside it; any other name says more than the message alone.
  const named = error.name !== 'Error' && !(error instanceof PermanentFailure);
  const message = named ? `${error.name}: ${error.message}` : error.message;
  return { message: text(message), stack: text(error.stack ?? ''), permanent };
}

/** Cut, and without halves of surrogate pairs, which the wire could not hold. */
const text = (value: string): string => Buffer.from(value.slice(0, TEXT_LENGTH)).toString();
