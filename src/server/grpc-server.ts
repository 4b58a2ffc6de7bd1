/** The gRPC server: its limits, where it listens, and its two-stage stop. */
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import { addServices, type ServiceDependencies } from '../api/services';
import { AnnalsError } from '../kernel/annals-error';
import { MAX_MESSAGE_BYTES } from '../kernel/limits';

const OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': -1,
  // Streams of one connection: many observers may share one, and a client that opens without end is stopped here.
  'grpc.max_concurrent_streams': 1_000,
  // A peer that went away without a word is noticed within a minute.
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** How long open streams may take to end by themselves once appends are drained, in ms. */
const STREAMS_END_MS = 500;

export interface ListeningServer {
  /** Where it listens, with the port that it got. */
  readonly address: string;
  /** Health says NOT_SERVING, so that load balancers send nothing new. */
  announceStop(): void;
  /** Ends what is open. */
  close(): Promise<void>;
}

/** @throws AnnalsError ADDRESS_IN_USE, INVALID_CONFIGURATION. */
export async function listen(address: string, dependencies: ServiceDependencies): Promise<ListeningServer> {
  const server = new Server(OPTIONS);
  const announceStop = addServices(server, dependencies);
  const port = await bind(server, address);
  const host = address.slice(0, address.lastIndexOf(':'));
  return { address: `${host}:${port}`, announceStop, close: async () => close(server) };
}

async function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) {
        resolve(port);
        return;
      }
      const taken = error.message.includes('EADDRINUSE');
      const message = taken
        ? `${address} is in use by another program`
        : `cannot listen on ${address}: ${error.message}`;
      reject(
        new AnnalsError(taken ? 'ADDRESS_IN_USE' : 'INVALID_CONFIGURATION', message, {
          field: '--listen',
          cause: error,
        }),
      );
    });
  });
}

/** Lets calls end; subscriptions never do by themselves, so they are cut, and their clients go on elsewhere. */
async function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, STREAMS_END_MS);
    server.tryShutdown(() => {
      clearTimeout(force);
      resolve();
    });
  });
}
