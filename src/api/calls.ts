/**
 * The border to gRPC: one adapter for each kind of call. Handlers are async functions that return,
 * yield or throw; here, and only here, that becomes a status, so that no rejection goes unhandled
 * and every error has its details.
 */
import {
  Metadata,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type ServerErrorResponse,
  type ServerWritableStream,
} from '@grpc/grpc-js';
import { MongoError } from 'mongodb';
import type { Logger } from 'pino';
import { encodeStatusDetails, STATUS_DETAILS_KEY } from '../contract/status-details';
import { AnnalsError } from '../kernel/annals-error';

/** The deadline of a call, on the clock of `performance.now()`, in ms. */
export interface CallContext {
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** How long a call without a deadline may take, in ms. */
const DEFAULT_PATIENCE_MS = 30_000;

/** How much earlier than the caller's deadline the server answers, in ms: an answer that comes too late is none. */
const ANSWER_MARGIN_MS = 100;

export function unary<Request, Response>(
  logger: Logger,
  handle: (request: Request, context: CallContext) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const { signal } = abortOnCancel(call);
    // Async, so that what the handler throws before its first wait is told too.
    const answer = async (): Promise<Response> =>
      handle(call.request, { deadline: deadlineOf(call.getDeadline()), signal });
    answer().then(
      (response) => callback(null, response),
      (error: unknown) => callback(statusOf(error, logger)),
    );
  };
}

/** @param messages is pulled only when the reader has taken what came before. */
export function serverStream<Request, Response extends Buffer>(
  logger: Logger,
  messages: (request: Request, signal: AbortSignal) => AsyncIterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const { signal } = abortOnCancel(call);
    pump(call, messages, signal).then(
      () => call.end(),
      (error: unknown) => endWithStatus(call, statusOf(error, logger)),
    );
  };
}

async function pump<Request, Response extends Buffer>(
  call: ServerWritableStream<Request, Response>,
  messages: (request: Request, signal: AbortSignal) => AsyncIterable<Response>,
  signal: AbortSignal,
): Promise<void> {
  // Nothing may be left behind: a message's bytes are used again for the next one.
  const outlet = new Outlet(call, signal, 0);
  for await (const message of messages(call.request, signal)) {
    if (signal.aborted) return;
    await outlet.send(message);
    if (signal.aborted) return;
  }
}

/** grpc-js sends the status of an `error` event; a stream that is destroyed instead ends without any. */
export function endWithStatus(
  call: { emit(event: 'error', status: ServerErrorResponse): unknown },
  status: ServerErrorResponse,
): void {
  call.emit('error', status);
}

interface Writable {
  readonly destroyed: boolean;
  write(message: Buffer, flushed: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Sends no faster than the caller takes. What grpc-js's `write` answers counts messages and lets
 * sixteen wait, each of them as large as a page of events; here bytes are counted, until HTTP/2 has them.
 */
export class Outlet {
  #unflushed = 0;
  #wake = (): void => undefined;

  constructor(
    private readonly stream: Writable,
    private readonly signal: AbortSignal,
    /** Bytes that may be on their way while more is made. */
    private readonly allowance: number,
  ) {
    const wake = (): void => {
      this.#wake();
    };
    // After a cancel nothing is flushed any more.
    signal.addEventListener('abort', wake);
    stream.once('close', wake);
  }

  /** Returns when the next message may be made, or when the stream will never take one. */
  async send(message: Buffer): Promise<void> {
    this.#unflushed += message.length;
    this.stream.write(message, () => {
      this.#unflushed -= message.length;
      this.#wake();
    });
    while (this.#unflushed > this.allowance && !this.signal.aborted && !this.stream.destroyed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

interface Cancellable {
  on(event: 'cancelled', listener: () => void): unknown;
}

/** A signal that aborts when the caller goes away. */
export function abortOnCancel(call: Cancellable): AbortController {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  return controller;
}

function deadlineOf(deadline: Date | number): number {
  const left = Number(deadline) - Date.now();
  return performance.now() + Math.min(DEFAULT_PATIENCE_MS, Math.max(0, left - ANSWER_MARGIN_MS));
}

/** Any error as one of the registry. What was not foreseen is logged and told as INTERNAL, without its inside. */
export function annalsErrorOf(error: unknown, logger: Logger): AnnalsError {
  if (error instanceof AnnalsError) return error;
  logger.error({ err: error }, 'a call failed');
  return new AnnalsError(error instanceof MongoError ? 'DATABASE_UNAVAILABLE' : 'INTERNAL', undefined, {
    cause: error,
  });
}

export function statusOf(error: unknown, logger: Logger): ServerErrorResponse {
  const known = annalsErrorOf(error, logger);
  const metadata = new Metadata();
  metadata.set(STATUS_DETAILS_KEY, encodeStatusDetails(known));
  const details = `${known.code}: ${known.message.replace(/\.$/, '')}. ${known.remedy}`;
  // The kernel names gRPC's own numbers itself, to need no gRPC library.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
  return { name: known.name, message: known.message, code: known.status, details, metadata };
}
