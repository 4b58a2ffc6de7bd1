import { decodeAppendStreamResponse, encodeAppendStreamRequest } from '../contract/append-codec';
import type { AppendResponse, AppendStreamItem, AppendStreamResult } from '../contract/messages';
import { errorOf } from '../contract/status-details';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { APPEND_STREAM_PATH } from './calls';
import { Cancellation, MAX_TIMER_MS, reasonOf } from './cancellation';
import type { Connection } from './connection';
import { callFailure, isPassing } from './errors';
import { Fifo } from './fifo';
import type { DuplexCall, Link } from './link';
import { PendingAppend } from './pending-append';
import { Backoff, backoffMs, pause } from './retry';

/**
 * Every append of a client, over one AppendStream. What is called in the same turn of the event loop
 * goes in one message; what is in flight is bounded, and what comes beyond waits its turn. An append
 * whose answer was lost is sent again on the next stream: its events carry their ids, so the server
 * answers it as the same append.
 */

/** Appends in flight at most: several times what a server gathers into one commit. */
const MAX_IN_FLIGHT = 4_096;

/** Bytes in flight at most. A single larger append goes alone. */
const MAX_IN_FLIGHT_BYTES = 32 * 1024 * 1024;

/** Bytes of appends in one message: large enough to share its cost, small enough not to hold up what follows. */
const MESSAGE_BYTES = 4 * 1024 * 1024;

/** Milliseconds for the server to end the stream after us, before it is cancelled. */
const LEAVE_MS = 1_000;

interface OpenStream {
  readonly call: DuplexCall;
  readonly link: Link;
  /** write() has said no; nothing more until it drains, or the stream ends. */
  blocked: boolean;
  over: boolean;
}

export class AppendStream {
  private readonly connection: Connection;
  private nextRequestId = 1;
  /** Not in flight yet. */
  private readonly waiting = new Fifo<PendingAppend>();
  /** In flight: to be sent, sent, or pausing before it is sent again. */
  private readonly inFlight = new Map<number, PendingAppend>();
  private inFlightBytes = 0;
  private readonly toSend = new Fifo<PendingAppend>();
  private stream: OpenStream | undefined;
  private opening: Cancellation | undefined;
  private flushScheduled = false;
  private readonly backoff = new Backoff();
  private reopenDelayMs = 0;
  private emptied: (() => void) | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /**
   * Sends an encoded AppendRequest until it is answered. Throws the server's error, CANCELLED, or
   * when time is up OUTCOME_UNKNOWN if it may have been recorded, else the last failure.
   */
  async append(bytes: Buffer, timeoutMs: number, signal: AbortSignal | undefined): Promise<AppendResponse> {
    if (signal?.aborted === true) throw reasonOf(signal);
    const pending = new PendingAppend(this.nextRequestId++, bytes);
    const timer = setTimeout(
      () => this.giveUp(pending, pending.timeoutError(timeoutMs, this.connection.addresses)),
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
    // An aborted signal is the listener's only cause, so it is there.
    const abort = () => this.giveUp(pending, reasonOf(signal as AbortSignal));
    signal?.addEventListener('abort', abort, { once: true });
    this.waiting.push(pending);
    this.admit();
    try {
      return await pending.response;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Waits until everything is answered, then ends the stream. The caller takes no new appends from here on. */
  async close(): Promise<void> {
    if (this.inFlight.size > 0) await new Promise<void>((resolve) => (this.emptied = resolve));
    const { stream } = this;
    if (stream === undefined) return;
    this.stream = undefined;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => stream.call.cancel(), LEAVE_MS);
      const left = () => {
        clearTimeout(timer);
        resolve();
      };
      stream.call.once('end', left).once('error', left);
      stream.call.end();
    });
  }

  /** Takes from those that wait what the bounds allow. */
  private admit(): void {
    for (let first = this.waiting.peek(); first !== undefined; first = this.waiting.peek()) {
      if (!first.settled) {
        const room =
          this.inFlight.size < MAX_IN_FLIGHT && this.inFlightBytes + first.bytes.length <= MAX_IN_FLIGHT_BYTES;
        if (!room && this.inFlight.size > 0) return;
        first.admitted = true;
        this.inFlight.set(first.requestId, first);
        this.inFlightBytes += first.bytes.length;
        this.toSend.push(first);
        this.scheduleFlush();
      }
      this.waiting.shift();
    }
  }

  private giveUp(pending: PendingAppend, error: AnnalsError): void {
    if (pending.settled) return;
    pending.fail(error);
    this.release(pending);
  }

  /** A settled append makes room for the next. */
  private release(pending: PendingAppend): void {
    if (!pending.admitted) return;
    this.inFlight.delete(pending.requestId);
    this.inFlightBytes -= pending.bytes.length;
    this.admit();
    if (this.inFlight.size > 0) return;
    // Nobody needs a connection any more.
    this.opening?.cancel(new AnnalsError('CANCELLED'));
    this.emptied?.();
  }

