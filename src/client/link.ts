import * as grpc from '@grpc/grpc-js';
import { AnnalsError } from '../kernel/annals-error';
import { MAX_MESSAGE_BYTES } from '../kernel/limits';

/** One HTTP/2 connection to one server, and the four kinds of call on it. Messages are bytes here; the codecs are the callers'. */

/** Milliseconds without a byte before a ping is sent, and then for its answer: a dead peer is noticed within their sum. */
const KEEPALIVE_TIME_MS = 20_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

/**
 * Bytes that the server may send ahead of what was read, for a connection and for each of its
 * streams. HTTP/2's own 64 KiB stalls a catch-up at every batch.
 */
const FLOW_CONTROL_WINDOW_BYTES = 4 * 1024 * 1024;

/** A server that doesn't answer a dial within so many milliseconds is taken for gone, and the next is tried. */
const DIAL_TIMEOUT_MS = 5_000;

const UNLIMITED = -1;

const CHANNEL_OPTIONS: grpc.ChannelOptions = {
  // The server's batches are bounded by the server; a single event with its metadata is over grpc's default of 4 MiB at times.
  'grpc.max_receive_message_length': UNLIMITED,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
  'grpc.keepalive_time_ms': KEEPALIVE_TIME_MS,
  'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
  'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
  // Two clients in a process are two connections, so that one's backlog is not the other's.
  'grpc.use_local_subchannel_pool': 1,
  // Attempts are counted in one place, which knows what may be sent again: ours.
  'grpc.enable_retries': 0,
  // No look-up of a service config in DNS: it would decide over our calls.
  'grpc.service_config_disable_resolution': 1,
};

const asIs = (bytes: Buffer): Buffer => bytes;

export type ResponseCall = grpc.ClientReadableStream<Buffer>;
export type DuplexCall = grpc.ClientDuplexStream<Buffer, Buffer>;

export class Link {
  readonly host: string;
  private readonly client: grpc.Client;
  private lost = false;

  constructor(host: string) {
    this.host = host;
    this.client = new grpc.Client(host, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
  }

  /** Dials; whether the server answered. */
  async connect(): Promise<boolean> {
    const channel = this.client.getChannel();
    const deadline = Date.now() + DIAL_TIMEOUT_MS;
    return new Promise((resolve) => {
      const look = (timeout?: Error): void => {
        if (timeout !== undefined || this.lost) return resolve(false);
        const state = channel.getConnectivityState(true);
        if (state === grpc.connectivityState.READY) resolve(true);
        else if (state === grpc.connectivityState.TRANSIENT_FAILURE || state === grpc.connectivityState.SHUTDOWN)
          resolve(false);
        else channel.watchConnectivityState(state, deadline, look);
      };
      look();
    });
  }

  /** Connected, as far as is known. */
  get ready(): boolean {
    return !this.lost && this.client.getChannel().getConnectivityState(false) === grpc.connectivityState.READY;
  }

  /** Takes no new call; those that are open may end by themselves. */
  abandon(): void {
    if (this.lost) return;
    this.lost = true;
    this.client.close();
  }

  duplex(path: string): DuplexCall {
    this.checkOpen();
    return this.client.makeBidiStreamRequest(path, asIs, asIs);
  }

  responses(path: string, request: Buffer): ResponseCall {
    this.checkOpen();
    return this.client.makeServerStreamRequest(path, asIs, asIs, request);
  }

  /** Throws grpc's ServiceError. Aborting the signal cancels the call and makes it fail with CANCELLED. */
  async unary(path: string, request: Buffer, signal: AbortSignal): Promise<Buffer> {
    this.checkOpen();
    return new Promise((resolve, reject) => {
      const call = this.client.makeUnaryRequest<Buffer, Buffer>(path, asIs, asIs, request, (error, response) => {
        signal.removeEventListener('abort', cancel);
        if (error !== null) reject(error);
        // grpc-js gives a response or an error.
        else resolve(response as Buffer);
      });
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel, { once: true });
    });
  }

  /** grpc-js throws an Error of its own for a call on a closed channel; ours says that another link will do. */
  private checkOpen(): void {
    if (this.lost) throw new AnnalsError('SERVER_UNREACHABLE', `The connection to ${this.host} was lost`);
  }
}
