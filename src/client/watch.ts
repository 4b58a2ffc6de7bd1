import type { Call } from './calls';
import type { Connection } from './connection';
import { callFailure } from './errors';
import { Iteration } from './iteration';
import type { Link } from './link';
import { ResponseStream } from './response-stream';
import { Backoff, pause } from './retry';
import type { Way } from './unary';

/**
 * A state as it changes, from a call that tells the whole of it first. So what a lost connection kept from us, the first
 * message of the next call says, and a watch goes on by itself.
 */
export interface Watched<Request, Response, State> {
  readonly call: Call<Request, Response>;
  readonly request: Request;
  readonly stateOf: (response: Response) => State;
  /** Whether nothing comes after this state. A watch without it ends only when it is left. */
  readonly isLast?: (state: State) => boolean;
}

export const watch = <Request, Response, State>(
  connection: Connection,
  watched: Watched<Request, Response, State>,
  signal: AbortSignal | undefined,
  /** Other than the connection's own, where only an owner tells. */
  way: Way = connection,
): AsyncIterableIterator<State, undefined> =>
  new Iteration((over) => states(way, watched, over), [connection.closed, signal]);

async function* states<Request, Response, State>(
  way: Way,
  { call, request, stateOf, isLast = () => false }: Watched<Request, Response, State>,
  signal: AbortSignal,
): AsyncGenerator<State, void, undefined> {
  const bytes = call.encode(request);
  const backoff = new Backoff();
  for (;;) {
    let link: Link | undefined;
    let stream: ResponseStream | undefined;
    try {
      link = await way.ready(signal);
      stream = new ResponseStream(link.responses(call.path, bytes), signal);
      for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
        backoff.reset();
        const state = stateOf(call.decode(message));
        yield state;
        if (isLast(state)) return;
      }
    } catch (cause) {
      if (signal.aborted) throw cause;
      const failure = callFailure(cause);
      const follows = way.follow?.(failure.error) ?? false;
      if (!follows && !failure.retryable) throw failure.error;
      if (failure.connectionLost && link !== undefined) way.lost(link);
    } finally {
      stream?.close();
    }
    await pause(backoff.next(), signal);
  }
}

/** The states one by one, for `observe`, which takes batches. */
export async function* oneByOne<State>(watched: AsyncIterable<State>): AsyncGenerator<readonly State[]> {
  for await (const state of watched) yield [state];
}
