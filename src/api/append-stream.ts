/**
 * `AppendStream`: many appends on one stream, each answered by its request id as soon as it is known.
 * What one client has under way is bounded: above the bound, or while it does not read its answers,
 * nothing more is read from it, and HTTP/2 holds it back.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { encodeAppendStreamResponse } from '../contract/append-answer-codec';
import { decodeAppendRequest, decodeAppendStreamRequest } from '../contract/append-codec';
import type { AppendStreamItem, AppendStreamResult } from '../contract/messages';
import { failureOf } from '../contract/status-details';
import type { Sequences } from '../sequences/sequences';
import { abortOnCancel, annalsErrorOf, endWithStatus, Outlet, statusOf } from './calls';
import { addressOf } from './requests';

/** Appends that one stream may have unanswered before it is read no further. */
const OPEN_REQUESTS = 4_096;

/** Answers that may wait for a client that does not take them before it is read no further. */
const UNSENT_ANSWERS = 1_024;

/** Bytes of the appends that one stream may have unanswered. */
const OPEN_BYTES = 32 * 1024 * 1024;

/** Bytes of answers that may be on their way while more are made: the answers of some thousand appends. */
const UNFLUSHED_BYTES = 64 * 1024;

/** How long an append on a stream may wait for its outcome, in ms; the stream itself has no deadline. */
const PATIENCE_MS = 30_000;

type Call = ServerDuplexStream<Buffer, Buffer>;

export function appendStream(sequences: Sequences, logger: Logger): (call: Call) => void {
  return (call) => {
    new AppendSession(call, sequences, logger).start();
  };
}

class AppendSession {
  readonly #signal: AbortSignal;
  readonly #outlet: Outlet;
  #answers: AppendStreamResult[] = [];
  #openRequests = 0;
  #openBytes = 0;
  #flushing = false;
  #ended = false;

  constructor(
    private readonly call: Call,
    private readonly sequences: Sequences,
    private readonly logger: Logger,
  ) {
    this.#signal = abortOnCancel(call).signal;
    this.#outlet = new Outlet(call, this.#signal, UNFLUSHED_BYTES);
  }

  start(): void {
    this.call.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    this.call.on('end', () => {
      this.#ended = true;
      this.#endWhenDone();
    });
    // A broken stream; what is under way goes on, and the client asks again by event id.
    this.call.on('error', () => undefined);
  }

  get #full(): boolean {
    return (
      this.#openRequests >= OPEN_REQUESTS || this.#openBytes >= OPEN_BYTES || this.#answers.length >= UNSENT_ANSWERS
    );
  }

  #take(bytes: Buffer): void {
    let items: AppendStreamItem[];
    try {
      items = decodeAppendStreamRequest(bytes);
    } catch (error) {
      // Without request ids nobody can be answered.
      endWithStatus(this.call, statusOf(error, this.logger));
      return;
    }
    for (const item of items) this.#append(item);
    if (this.#full) this.call.pause();
  }

  #append({ requestId, append }: AppendStreamItem): void {
    const bytes = append.length;
    this.#openRequests++;
    this.#openBytes += bytes;
    const answer = (result: AppendStreamResult): void => {
      this.#openRequests--;
      this.#openBytes -= bytes;
      this.#answers.push(result);
      if (this.#full) this.call.pause();
      this.#flushSoon();
    };
    const fail = (error: unknown): void => answer({ requestId, failure: failureOf(annalsErrorOf(error, this.logger)) });
    try {
      const request = decodeAppendRequest(append);
      this.sequences
        .append(addressOf(request.sequence), request, performance.now() + PATIENCE_MS)
        .then((response) => answer({ requestId, response }), fail);
    } catch (error) {
      fail(error);
    }
  }

  /** A group's appends are answered in one turn; they go out in one message. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    while (this.#answers.length > 0 && !this.#signal.aborted && !this.call.destroyed) {
      const answers = this.#answers;
      this.#answers = [];
      await this.#outlet.send(encodeAppendStreamResponse(answers));
    }
    this.#flushing = false;
    if (!this.#full) this.call.resume();
    this.#endWhenDone();
  }

  #endWhenDone(): void {
    if (this.#ended && this.#openRequests === 0 && !this.#flushing) this.call.end();
  }
}
