import { AnnalsError } from '../kernel/annals-error';
import type { Call } from './calls';
import { Cancellation, reasonOf } from './cancellation';
import { callFailure } from './errors';
import type { Link } from './link';
import { Backoff, pause } from './retry';

/** Calls of one request and one response, all of which may be made again when the first try failed. */

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call gives up, attempts and pauses together. 30,000 unless said otherwise. */
  readonly timeoutMs?: number | undefined;
}

/** Milliseconds that a call may take unless it says otherwise: longer than a replica set takes to elect a primary (10 s). */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** How a call gets to a server that answers it. */
export interface Way {
  /** Throws the signal's reason. */
  ready(signal: AbortSignal): Promise<Link>;
  lost(link: Link): void;
  /** Whether what the server said leads to another one. */
  follow?(error: AnnalsError): boolean;
  /** The servers, for a message. */
  readonly addresses: string;
}

interface UnaryOptions extends CallOptions {
  /** Thrown when time is up while a server has the call: for one whose answer is awaited on purpose. */
  readonly timeUp?: AnnalsError | undefined;
}

/** Throws the server's error; SERVER_UNREACHABLE, or the last passing failure, when time is up; CANCELLED. */
export async function unary<Request, Response>(
  way: Way,
  closed: AbortSignal,
  call: Call<Request, Response>,
  request: Request,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS, timeUp }: UnaryOptions,
): Promise<Response> {
  const bytes = call.encode(request);
  const cancellation = new Cancellation(closed, signal);
  let lastFailure: AnnalsError | undefined;
  let asked = false;
  cancellation.cancelAfter(timeoutMs, () => (asked ? timeUp : undefined) ?? lastFailure ?? unreachable(way, timeoutMs));
  const backoff = new Backoff();
  try {
    for (;;) {
      const link = await way.ready(cancellation.signal);
      try {
        asked = true;
        return call.decode(await link.unary(call.path, bytes, cancellation.signal));
      } catch (cause) {
        if (cancellation.signal.aborted) throw reasonOf(cancellation.signal);
        const failure = callFailure(cause);
        asked = false;
        const follows = way.follow?.(failure.error) ?? false;
        if (!follows && !failure.retryable) throw failure.error;
        if (failure.connectionLost) way.lost(link);
        lastFailure = failure.error;
      }
      await pause(backoff.next(), cancellation.signal);
    }
  } finally {
    cancellation.release();
  }
}

export const unreachable = (way: Pick<Way, 'addresses'>, ms: number): AnnalsError =>
  new AnnalsError('SERVER_UNREACHABLE', `No server answered at ${way.addresses} within ${ms} ms`);
