import type { ObserversWatchResponse__Output } from '../../contract/generated/annals/v1/ObserversWatchResponse';
import { WATCH_OBSERVERS } from '../calls';
import type { Connection } from '../connection';
import { callFailure } from '../errors';
import { Iteration } from '../iteration';
import type { Link } from '../link';
import { ResponseStream } from '../response-stream';
import { Backoff, pause } from '../retry';
import { observerInfo, type ObserverInfo } from './observer-info';

/** The state of observers as it changes. What a lost connection kept from us, the first message of the next call says. */
export const watchObservers = (
  connection: Connection,
  request: { readonly store: string; readonly namespace: string },
  signal: AbortSignal | undefined,
): AsyncIterableIterator<readonly ObserverInfo[], undefined> =>
  new Iteration((over) => states(connection, WATCH_OBSERVERS.encode(request), over), [connection.closed, signal]);

async function* states(
  connection: Connection,
  request: Buffer,
  signal: AbortSignal,
): AsyncGenerator<readonly ObserverInfo[], void, undefined> {
  const backoff = new Backoff();
  for (;;) {
    let link: Link | undefined;
    let stream: ResponseStream | undefined;
    try {
      link = await connection.ready(signal);
      stream = new ResponseStream(link.responses(WATCH_OBSERVERS.path, request), signal);
      for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
        backoff.reset();
        yield infos(WATCH_OBSERVERS.decode(message));
      }
    } catch (cause) {
      if (signal.aborted) throw cause;
      const failure = callFailure(cause);
      if (!failure.retryable) throw failure.error;
      if (failure.connectionLost && link !== undefined) connection.lost(link);
    } finally {
      stream?.close();
    }
    await pause(backoff.next(), signal);
  }
}

const infos = ({ observers }: ObserversWatchResponse__Output): readonly ObserverInfo[] => observers.map(observerInfo);
