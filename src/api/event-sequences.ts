/** The service `EventSequences`: translation between the wire and the log. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { encodeAppendResponse } from '../contract/append-answer-codec';
import { decodeAppendRequest } from '../contract/append-codec';
import type { GetEventRequest__Output } from '../contract/generated/annals/v1/GetEventRequest';
import type { GetTailRequest__Output } from '../contract/generated/annals/v1/GetTailRequest';
import type { GetTailResponse } from '../contract/generated/annals/v1/GetTailResponse';
import type { ListSequencesRequest__Output } from '../contract/generated/annals/v1/ListSequencesRequest';
import type { ListSequencesResponse } from '../contract/generated/annals/v1/ListSequencesResponse';
import type { ReadRequest__Output } from '../contract/generated/annals/v1/ReadRequest';
import type { SubscribeRequest__Output } from '../contract/generated/annals/v1/SubscribeRequest';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../kernel/names';
import { encodeEntry } from '../sequences/event-frame';
import { fromDocument } from '../sequences/log-event';
import { presenting } from '../sequences/presentation';
import { lastNumber, readOne, readRange } from '../sequences/reader';
import type { Sequences } from '../sequences/sequences';
import { Subscription } from '../sequences/subscription';
import { checkGeneration } from '../sequences/wanted-generations';
import { announcementKind } from '../storage/event-fields';
import { appendStream } from './append-stream';
import { compensateCall, redactCall } from './changes';
import { serverStream, unary, type CallContext } from './calls';
import { decoding, takingBytes } from './decode-request';
import { addressOf, contentOf, filtersOf, numberOf } from './requests';

const SERVICE = 'EventSequences';

export const eventSequencesDefinition = (): ServiceDefinition =>
  takingBytes(SERVICE, ['Append', 'AppendStream', 'Read', 'Subscribe', 'GetEvent']);

export function eventSequences(sequences: Sequences, logger: Logger): UntypedServiceImplementation {
  const append = async (bytes: Buffer, { deadline }: CallContext): Promise<Buffer> => {
    const request = decodeAppendRequest(bytes);
    return encodeAppendResponse(await sequences.append(addressOf(request.sequence), request, deadline));
  };

  async function* read(request: ReadRequest__Output): AsyncGenerator<Buffer> {
    const options = {
      from: numberOf(request.from, 'from'),
      to: numberOf(request.to, 'to'),
      backwards: request.direction === 'DIRECTION_BACKWARDS',
      limit: numberOf(request.limit, 'limit') ?? 0,
      filters: filtersOf(request.filters),
    };
    const sequence = await sequences.open(addressOf(request.sequence));
    yield* readRange(sequence, { ...options, content: await contentOf(request, sequence) });
  }

  async function* subscribe(request: SubscribeRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    const asked = numberOf(request.from, 'from');
    const filters = filtersOf(request.filters);
    const sequence = await sequences.open(addressOf(request.sequence));
    const content = await contentOf(request, sequence);
    if (request.onlyNew) await sequence.tail.refresh();
    const from = asked ?? (request.onlyNew ? sequence.tail.next : 0);
    const subscription = new Subscription(sequence, { from, filters, content });
    yield* subscription.messages(signal);
  }

  const getEvent = async (request: GetEventRequest__Output): Promise<Buffer> => {
    const number = numberOf(request.sequenceNumber, 'sequence_number');
    const key = number === undefined ? request.eventId : number;
    if (key === undefined) {
      throw new AnnalsError('INVALID_FIELD', 'sequence_number or event_id is needed', { field: 'key' });
    }
    const address = addressOf(request.sequence);
    const sequence = await sequences.open(address);
    const document = await readOne(sequence, key);
    // Where a constraint came into force is the server's own.
    if (document === undefined || announcementKind(document, 0) === 'constraint') {
      throw new AnnalsError('EVENT_NOT_FOUND', `${address.sequence} has no event ${JSON.stringify(key)}`, {
        field: number === undefined ? 'event_id' : 'sequence_number',
      });
    }
    const { generation } = request;
    const { type } = fromDocument(document);
    if (generation !== 0) checkGeneration(type, generation, await sequence.loadTypes(), 'generation');
    const content = await contentOf({ ...request, generations: [{ type, generation }] }, sequence);
    return encodeEntry(document, 0, await presenting(content, sequence)());
  };

  const getTail = async (request: GetTailRequest__Output): Promise<GetTailResponse> => {
    const filters = filtersOf(request.filters);
    const number = await lastNumber(await sequences.open(addressOf(request.sequence)), filters);
    return number === undefined ? {} : { sequenceNumber: number };
  };

  const listSequences = async (request: ListSequencesRequest__Output): Promise<ListSequencesResponse> => {
    const listed = await sequences.list(request.store || DEFAULT_STORE, request.namespace || DEFAULT_NAMESPACE);
    return { sequences: listed.map(({ name, tail }) => (tail === undefined ? { name } : { name, tail })) };
  };

  return {
    Append: unary(logger, append),
    AppendStream: appendStream(sequences, logger),
    Read: serverStream(logger, decoding(SERVICE, 'Read', read)),
    Subscribe: serverStream(logger, decoding(SERVICE, 'Subscribe', subscribe)),
    GetEvent: unary(logger, decoding(SERVICE, 'GetEvent', getEvent)),
    GetTail: unary(logger, decoding(SERVICE, 'GetTail', getTail)),
    Compensate: unary(logger, decoding(SERVICE, 'Compensate', compensateCall(sequences))),
    Redact: unary(logger, decoding(SERVICE, 'Redact', redactCall(sequences))),
    ListSequences: unary(logger, decoding(SERVICE, 'ListSequences', listSequences)),
  };
}
