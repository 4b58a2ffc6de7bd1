import { Server, ServerCredentials, type ServerDuplexStream, type ServerWritableStream } from '@grpc/grpc-js';
import { decodeAppendStreamRequest, encodeAppendStreamResponse } from '../contract/append-codec';
import type { AppendStreamItem, AppendStreamResult, Failure } from '../contract/messages';
import { failureOf } from '../contract/status-details';
import { serviceDefinition } from '../contract/services';
import { AnnalsError } from '../kernel/annals-error';
import type { ErrorCode } from '../kernel/error-registry';

/** A real gRPC server that answers as a test says, for what a sound Annals server does only under fire. */

const pass = (bytes: Buffer): Buffer => bytes;

export type AppendCall = ServerDuplexStream<Buffer, Buffer>;
export type ObserveCall = ServerDuplexStream<Buffer, Buffer>;
export type ServedStream = ServerWritableStream<Buffer, Buffer>;

export interface Script {
  /** One message of an AppendStream. */
  readonly onAppends?: (
    items: AppendStreamItem[],
    call: AppendCall,
    answer: (...results: AppendStreamResult[]) => void,
  ) => void;
  /** The client will send no more on its AppendStream; ends it unless given. */
  readonly onAppendsEnd?: (call: AppendCall) => void;
  readonly onRead?: (call: ServedStream) => void;
  readonly onSubscribe?: (call: ServedStream) => void;
  readonly onObserve?: (call: ObserveCall) => void;
  readonly onTrace?: (call: ServedStream) => void;
}

export interface ScriptedServer {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** AppendStreams opened so far. */
  streams(): number;
  stop(): void;
}

export async function startScriptedServer(script: Script): Promise<ScriptedServer> {
  const server = new Server({ 'grpc.max_receive_message_length': -1 });
  let streams = 0;
  server.addService(bytesOnly('Observers'), {
    Observe: (call: ObserveCall) => {
      call.on('error', () => undefined);
      call.resume();
      script.onObserve?.(call);
    },
  });
  server.addService(bytesOnly('Correlation'), { Trace: (call: ServedStream) => script.onTrace?.(call) });
  server.addService(bytesOnly('EventSequences'), {
    AppendStream: (call: AppendCall) => {
      streams++;
      call.on('error', () => undefined);
      call.on('end', () => (script.onAppendsEnd ?? ((ending) => ending.end()))(call));
      call.on('data', (bytes: Buffer) =>
        script.onAppends?.(decodeAppendStreamRequest(bytes), call, (...results) =>
          call.write(encodeAppendStreamResponse(results)),
        ),
      );
    },
    Read: (call: ServedStream) => script.onRead?.(call),
    Subscribe: (call: ServedStream) => script.onSubscribe?.(call),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { address: `127.0.0.1:${port}`, streams: () => streams, stop: () => server.forceShutdown() };
}

const bytesOnly = (service: Parameters<typeof serviceDefinition>[0]) =>
  Object.fromEntries(
    Object.entries(serviceDefinition(service)).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: pass, responseSerialize: pass },
    ]),
  );

/** The answer to an append that was recorded. */
export const recorded = ({ requestId }: AppendStreamItem, sequenceNumber = 0): AppendStreamResult => ({
  requestId,
  response: {
    appended: {
      firstSequenceNumber: sequenceNumber,
      lastSequenceNumber: sequenceNumber,
      duplicate: false,
      recorded: 0,
      eventIds: [],
    },
  },
});

/** The answer to an append that failed. */
export const failed = ({ requestId }: AppendStreamItem, code: ErrorCode): AppendStreamResult => {
  const failure: Failure = failureOf(new AnnalsError(code));
  return { requestId, failure };
};
