import { AnnalsError } from '../../kernel/annals-error';
import { DEFAULT_SEQUENCE } from '../../kernel/names';
import { Cancellation, reasonOf } from '../cancellation';
import { callFailure } from '../errors';
import { checkNumber, invalidField } from '../field-checks';
import type { Link } from '../link';
import { atMost, stayRegistered } from '../registered/life';
import { Outcome } from '../registered/outcome';
import type { RegisteredStream } from '../registered/stream';
import type { Session } from '../session';
import { DeliverySchedule } from './delivery-schedule';
import { plainHandler, type ObservationState, type ObserveOptions } from './handlers';
import { observeStream } from './observe-stream';
import { passingOn } from './passing-on';
import { registrationOf, type ObserverAddress, type Registered } from './registration';

/** A client at work under an observer: registers, handles what comes, and registers again when it must. */

/** Partitions handled at once unless said otherwise: enough to hide what a handler waits for, few enough for its database. */
const DEFAULT_CONCURRENCY = 16;

/** How often handlers that take long say how far they are, in ms: what a crash repeats at most of their work. */
const PROGRESS_MS = 250;

/** How long `stop` waits for what is being handled, in ms: as long as the server waits for an acknowledgement. */
const STOP_WITHIN_MS = 30_000;

export interface StopOptions {
  /** Milliseconds to wait for what is being handled; then it is told by its signal, and comes again elsewhere. 30,000 unless given. */
  readonly timeoutMs?: number | undefined;
}

/**
 * An observation begins at once and lasts until it is stopped, its signal is aborted, the client is
 * closed, or the server refuses it. A lost connection or server does not end it.
 */
export class Observation {
  readonly observer: string;
  readonly #session: Session;
  readonly #owned: string;
  readonly #register: Buffer;
  readonly #options: ObserveOptions<object>;
  readonly #schedule: DeliverySchedule;
  /** Why everything ends at once. */
  readonly #ending: Cancellation;
  /** Why nothing new is begun. */
  readonly #stopping = new AbortController();
  readonly #outcome = new Outcome<Registered>();
  #stopped: Promise<void> | undefined;
  #stream: RegisteredStream | undefined;
  #state: ObservationState = 'connecting';
  #handled = 0;
  #position: number | undefined;

  /** @internal Use `annals.observe`. */
  constructor(session: Session, address: ObserverAddress, options: ObserveOptions<object>) {
    this.observer = address.observer;
    this.#session = session;
    this.#owned = ownedName(address);
    this.#options = options;
    this.#register = registrationOf(address, options);
    const { concurrency = DEFAULT_CONCURRENCY, isPermanent = () => false } = options;
    if (checkNumber('concurrency', concurrency) === 0) throw invalidField('concurrency', 'is 0');
    const handling = {
      observer: address.observer,
      handler: session.propagate
        ? passingOn(plainHandler(options), {
            destination: options.sequence ?? DEFAULT_SEQUENCE,
            consumer: address.observer,
          })
        : plainHandler(options),
      isPermanent,
      handled: (events: number) => (this.#handled += events),
    };
    this.#schedule = new DeliverySchedule(handling, concurrency);
    this.#ending = new Cancellation(session.connection.closed, options.signal);
    const forget = session.stopsFirst(async () => this.stop());
    void this.#live().finally(forget);
  }

  /** What the server answered to the first registration. Rejects when the observation ended before. */
  get registered(): Promise<Registered> {
    return this.#outcome.registered;
  }

  /** Resolves when the observation has ended as it was asked to; rejects with what ended it otherwise. */
  get done(): Promise<void> {
    return this.#outcome.done;
  }

  get state(): ObservationState {
    return this.#state;
  }

  /** Events that this client has handled. */
  get handled(): number {
    return this.#handled;
  }

  /** Where the observer stood when this client last registered: every matching event below it is handled or held. */
  get position(): number | undefined {
    return this.#position;
  }

  /**
   * Takes nothing new, finishes the events that are being handled, acknowledges them, and ends. What
   * had come and was not begun goes to other clients. Never rejects; `done` tells.
   */
  async stop({ timeoutMs = STOP_WITHIN_MS }: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(timeoutMs);
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(timeoutMs: number): Promise<void> {
    if (this.#state !== 'ended') {
      this.#tell('stopping');
      this.#stopping.abort(new AnnalsError('CANCELLED'));
      this.#stream?.leave();
      await atMost(timeoutMs, this.#schedule.windDown(), this.#ending.signal);
      this.#schedule.takeBackAll();
      this.#stream?.end();
    }
    await this.#outcome.done.catch(() => undefined);
  }

  async #live(): Promise<void> {
    const progress = setInterval(() => {
      this.#schedule.tellProgress();
    }, PROGRESS_MS);
    const endNow = () => {
      this.#schedule.takeBackAll();
      this.#stream?.cancel();
    };
    const { signal } = this.#ending;
    signal.addEventListener('abort', endNow, { once: true });
    let failure: AnnalsError | undefined;
    try {
      await this.#registerAgainAndAgain();
    } catch (error) {
      if (!signal.aborted && !this.#stopping.signal.aborted) failure = callFailure(error).error;
    } finally {
      clearInterval(progress);
      this.#schedule.takeBackAll();
      // A handler that is still at work finds nobody to give a new delivery to it.
      void this.#schedule.windDown();
      this.#ending.release();
    }
    this.#tell('ended', failure);
    this.#outcome.end(failure ?? (signal.aborted ? reasonOf(signal) : new AnnalsError('CANCELLED')), failure);
  }

  /** Returns when the observation was stopped; throws what ends it. */
  async #registerAgainAndAgain(): Promise<void> {
    const waiting = new Cancellation(this.#ending.signal, this.#stopping.signal);
    const life = {
      owners: this.#session.owners,
      owned: this.#owned,
      begin: (link: Link, registered: () => void) => (this.#stream = this.#observe(link, registered)),
      over: () => {
        this.#stream = undefined;
        this.#schedule.takeBackAll();
      },
      interrupted: (state: 'waiting' | 'reconnecting', reason: AnnalsError) => {
        this.#tell(state, reason);
      },
      waits: this.#options.onDefinitionInUse !== 'fail',
    };
    try {
      await stayRegistered(life, waiting.signal);
    } finally {
      waiting.release();
    }
  }

  #observe(link: Link, taken: () => void): RegisteredStream {
    return observeStream(link, this.#register, {
      registered: (registered) => {
        taken();
        this.#position = registered.position;
        this.#outcome.register(registered);
        this.#tell('observing');
      },
      deliver: (deliveries, answer) => {
        this.#schedule.receive(deliveries, answer);
      },
    });
  }

  #tell(state: ObservationState, reason?: AnnalsError): void {
    // Whatever happens while it stops, it stops.
    if (this.#state === 'stopping' && state !== 'ended') return;
    const repeated = this.#state === state;
    this.#state = state;
    if (!repeated) this.#options.onStateChange?.(state, reason);
  }
}

/** What an owner is remembered by: the same for a stream and for a call about the observer. */
export const ownedName = ({ store, namespace, observer }: ObserverAddress): string =>
  `${store}/${namespace}/${observer}`;
