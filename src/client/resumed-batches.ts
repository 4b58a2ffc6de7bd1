import type { EventBatch } from '../contract/messages';
import type { AnnalsError } from '../kernel/annals-error';
import { Cancellation, reasonOf } from './cancellation';
import type { Connection } from './connection';
import { callFailure } from './errors';
import type { Link } from './link';
import { ResponseStream } from './response-stream';
import { Backoff, pause } from './retry';
import { unreachable } from './unary';

/** What a Read, a Subscribe and a page of a trace have of their own; that they survive a lost connection they have in common. */
export interface BatchSource<Batch = EventBatch> {
  readonly path: string;
  /** The call that goes on from where the last batch ended; undefined when there is nothing left to ask for. */
  request(): Buffer | undefined;
  decode(bytes: Buffer): Batch;
  /** Moves on past a batch. Called for each, before it is handed out. */
  moveOn(batch: Batch): void;
  /** Milliseconds to go on trying without a message; Infinity for ever. */
  readonly patienceMs: number;
  /** The call has failed and another one will be tried. */
  interrupted(): void;
}

/**
 * The batches of a call and, when its connection is lost, of the calls that take it up from where it
 * was: no event is left out and none comes twice. Nothing is opened before the first batch is wanted.
 */
export async function* resumedBatches<Batch = EventBatch>(
  connection: Connection,
  source: BatchSource<Batch>,
  signal: AbortSignal,
): AsyncGenerator<Batch, void, undefined> {
  const backoff = new Backoff();
  let lastFailure: AnnalsError | undefined;
  /** Set from the first failure on until a message comes: bounds how long we try. */
  let trouble: Cancellation | undefined;
  const inTrouble = (): Cancellation => {
    const begun = new Cancellation(signal);
    begun.cancelAfter(source.patienceMs, () => lastFailure ?? unreachable(connection, source.patienceMs));
    return begun;
  };
  try {
    for (let request = source.request(); request !== undefined; request = source.request()) {
      let link: Link | undefined;
      let stream: ResponseStream | undefined;
      try {
        trouble ??= inTrouble();
        link = await connection.ready(trouble.signal);
        stream = new ResponseStream(link.responses(source.path, request), signal);
        for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
          trouble?.release();
          trouble = undefined;
          backoff.reset();
          const batch = source.decode(message);
          source.moveOn(batch);
          yield batch;
        }
        return;
      } catch (cause) {
        trouble ??= inTrouble();
        if (trouble.signal.aborted) throw reasonOf(trouble.signal);
        const failure = callFailure(cause);
        if (!failure.retryable) throw failure.error;
        if (failure.connectionLost && link !== undefined) connection.lost(link);
        lastFailure = failure.error;
      } finally {
        stream?.close();
      }
      source.interrupted();
      await pause(backoff.next(), trouble.signal);
    }
  } finally {
    trouble?.release();
  }
}
