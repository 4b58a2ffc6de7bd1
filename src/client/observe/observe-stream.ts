import {
  decodeObserveResponse,
  encodeHeartbeat,
  encodeLeave,
  encodeRegister,
  type IncomingDelivery,
} from '../../contract/observe-codec';
import { AnnalsError } from '../../kernel/annals-error';
import { OBSERVE_PATH } from '../calls';
import type { DuplexCall, Link } from '../link';
import { Acknowledgements } from './acknowledgements';
import type { Answer } from './delivery-run';
import { readRegistered, type Registered } from './registration';

/** One Observe call, from its registration to its end. Who makes the next one is not its business. */

/** Heartbeats of the server that may be missed before it counts as gone. */
const MISSED_HEARTBEATS = 3;

/** Milliseconds for the server to end the stream after us, before it is cancelled. */
const LEAVE_MS = 1_000;

/** Milliseconds between a server's heartbeats, until it has told its own interval: it sends them while it registers us too. */
const HEARTBEAT_MS = 5_000;

/** Those that may be missed while it registers: nothing is lost by asking another. */
const MISSED_WHILE_REGISTERING = 1;

export interface StreamEvents {
  registered(registered: Registered): void;
  deliver(deliveries: readonly IncomingDelivery[], answer: Answer): void;
}

export class ObserveStream {
  /** Resolves when the stream is over, with what ended it; undefined when the server did, in good order. Never rejects. */
  readonly over: Promise<unknown>;
  readonly #call: DuplexCall;
  readonly #host: string;
  readonly #acknowledgements: Acknowledgements;
  readonly #events: StreamEvents;
  #end: (cause: unknown) => void = () => undefined;
  #ended = false;
  #heartbeat: NodeJS.Timeout | undefined;
  /** Since the last message from the server. */
  #silentBeats = 0;

  /** @param register the bytes of Register. Throws SERVER_UNREACHABLE when the link is lost already. */
  constructor(link: Link, register: Buffer, events: StreamEvents, heartbeatMs = HEARTBEAT_MS) {
    this.#host = link.host;
    this.#events = events;
    const call = (this.#call = link.duplex(OBSERVE_PATH));
    this.#acknowledgements = new Acknowledgements((message) => call.write(message));
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    call.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    call.on('drain', () => {
      this.#acknowledgements.drained();
    });
    call.on('error', (error) => {
      this.#finish(error);
    });
    call.on('end', () => {
      this.#finish(undefined);
    });
    call.write(encodeRegister(register));
    // A stopped process, or one behind a wire that was cut, still takes connections and never answers.
    this.#heartbeat = setInterval(() => {
      if (++this.#silentBeats > MISSED_WHILE_REGISTERING) this.#silent();
    }, heartbeatMs);
  }

  /** Asks for nothing new. What is on its way may still be acknowledged. */
  leave(): void {
    if (!this.#ended) this.#call.write(encodeLeave());
  }

  /** Sends what is acknowledged, and ends. */
  end(): void {
    if (this.#ended) return;
    this.#acknowledgements.flush();
    this.#acknowledgements.end();
    this.#call.end();
    const timer = setTimeout(() => {
      this.cancel();
    }, LEAVE_MS);
    void this.over.then(() => {
      clearTimeout(timer);
    });
  }

  /** Ends at once. */
  cancel(): void {
    this.#call.cancel();
    this.#finish(undefined);
  }

  #take(bytes: Buffer): void {
    if (this.#ended) return;
    this.#silentBeats = 0;
    try {
      const { registered, deliveries } = decodeObserveResponse(bytes);
      if (registered !== undefined) this.#registered(readRegistered(registered));
      if (deliveries.length > 0) this.#events.deliver(deliveries, this.#acknowledgements.add);
    } catch (error) {
      this.#call.cancel();
      this.#finish(error);
    }
  }

  #registered(registered: Registered): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      this.#beat();
    }, registered.heartbeatMs || HEARTBEAT_MS);
    this.#events.registered(registered);
  }

  #beat(): void {
    // Counted and not timed: a program that was busy all the while has not heard because it did not listen.
    if (++this.#silentBeats > MISSED_HEARTBEATS) this.#silent();
    else this.#call.write(encodeHeartbeat());
  }

  #silent(): void {
    this.#call.cancel();
    this.#finish(new AnnalsError('SERVER_UNREACHABLE', `The server at ${this.#host} has fallen silent`));
  }

  #finish(cause: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#acknowledgements.end();
    this.#end(cause);
  }
}
