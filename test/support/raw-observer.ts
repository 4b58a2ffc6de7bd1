/**
 * An observer's client as anybody could write one: a stream, what it was sent, and answers that a test decides on,
 * right or wrong. It never connects again by itself; `persistent-observer` does.
 */
import * as grpc from '@grpc/grpc-js';
import type { Register } from '../../src/contract/generated/annals/v1/Register';
import type { Registered__Output } from '../../src/contract/generated/annals/v1/Registered';
import {
  decodeObserveResponse,
  encodeAcknowledgements,
  encodeHeartbeat,
  encodeLeave,
  encodeRegister,
  type AcknowledgementMessage,
  type IncomingDelivery,
} from '../../src/contract/observe-codec';
import { messageCodec, serviceDefinition } from '../../src/contract/services';
import type { ObservationRecord } from '../history/observations';
import { awaitFact, type Patience } from './await-fact';
import { refusalOf, type Refusal } from './raw-client';

export type { AcknowledgementMessage, IncomingDelivery, Register };

/** What a client does with a delivery: the answers that it sends, none for a client that keeps silent. */
export type Handling = (
  delivery: IncomingDelivery,
) => readonly AcknowledgementMessage[] | Promise<readonly AcknowledgementMessage[]>;

export interface RawObserverOptions {
  readonly handling?: Handling;
  /** Where it is written down what was handled, in the order in which it was. */
  readonly book?: ObservationRecord[];
  /** It says now and then that it lives; on unless a test wants a client that is silent. */
  readonly heartbeats?: boolean;
  /** Called for every delivery; they are not kept then. For those that get too many. */
  readonly instead?: (delivery: IncomingDelivery) => void;
}

/** Milliseconds between two heartbeats: well below what a server waits for. */
const HEARTBEAT_MS = 2_000;

const registerCodec = messageCodec<object>('Register');
const registeredCodec = messageCodec<Registered__Output>('Registered');
const pass = (bytes: Buffer): Buffer => bytes;

/** Everything of it is handled, or what is up to a number. */
export const handled = ({ id }: IncomingDelivery, through?: number): AcknowledgementMessage => ({
  deliveryId: id,
  handledThrough: through,
  failure: undefined,
});

/** It failed at an event; those before it are handled. */
export function failedAt(delivery: IncomingDelivery, number: number, message = 'broken', permanent = false) {
  const before = delivery.events.filter((event) => event.sequenceNumber < number).at(-1);
  return {
    deliveryId: delivery.id,
    handledThrough: before?.sequenceNumber,
    failure: { message, stack: `Error: ${message}\n    at handler`, permanent },
  };
}

/** Handles all. */
export const handleAll: Handling = (delivery) => [handled(delivery)];

/** Takes everything and says nothing. */
export const sayNothing: Handling = () => [];

/** Handles all but the events at these numbers, as long as they are among them. */
export const failOn =
  (poison: ReadonlySet<number>, message?: string, permanent?: boolean): Handling =>
  (delivery) => {
    const at = delivery.events.find((event) => poison.has(event.sequenceNumber));
    return [at === undefined ? handled(delivery) : failedAt(delivery, at.sequenceNumber, message, permanent)];
  };

let clients = 0;

export class RawObserver {
  readonly name: string;
  readonly deliveries: IncomingDelivery[] = [];
  registered: Registered__Output | undefined;
  /** Its answers from here on. */
  handling: Handling;
  readonly #client: grpc.Client;
  readonly #call: grpc.ClientDuplexStream<Buffer, Buffer>;
  readonly #heartbeat: NodeJS.Timeout | undefined;
  readonly #options: RawObserverOptions;
  readonly #open = new Map<number, IncomingDelivery>();
  #error: grpc.ServiceError | undefined;
  #ended = false;

