/**
 * The contract spoken as any gRPC client speaks it: the protos through the general serializer, no line of ours
 * between the test and the wire. Suites about the wire use it; where a program would use the client, they use that.
 */
import * as grpc from '@grpc/grpc-js';
import { decodeStatusDetails, STATUS_DETAILS_KEY } from '../../src/contract/status-details';
import { serviceDefinition, type ServiceName } from '../../src/contract/services';
import type { Appended__Output } from '../../src/contract/generated/annals/v1/Appended';
import type { AppendRequest } from '../../src/contract/generated/annals/v1/AppendRequest';
import type { AppendResponse__Output } from '../../src/contract/generated/annals/v1/AppendResponse';
import type { AppendStreamRequest } from '../../src/contract/generated/annals/v1/AppendStreamRequest';
import type { AppendStreamResponse__Output } from '../../src/contract/generated/annals/v1/AppendStreamResponse';
import type { Event__Output } from '../../src/contract/generated/annals/v1/Event';
import type { EventFilter } from '../../src/contract/generated/annals/v1/EventFilter';
import type { GetEventRequest } from '../../src/contract/generated/annals/v1/GetEventRequest';
import type { GetEventResponse__Output } from '../../src/contract/generated/annals/v1/GetEventResponse';
import type { GetTailRequest } from '../../src/contract/generated/annals/v1/GetTailRequest';
import type { GetTailResponse__Output } from '../../src/contract/generated/annals/v1/GetTailResponse';
import type { ListSequencesRequest } from '../../src/contract/generated/annals/v1/ListSequencesRequest';
import type { ListSequencesResponse__Output } from '../../src/contract/generated/annals/v1/ListSequencesResponse';
import type { NewEvent } from '../../src/contract/generated/annals/v1/NewEvent';
import type { ReadRequest } from '../../src/contract/generated/annals/v1/ReadRequest';
import type { ReadResponse__Output } from '../../src/contract/generated/annals/v1/ReadResponse';
import type { SequenceRef } from '../../src/contract/generated/annals/v1/SequenceRef';
import type { ServerDiagnoseResponse__Output } from '../../src/contract/generated/annals/v1/ServerDiagnoseResponse';
import type { ServerGetInfoResponse__Output } from '../../src/contract/generated/annals/v1/ServerGetInfoResponse';
import type { StoresEnsureRequest } from '../../src/contract/generated/annals/v1/StoresEnsureRequest';
import type { StoresEnsureResponse__Output } from '../../src/contract/generated/annals/v1/StoresEnsureResponse';
import type { StoresListResponse__Output } from '../../src/contract/generated/annals/v1/StoresListResponse';
import type { SubscribeRequest } from '../../src/contract/generated/annals/v1/SubscribeRequest';
import type { SubscribeResponse__Output } from '../../src/contract/generated/annals/v1/SubscribeResponse';
import type { Violation__Output } from '../../src/contract/generated/annals/v1/Violation';

export type { AppendRequest, Appended__Output, Event__Output, EventFilter, NewEvent, ReadRequest, SequenceRef };
export type { SubscribeRequest, Violation__Output };

export type Service = ServiceName;

/** Milliseconds for a call on a busy machine; a call that hangs fails its test by name. */
const CALL_WITHIN_MS = 30_000;

/** A subscription as its reader sees it: everything that it was sent, and how it ended. */
export interface Following {
  readonly events: readonly Event__Output[];
  /** CAUGHT_UP and FELL_BEHIND, in the order in which they were told. */
  readonly states: readonly string[];
  /** `next` of the last response. */
  readonly next: () => number | undefined;
  readonly numbers: () => number[];
  /** Stops taking what the server sends; HTTP/2 holds the server back. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** What ended it; undefined while it is open. */
  readonly error: () => grpc.ServiceError | undefined;
  readonly cancel: () => void;
}

export class RawClient {
  readonly #client: grpc.Client;

