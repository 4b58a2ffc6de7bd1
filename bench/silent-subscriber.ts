/**
 * A subscriber that never reads. Spoken on HTTP/2 itself, since a gRPC client would go on taking what
 * comes into its own memory, and the server would never notice.
 */
import { connect } from 'node:http2';
import { SUBSCRIBE } from '../src/client/calls';

export interface SilentSubscriber {
  leave(): void;
}

/** A gRPC message on the wire: a byte for "not compressed", then its length. */
function framed(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** Resolves once the server has begun to answer. From then on nothing is taken from it. */
export async function silentSubscriber(address: string, sequence: string, onlyNew: boolean): Promise<SilentSubscriber> {
  const session = connect(`http://${address}`);
  const stream = session.request({
    ':method': 'POST',
    ':path': SUBSCRIBE.path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const begun = new Promise<void>((resolve, reject) => {
    stream.once('response', () => resolve());
    stream.once('error', reject);
    session.once('error', reject);
  });
  const where = { sequence: { store: '', namespace: '', sequence }, contentType: 'CONTENT_TYPE_BSON' } as const;
  stream.end(framed(SUBSCRIBE.encode(onlyNew ? { ...where, onlyNew } : { ...where, from: 0 })));
  await begun;
  return {
    leave: () => {
      // What is still on its way fails when the session goes, and nobody needs to know.
      stream.on('error', () => undefined);
      session.on('error', () => undefined);
      session.destroy();
    },
  };
}