  private scheduleFlush(): void {
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    setImmediate(() => {
      this.flushScheduled = false;
      this.flush();
    });
  }

  private flush(): void {
    if (this.stream === undefined) {
      // What was given up needs no stream; opening one for it would go on for ever once the client is closed.
      while (this.toSend.peek()?.settled === true) this.toSend.shift();
      if (this.toSend.length > 0 && this.opening === undefined) void this.open();
      return;
    }
    const { stream } = this;
    while (!stream.blocked) {
      const items = this.takeMessage(stream);
      if (items.length === 0) return;
      stream.blocked = !stream.call.write(encodeAppendStreamRequest(items));
    }
  }

  private takeMessage(stream: OpenStream): AppendStreamItem[] {
    const items: AppendStreamItem[] = [];
    let bytes = 0;
    for (let next = this.toSend.peek(); next !== undefined; next = this.toSend.peek()) {
      if (!next.settled) {
        bytes += next.bytes.length;
        if (items.length > 0 && (bytes > MESSAGE_BYTES || items.length === LIMITS.appendsPerMessage)) break;
        next.sentOn = stream;
        items.push({ requestId: next.requestId, append: next.bytes });
      }
      this.toSend.shift();
    }
    return items;
  }

  private async open(): Promise<void> {
    const opening = (this.opening = new Cancellation());
    try {
      if (this.reopenDelayMs > 0) await pause(this.reopenDelayMs, opening.signal);
      const link = await this.connection.ready(opening.signal);
      this.attach(link);
    } catch (error) {
      // Called off since nothing waits: whoever comes next opens again. Or the client was closed.
      if (!(error instanceof AnnalsError)) throw error;
      if (this.connection.closed.aborted) this.failAll(error);
    } finally {
      this.opening = undefined;
      this.scheduleFlush();
    }
  }

  private failAll(error: AnnalsError): void {
    for (const pending of [...this.inFlight.values()]) this.giveUp(pending, error);
  }

  private attach(link: Link): void {
    const call = link.duplex(APPEND_STREAM_PATH);
    const stream: OpenStream = { call, link, blocked: false, over: false };
    this.stream = stream;
    call.on('data', (bytes: Buffer) => this.take(stream, bytes));
    // After a stream ended no 'drain' comes; `ended` forgets it, and with it that it was blocked.
    call.on('drain', () => {
      stream.blocked = false;
      this.flush();
    });
    call.on('error', (error) => this.ended(stream, error));
    call.on('end', () => this.ended(stream, undefined));
  }

  private take(stream: OpenStream, bytes: Buffer): void {
    let results: AppendStreamResult[];
    try {
      results = decodeAppendStreamResponse(bytes);
    } catch (error) {
      stream.call.cancel();
      this.ended(stream, error);
      return;
    }
    this.backoff.reset();
    this.reopenDelayMs = 0;
    for (const result of results) this.takeResult(stream, result);
  }

  private takeResult(stream: OpenStream, result: AppendStreamResult): void {
    const pending = this.inFlight.get(result.requestId);
    // Given up meanwhile.
    if (pending === undefined) return;
    if ('response' in result) {
      pending.answer(result.response);
      this.release(pending);
      return;
    }
    // A failure counts for the attempt on its own stream alone; a later one may be under way.
    if (pending.sentOn !== stream) return;
    const error = errorOf(result.failure);
    if (!isPassing(error)) {
      this.giveUp(pending, error);
      return;
    }
    pending.attemptFailed(error);
    if (error.code === 'SHUTTING_DOWN') this.leave(stream);
    pending.pause = setTimeout(() => this.sendAgain([pending]), backoffMs(pending.failures));
  }

  /** Sends nothing more to a server that stops; it may still answer what it has. */
  private leave(stream: OpenStream): void {
    this.connection.lost(stream.link);
    if (this.stream !== stream) return;
    this.stream = undefined;
    stream.call.end();
  }

  private sendAgain(appends: readonly PendingAppend[]): void {
    this.toSend.unshift(appends);
    this.scheduleFlush();
  }

  /** The stream is over: what it left unanswered goes on the next one, or fails when another would end the same way. */
  private ended(stream: OpenStream, cause: unknown): void {
    if (stream.over) return;
    stream.over = true;
    if (this.stream === stream) this.stream = undefined;
    const failure = cause === undefined ? undefined : callFailure(cause);
    // A server that ends the stream in good order is about to leave.
    if (failure === undefined || failure.connectionLost) this.connection.lost(stream.link);
    const unanswered = [...this.inFlight.values()].filter((pending) => pending.sentOn === stream);
    if (failure !== undefined && !failure.retryable) {
      for (const pending of unanswered) this.giveUp(pending, failure.error);
    } else {
      for (const pending of unanswered) pending.attemptLost();
      this.reopenDelayMs = this.backoff.next();
      this.sendAgain(unanswered);
    }
  }
}