  constructor(address: string, register: Register | Buffer, options: RawObserverOptions = {}) {
    this.#options = options;
    this.handling = options.handling ?? handleAll;
    clients++;
    this.name = (!Buffer.isBuffer(register) && register.clientName) || `client-${clients}`;
    this.#client = new grpc.Client(address, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': -1,
      'grpc.use_local_subchannel_pool': 1,
    });
    const definition = serviceDefinition('Observers')['Observe'];
    if (definition === undefined) throw new Error('the contract has no Observers.Observe');
    this.#call = this.#client.makeBidiStreamRequest(definition.path, pass, pass);
    this.#call.on('data', (bytes: Buffer) => void this.#take(bytes));
    this.#call.on('error', (error: grpc.ServiceError) => (this.#error = error));
    this.#call.on('close', () => this.#close());
    this.#call.on('end', () => this.#close());
    this.write(
      encodeRegister(
        Buffer.isBuffer(register) ? register : registerCodec.encode({ clientName: this.name, ...register }),
      ),
    );
    if (options.heartbeats !== false) {
      this.#heartbeat = setInterval(() => this.write(encodeHeartbeat()), HEARTBEAT_MS).unref();
    }
  }

  /** The numbers that it was sent, in that order. */
  get numbers(): number[] {
    return this.deliveries.flatMap(({ events }) => events.map((event) => event.sequenceNumber));
  }

  /** The stream is over, from either side. */
  get ended(): boolean {
    return this.#ended;
  }

  /** How the server ended the stream; undefined while it is open and for an orderly end. */
  get refusal(): Refusal | undefined {
    return this.#error === undefined ? undefined : refusalOf(this.#error);
  }

  async awaitRegistered(patience?: Patience): Promise<Registered__Output> {
    await awaitFact(`${this.name} is registered`, () => this.registered !== undefined || this.#ended, {
      instead: () => JSON.stringify(this.refusal),
      ...patience,
    });
    if (this.registered === undefined) throw new Error(`${this.name} was refused: ${String(this.#error)}`);
    return this.registered;
  }

  async awaitEnd(patience?: Patience): Promise<Refusal | undefined> {
    await awaitFact(`the stream of ${this.name} has ended`, () => this.#ended, patience);
    return this.refusal;
  }

  /** Sends answers, and writes down what they say is handled. */
  acknowledge(...answers: readonly AcknowledgementMessage[]): void {
    for (const answer of answers) this.#writeDown(answer);
    if (answers.length > 0) this.write(encodeAcknowledgements(answers));
  }

  /** Takes nothing new from here on. */
  leave(): void {
    this.write(encodeLeave());
  }

  write(bytes: Buffer): void {
    if (!this.#ended) this.#call.write(bytes);
  }

  /** Ends the stream, as a client that stops in order. */
  end(): void {
    this.#call.end();
    clearInterval(this.#heartbeat);
  }

  /** Is gone, without a word. */
  cancel(): void {
    this.#call.cancel();
    this.#close();
  }

  async #take(bytes: Buffer): Promise<void> {
    const { registered, deliveries } = decodeObserveResponse(bytes);
    if (registered !== undefined) this.registered = registeredCodec.decode(registered);
    const answers: AcknowledgementMessage[] = [];
    for (const delivery of deliveries) {
      if (this.#options.instead === undefined) this.deliveries.push(delivery);
      else this.#options.instead(delivery);
      if (this.#options.book !== undefined) this.#open.set(delivery.id, delivery);
      const answer = this.handling(delivery);
      if (answer instanceof Promise) void answer.then((list) => this.acknowledge(...list));
      else answers.push(...answer);
    }
    this.acknowledge(...answers);
  }

  #writeDown({ deliveryId, handledThrough, failure }: AcknowledgementMessage): void {
    const delivery = this.#open.get(deliveryId);
    if (delivery === undefined || this.#ended) return;
    const end = handledThrough ?? (failure === undefined ? Number.POSITIVE_INFINITY : -1);
    const { partition, redelivery, replay } = delivery;
    for (const { sequenceNumber: number } of delivery.events) {
      if (number > end) break;
      this.#options.book?.push({ kind: 'handled', client: this.name, partition, number, redelivery, replay });
    }
    const rest = delivery.events.filter((event) => event.sequenceNumber > end);
    if (rest.length === 0 || failure !== undefined) this.#open.delete(deliveryId);
    else this.#open.set(deliveryId, { ...delivery, events: rest });
  }

  #close(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#client.close();
  }
}