  constructor(
    readonly address: string,
    options: grpc.ChannelOptions = {},
  ) {
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  close(): void {
    this.#client.close();
  }

  async append(request: AppendRequest): Promise<AppendResponse__Output> {
    return this.unary('EventSequences', 'Append', request);
  }

  /** An append that is expected to be recorded. */
  async appended(request: AppendRequest): Promise<Appended__Output> {
    const { appended, refused } = await this.append(request);
    if (!appended) throw new Error(`refused: ${JSON.stringify(refused)}`);
    return appended;
  }

  /** An append that a rule is expected to stand against. */
  async refused(request: AppendRequest): Promise<Violation__Output[]> {
    const { appended, refused } = await this.append(request);
    if (!refused) throw new Error(`appended: ${JSON.stringify(appended)}`);
    return refused.violations;
  }

  async getEvent(request: GetEventRequest): Promise<GetEventResponse__Output> {
    return this.unary('EventSequences', 'GetEvent', request);
  }

  async tail(request: GetTailRequest = {}): Promise<number | undefined> {
    return (await this.unary<GetTailResponse__Output>('EventSequences', 'GetTail', request)).sequenceNumber;
  }

  async listSequences(request: ListSequencesRequest): Promise<ListSequencesResponse__Output> {
    return this.unary('EventSequences', 'ListSequences', request);
  }

  async ensure(request: StoresEnsureRequest): Promise<StoresEnsureResponse__Output> {
    return this.unary('Stores', 'Ensure', request);
  }

  async listStores(): Promise<StoresListResponse__Output> {
    return this.unary('Stores', 'List', {});
  }

  async info(): Promise<ServerGetInfoResponse__Output> {
    return this.unary('Server', 'GetInfo', {});
  }

  async diagnose(): Promise<ServerDiagnoseResponse__Output> {
    return this.unary('Server', 'Diagnose', {});
  }

  /** All messages of one read. */
  async readResponses(request: ReadRequest): Promise<ReadResponse__Output[]> {
    return this.serverStream('Read', request);
  }

  async read(request: ReadRequest = {}): Promise<Event__Output[]> {
    return (await this.readResponses(request)).flatMap((response) => response.events);
  }

  subscribe(request: SubscribeRequest = {}): Following {
    const call = this.openStream<SubscribeResponse__Output>('Subscribe', request);
    const received: Event__Output[] = [];
    const states: string[] = [];
    let next: number | undefined;
    let ended: grpc.ServiceError | undefined;
    call.on('data', (response: SubscribeResponse__Output) => {
      received.push(...response.events);
      next = response.next;
      if (response.state !== 'SUBSCRIPTION_STATE_UNSPECIFIED') {
        states.push(response.state.replace('SUBSCRIPTION_STATE_', ''));
      }
    });
    call.on('error', (error: grpc.ServiceError) => (ended = error));
    return {
      events: received,
      states,
      next: () => next,
      numbers: () => numbersOf(received),
      pause: () => void call.pause(),
      resume: () => void call.resume(),
      error: () => ended,
      cancel: () => call.cancel(),
    };
  }

  /** One call, with a request as a message or as the bytes of one. */
  async unary<Response>(
    service: Service,
    method: string,
    request: object,
    withinMs = CALL_WITHIN_MS,
  ): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        (message: object) => (Buffer.isBuffer(message) ? message : requestSerialize(message)),
        responseDeserialize,
        request,
        { deadline: Date.now() + withinMs },
        (error, response) => {
          if (error === null) resolve(response as Response);
          else reject(error);
        },
      );
    });
  }

  /** A server stream to its end, with a request as a message or as the bytes of one. */
  async serverStream<Response>(method: string, request: object): Promise<Response[]> {
    return new Promise((resolve, reject) => {
      const responses: Response[] = [];
      const call = this.openStream<Response>(method, request, { deadline: Date.now() + CALL_WITHIN_MS });
      call.on('data', (response: Response) => responses.push(response));
      call.on('end', () => resolve(responses));
      call.on('error', reject);
    });
  }

  openStream<Response>(
    method: string,
    request: object,
    options: grpc.CallOptions = {},
    service: Service = 'EventSequences',
  ): grpc.ClientReadableStream<Response> {
    const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
    return this.#client.makeServerStreamRequest(
      path,
      (message: object) => (Buffer.isBuffer(message) ? message : requestSerialize(message)),
      (bytes) => responseDeserialize(bytes) as Response,
      request,
      options,
    );
  }

  /** An open bidirectional stream. */
  openDuplex<Request extends object, Response>(
    method: string,
    service: Service,
  ): grpc.ClientDuplexStream<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
    return this.#client.makeBidiStreamRequest(
      path,
      (message: Request) => requestSerialize(message),
      (bytes) => responseDeserialize(bytes) as Response,
    );
  }

  /** An open AppendStream; `write` takes a message or the bytes of one. */
  appendStream(): grpc.ClientDuplexStream<AppendStreamRequest | Buffer, AppendStreamResponse__Output> {
    const { path, requestSerialize, responseDeserialize } = methodOf('EventSequences', 'AppendStream');
    return this.#client.makeBidiStreamRequest(
      path,
      (message: AppendStreamRequest | Buffer) => (Buffer.isBuffer(message) ? message : requestSerialize(message)),
      (bytes) => responseDeserialize(bytes) as AppendStreamResponse__Output,
    );
  }
}

function methodOf(service: Service, method: string): grpc.MethodDefinition<object, object> {
  const definition = serviceDefinition(service)[method];
  if (definition === undefined) throw new Error(`the contract has no ${service}.${method}`);
  return definition;
}

/** How a call was refused: its gRPC status and what the google.rpc details say. */
export interface Refusal {
  readonly status: grpc.status;
  /** Undefined when the status came without details of ours. */
  readonly code: string | undefined;
  readonly field: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

export function refusalOf(error: unknown): Refusal {
  // Every call of grpc-js fails with a ServiceError.
  const { code: status, metadata } = error as grpc.ServiceError;
  const details = metadata.get(STATUS_DETAILS_KEY)[0];
  const told = Buffer.isBuffer(details) ? decodeStatusDetails(details) : undefined;
  return { status, code: told?.code, field: told?.field, metadata: told?.metadata ?? {} };
}

/** How a call that must fail was refused. */
export async function refusal(call: Promise<unknown>): Promise<Refusal> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return refusalOf(error);
  }
  throw new Error(`the call was expected to fail, and answered ${JSON.stringify(answer)?.slice(0, 500)}`);
}

/** Content as JSON bytes. */
export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Content as it came, when it came as JSON. */
export const parsed = ({ content }: Event__Output): unknown => JSON.parse(content.toString('utf8'));

let serial = 0;

/** A small valid event; each has another id unless the test gives one. */
export function event(fields: NewEvent = {}): NewEvent {
  serial++;
  return {
    eventId: `event-${process.pid}-${serial}`,
    type: 'noted',
    eventSourceId: 'source',
    content: json({ serial }),
    ...fields,
  };
}

export const events = (count: number, fields: NewEvent = {}): NewEvent[] =>
  Array.from({ length: count }, () => event(fields));

export const numbersOf = (list: readonly Event__Output[]): number[] => list.map(({ sequenceNumber }) => sequenceNumber);

/** `count` numbers from `first` on. */
export const range = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

/** A sequence of the default namespace that no other test uses, so that tests of a suite do not meet. */
export const freshSequence = (): SequenceRef => ({
  sequence: `s${process.pid.toString(36)}-${(++serial).toString(36)}`,
});
