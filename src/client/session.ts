import { AnnalsError } from '../kernel/annals-error';
import { AppendStream } from './append-stream';
import type { Call } from './calls';
import { Connection } from './connection';
import { DEFAULT_TIMEOUT_MS, unary, type CallOptions } from './unary';

export interface ConnectOptions {
  /** Milliseconds that a call may take unless it says otherwise. 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
}

/** What everything that one `connect` gave has in common: the connection, and whether it is still open. */
export class Session {
  readonly connection: Connection;
  readonly appends: AppendStream;
  readonly timeoutMs: number;
  private closing: Promise<void> | undefined;

  constructor(hosts: readonly string[], { timeoutMs = DEFAULT_TIMEOUT_MS }: ConnectOptions) {
    this.connection = new Connection(hosts);
    this.appends = new AppendStream(this.connection);
    this.timeoutMs = timeoutMs;
  }

  /** Throws CLIENT_CLOSED once `close` was called. */
  checkOpen(): void {
    if (this.closing !== undefined) throw new AnnalsError('CLIENT_CLOSED');
  }

  async unary<Request, Response>(
    call: Call<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    this.checkOpen();
    return unary(this.connection, call, request, { ...options, timeoutMs: options.timeoutMs ?? this.timeoutMs });
  }

  /** Waits for the appends that were called before; reads, subscriptions and other calls end with CLIENT_CLOSED. */
  async close(): Promise<void> {
    this.closing ??= this.appends.close().finally(() => this.connection.close());
    await this.closing;
  }
}
