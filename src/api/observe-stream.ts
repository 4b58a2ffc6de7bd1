/**
 * `Observe`: one client under an observer. Deliveries go out in one message for what is ready in one
 * turn of the event loop; credits bound what is on its way, so nothing waits here.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Register__Output } from '../contract/generated/annals/v1/Register';
import {
  decodeObserveRequest,
  encodeDeliveries,
  encodeRegistered,
  encodeServerHeartbeat,
  type ObserveMessage,
} from '../contract/observe-codec';
import { messageCodec } from '../contract/services';
import { durationOf, msOf } from '../contract/seconds-and-nanos';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import { LIMITS } from '../kernel/limits';
import type { ObserverClient } from '../observation/client-roster';
import type { Delivery } from '../observation/dispatcher';
import type { ObserverEngine } from '../observation/engine';
import type { Observation } from '../observation/observation';
import { OBSERVATION } from '../observation/tuning';
import { abortOnCancel, endWithStatus, statusOf } from './calls';
import { definitionOf, observerAddressOf, startOf } from './observer-messages';

type Call = ServerDuplexStream<Buffer, Buffer>;

const registerCodec = messageCodec<Register__Output>('Register');
const registeredCodec = messageCodec<object>('Registered');

export function observe(observation: Observation, logger: Logger): (call: Call) => void {
  return (call) => {
    new ObserveSession(call, observation, logger).start();
  };
}

function decodeRegister(bytes: Buffer): Register__Output {
  try {
    return registerCodec.decode(bytes);
  } catch (cause) {
    throw new AnnalsError('MALFORMED_REQUEST', 'The bytes of register are not the protobuf message that was expected', {
      field: 'register',
      cause,
    });
  }
}

class ObserveSession {
  readonly #id = newId();
  #engine: ObserverEngine | undefined;
  #registering = false;
  #registered = false;
  #leaving = false;
  #over = false;
  #outgoing: (Delivery & { readonly replay: boolean })[] = [];
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: Call,
    private readonly observation: Observation,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.call.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    // The client has ended its side: it answers nothing more.
    this.call.on('end', () => {
      this.#gone();
      this.call.end();
    });
    abortOnCancel(this.call).signal.addEventListener('abort', () => {
      this.#gone();
    });
    this.call.on('close', () => {
      this.#gone();
    });
  }

  #take(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.#handle(decodeObserveRequest(bytes));
    } catch (error) {
      this.#refuse(error);
    }
  }

  #handle(message: ObserveMessage): void {
    if (message.kind === 'register') {
      if (this.#registering)
        throw new AnnalsError('INVALID_FIELD', 'register comes once, first', { field: 'register' });
      this.#registering = true;
      // From here on, not only once it is registered: taking over an observer may take a while.
      this.#heartbeat = setInterval(() => this.call.write(encodeServerHeartbeat()), OBSERVATION.heartbeatMs);
      this.#register(decodeRegister(message.bytes)).catch((error: unknown) => {
        this.#refuse(error);
      });
      return;
    }
    if (!this.#registering)
      throw new AnnalsError('INVALID_FIELD', 'the first message is register', { field: 'register' });
    this.#engine?.clients.heard(this.#id);
    if (message.kind === 'acknowledgements') this.#engine?.acknowledge(this.#id, message.acknowledgements);
    if (message.kind === 'leave') {
      this.#leaving = true;
      this.#engine?.leaving(this.#id);
    }
  }

  async #register(request: Register__Output): Promise<void> {
    const client = this.#client(request);
    const address = observerAddressOf(request.observer);
    const definition = definitionOf(request.definition);
    const registration = await this.observation.register(
      address,
      definition,
      startOf(request.definition?.start),
      client,
    );
    this.#engine = registration.engine;
    if (this.#over) {
      registration.engine.removeClient(this.#id);
      return;
    }
    // It may have said so while the answer was being prepared.
    if (this.#leaving) registration.engine.leaving(this.#id);
    const { position, changes, replayAdvised } = registration;
    const registered = registeredCodec.encode({
      clientId: this.#id,
      heartbeatInterval: durationOf(OBSERVATION.heartbeatMs),
      position,
      definitionChanged: changes !== '',
      replayAdvised,
      changes,
    });
    this.call.write(encodeRegistered(registered));
    this.#registered = true;
    this.#flush();
  }

  #client(request: Register__Output): ObserverClient {
    const { acknowledgementDeadline: deadline } = request;
    const deadlineMs = msOf(deadline) ?? OBSERVATION.acknowledgementDeadlineMs;
    if (deadlineMs < OBSERVATION.shortestDeadlineMs || deadlineMs > OBSERVATION.longestDeadlineMs) {
      const { shortestDeadlineMs, longestDeadlineMs } = OBSERVATION;
      throw new AnnalsError(
        'INVALID_FIELD',
        `acknowledgement_deadline is ${deadlineMs} ms; it is ${shortestDeadlineMs} to ${longestDeadlineMs} ms`,
        {
          field: 'acknowledgement_deadline',
          metadata: { limit: String(longestDeadlineMs), actual: String(deadlineMs) },
        },
      );
    }
    const { windowEvents } = OBSERVATION;
    if (request.credits > windowEvents) throw overLimit('credits', windowEvents, request.credits, 'events');
    if (request.clientName.length > LIMITS.metadataIdLength)
      throw overLimit('client_name', LIMITS.metadataIdLength, request.clientName.length, 'characters');
    return {
      id: this.#id,
      name: request.clientName || this.#id,
      credits: request.credits || OBSERVATION.credits,
      deliveryEvents: request.deliverySize || OBSERVATION.deliveryEvents,
      deadlineMs,
      send: (deliveries, replay) => {
        this.#send(deliveries, replay);
      },
      end: (reason) => {
        this.#refuse(reason);
      },
    };
  }

  /** Gathers what the tracks of the observer send in one turn into one message. */
  #send(deliveries: readonly Delivery[], replay: boolean): void {
    if (this.#outgoing.length === 0) {
      setImmediate(() => {
        this.#flush();
      });
    }
    for (const delivery of deliveries) this.#outgoing.push({ ...delivery, replay });
  }

  /** Nothing before the answer to Register; it flushes what came too early. */
  #flush(): void {
    if (this.#over || !this.#registered || this.#outgoing.length === 0) return;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    this.call.write(encodeDeliveries(outgoing));
  }

  #refuse(error: unknown): void {
    if (this.#over) return;
    this.#gone();
    endWithStatus(this.call, statusOf(error, this.logger));
  }

  #gone(): void {
    this.#over = true;
    clearInterval(this.#heartbeat);
    this.#engine?.removeClient(this.#id);
  }
}
