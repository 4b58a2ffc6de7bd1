import { AnnalsError } from '../kernel/annals-error';
import { AppendStream } from './append-stream';
import type { Call } from './calls';
import { Connection } from './connection';
import { OwnerLinks } from './owner-links';
import { DEFAULT_TIMEOUT_MS, unary, type CallOptions, type Way } from './unary';

export interface ConnectOptions {
  /** Milliseconds that a call may take unless it says otherwise. 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
  /**
   * Appends take correlation, cause, identity and trace by themselves from where they are made, and handlers pass
   * those of their event on; with OpenTelemetry, both have spans. `false` does without. True unless given.
   */
  readonly propagate?: boolean | undefined;
}

/** What everything that one `connect` gave has in common: the connection, and whether it is still open. */
export class Session {
  readonly connection: Connection;
  readonly owners: OwnerLinks;
  readonly appends: AppendStream;
  readonly timeoutMs: number;
  readonly propagate: boolean;
  private closing: Promise<void> | undefined;
  private closed = false;
  private readonly stops = new Set<() => Promise<void>>();

  constructor(hosts: readonly string[], { timeoutMs = DEFAULT_TIMEOUT_MS, propagate = true }: ConnectOptions) {
    this.connection = new Connection(hosts);
    this.owners = new OwnerLinks(this.connection);
    this.appends = new AppendStream(this.connection);
    this.timeoutMs = timeoutMs;
    this.propagate = propagate;
  }

  /** Throws CLIENT_CLOSED once `close` was called. */
  checkOpen(): void {
    if (this.closed) throw new AnnalsError('CLIENT_CLOSED');
  }

  async unary<Request, Response>(
    call: Call<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    this.checkOpen();
    const { connection } = this;
    const timeoutMs = options.timeoutMs ?? this.timeoutMs;
    return unary(connection, connection.closed, call, request, { ...options, timeoutMs });
  }

  /** The way of calls that only the owner of something answers, wherever that goes meanwhile. */
  wayToOwner(owned: string): Way {
    const { owners } = this;
    return {
      addresses: owners.addresses,
      ready: async (signal) => owners.ready(owned, signal),
      lost: (link) => {
        owners.lost(owned, link);
      },
      follow: (error) => owners.follow(owned, error) || error.code === 'LEASE_LOST',
    };
  }

  /** A call that only the owner of something answers: goes there. `timeUp` is thrown when time is up while it has the call. */
  async unaryToOwner<Request, Response>(
    owned: string,
    call: Call<Request, Response>,
    request: Request,
    options: CallOptions & { readonly timeUp?: AnnalsError | undefined },
  ): Promise<Response> {
    this.checkOpen();
    const timeoutMs = options.timeoutMs ?? this.timeoutMs;
    return unary(this.wayToOwner(owned), this.connection.closed, call, request, { ...options, timeoutMs });
  }

  /**
   * What stops before the client is closed, while it can still be called: handlers at work finish what
   * they do. Returns how to call that off. Throws CLIENT_CLOSED when it is too late.
   */
  stopsFirst(stop: () => Promise<void>): () => void {
    if (this.closing !== undefined) throw new AnnalsError('CLIENT_CLOSED');
    this.stops.add(stop);
    return () => void this.stops.delete(stop);
  }

  /**
   * Stops what observes, then waits for the appends that were called before; reads, subscriptions and
   * other calls end with CLIENT_CLOSED.
   */
  async close(): Promise<void> {
    this.closing ??= this.closeAll();
    await this.closing;
  }

  private async closeAll(): Promise<void> {
    // Without any of them the client is closed from this moment on.
    if (this.stops.size > 0) await Promise.all([...this.stops].map(async (stop) => stop()));
    this.closed = true;
    try {
      await this.appends.close();
    } finally {
      this.connection.close();
    }
  }
}
