/**
 * A client that opens a stream and never reads it, as HTTP/2 has it: nothing is consumed, so no window is given back
 * and the server is held back. (A paused stream of grpc-js goes on taking in whatever comes, in the client's memory.)
 */
import { connect, type ClientHttp2Stream } from 'node:http2';
import { once } from 'node:events';
import { serviceDefinition } from '../../src/contract/services';

export interface SilentStream {
  send(message: Buffer): void;
  /** Has nothing more to send: only then does a call with one request begin. */
  end(): void;
  /** Bytes that were sent and that the server has not taken. */
  readonly untaken: () => number;
  /** Takes what has come and what will come, and throws it away. */
  read(): void;
  close(): void;
}

/** gRPC's message prefix: not compressed, and the length. */
function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** The bytes of a request of `EventSequences`. */
export function requestBytes(method: 'Subscribe' | 'AppendStream' | 'Append' | 'Read', request: object): Buffer {
  const definition = serviceDefinition('EventSequences')[method];
  if (definition === undefined) throw new Error(`the contract has no ${method}`);
  return definition.requestSerialize(request);
}

/** Opens a stream on a connection of its own. The session is closed by `close`. */
export async function openSilently(address: string, method: 'Subscribe' | 'AppendStream'): Promise<SilentStream> {
  const session = connect(`http://${address}`);
  session.on('error', () => undefined);
  await once(session, 'connect');
  const stream: ClientHttp2Stream = session.request({
    ':method': 'POST',
    ':path': `/annals.v1.EventSequences/${method}`,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  stream.on('error', () => undefined);
  return {
    send: (message) => void stream.write(framed(message)),
    end: () => void stream.end(),
    untaken: () => stream.writableLength,
    read: () => void stream.resume(),
    close: () => session.destroy(),
  };
}

/** Opens a subscription that is never read. */
export async function subscribeSilently(address: string, request: object): Promise<SilentStream> {
  const stream = await openSilently(address, 'Subscribe');
  stream.send(requestBytes('Subscribe', request));
  stream.end();
  return stream;
}
