/** `Append` as a client without streams calls it: one gRPC call each, nothing coalesced. */
import { Client, credentials } from '@grpc/grpc-js';
import { decodeAppendResponse, encodeAppendRequest } from '../src/contract/append-codec';
import { ContentType, type NewEvent as WireEvent } from '../src/contract/messages';
import { encodeBson } from '../src/kernel/content/decode-content';
import { newId } from '../src/kernel/ids';
import type { NewEvent } from '../src/client';
import type { Append } from './append';

const PATH = '/annals.v1.EventSequences/Append';

export interface UnaryClient {
  readonly append: Append;
  close(): void;
}

const asIs = (bytes: Buffer): Buffer => bytes;

export function unaryClient(address: string, sequence: string): UnaryClient {
  const client = new Client(address, credentials.createInsecure());
  const append: Append = (events) => {
    const request = encodeAppendRequest({
      sequence: { store: '', namespace: '', sequence },
      events: events.map(wireEvent),
      expectations: [],
    });
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest<Buffer, Buffer>(PATH, asIs, asIs, request, (error, bytes) => {
        if (error !== null || bytes === undefined) {
          reject(error ?? new Error('the call was answered with nothing'));
          return;
        }
        const response = decodeAppendResponse(bytes);
        if ('appended' in response) resolve(response);
        else reject(new Error(`refused: ${JSON.stringify(response.refused)}`));
      });
    });
  };
  return { append, close: () => client.close() };
}

const wireEvent = ({ type, eventSourceId, content = {} }: NewEvent): WireEvent => ({
  eventId: newId(),
  type,
  generation: 0,
  eventSourceId,
  tags: [],
  correlationId: '',
  causationId: '',
  causedBy: '',
  traceParent: '',
  occurred: undefined,
  validFrom: undefined,
  content: encodeBson(content),
  contentType: ContentType.BSON,
});
