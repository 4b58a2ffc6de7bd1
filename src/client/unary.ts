import { AnnalsError } from '../kernel/annals-error';
import type { Call } from './calls';
import { Cancellation, reasonOf } from './cancellation';
import type { Connection } from './connection';
import { callFailure } from './errors';
import { Backoff, pause } from './retry';

/** Calls of one request and one response, all of which may be made again when the first try failed. */

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call gives up, attempts and pauses together. 30,000 unless said otherwise. */
  readonly timeoutMs?: number | undefined;
}

/** Milliseconds that a call may take unless it says otherwise: longer than a replica set takes to elect a primary (10 s). */
export const DEFAULT_TIMEOUT_MS = 30_000;

/** Throws the server's error; SERVER_UNREACHABLE, or the last passing failure, when time is up; CANCELLED. */
export async function unary<Request, Response>(
  connection: Connection,
  call: Call<Request, Response>,
  request: Request,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions,
): Promise<Response> {
  const bytes = call.encode(request);
  const cancellation = new Cancellation(connection.closed, signal);
  let lastFailure: AnnalsError | undefined;
  cancellation.cancelAfter(timeoutMs, () => lastFailure ?? unreachable(connection, timeoutMs));
  const backoff = new Backoff();
  try {
    for (;;) {
      const link = await connection.ready(cancellation.signal);
      try {
        return call.decode(await link.unary(call.path, bytes, cancellation.signal));
      } catch (cause) {
        if (cancellation.signal.aborted) throw reasonOf(cancellation.signal);
        const failure = callFailure(cause);
        if (!failure.retryable) throw failure.error;
        if (failure.connectionLost) connection.lost(link);
        lastFailure = failure.error;
      }
      await pause(backoff.next(), cancellation.signal);
    }
  } finally {
    cancellation.release();
  }
}

export const unreachable = (connection: Connection, ms: number): AnnalsError =>
  new AnnalsError('SERVER_UNREACHABLE', `No server answered at ${connection.addresses} within ${ms} ms`);
