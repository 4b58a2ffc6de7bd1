import { dateOf } from '../contract/seconds-and-nanos';
import type { ServerDiagnoseResponse__Output } from '../contract/generated/annals/v1/ServerDiagnoseResponse';
import type { ServerGetInfoResponse__Output } from '../contract/generated/annals/v1/ServerGetInfoResponse';
import { DEFAULT_SEQUENCE, SYSTEM_SEQUENCE, checkName } from '../kernel/names';
import { CONFIGURE_STORE, DIAGNOSE, ENSURE_STORE, GET_INFO, LIST_SEQUENCES, LIST_STORES } from './calls';
import { parseConnectionString, type ConnectionString } from './connection-string';
import { Constraints } from './constraints/constraints';
import { EventTypes } from './event-types/event-types';
import { Correlation } from './correlation/correlation';
import { Identities } from './identities/identities';
import { Jobs } from './jobs/jobs';
import type { Observable } from 'rxjs';
import type { AnyTypes, ObserveOptions } from './observe/handlers';
import { Observation } from './observe/observation';
import { observe$, type ObserveRxOptions } from './observe/observe-rx';
import { Links } from './links/links';
import { Observers } from './observe/observers';
import { OrderedSequences } from './ordered-sequences/ordered-sequences';
import type { ReduceOptions } from './reduce/options';
import { Reduction } from './reduce/reduction';
import { EventSequence } from './sequence';
import { Session, type ConnectOptions } from './session';
import type { CallOptions } from './unary';

/** The client's front door. */

export interface StoreInfo {
  readonly name: string;
  readonly namespaces: readonly string[];
  /** Events of types that are not registered are refused. */
  readonly strict: boolean;
}

export interface ServerInfo {
  readonly version: string;
  /** This server among those on the same database. */
  readonly serverId: string;
  /** Where clients reach it. */
  readonly address: string;
  readonly started: Date;
  readonly mongodbVersion: string;
  readonly mongodbEmbedded: boolean;
  /** Where an embedded MongoDB keeps its data, on the server's machine; empty otherwise. */
  readonly dataFolder: string;
  readonly features: readonly string[];
  /** Resident memory, in bytes. */
  readonly memoryBytes: number;
  /** The same for all servers on the same database, and for no others. */
  readonly deploymentId: string;
}

export interface Finding {
  /** What was looked at, such as `mongodb` or `disk`. */
  readonly subject: string;
  readonly health: 'ok' | 'warning' | 'failing' | 'unspecified';
  readonly message: string;
  /** What to do next; empty when nothing needs doing. */
  readonly remedy: string;
}

export interface Diagnosis {
  readonly findings: readonly Finding[];
  /** The server's clock. */
  readonly now: Date;
}

export interface SequenceInfo {
  readonly name: string;
  /** Absent: it has no event yet. */
  readonly tail: number | undefined;
}

/**
 * A client for one store and namespace. Nothing is dialled until the first call; `close` (or
 * `await using`) ends it.
 *
 * @example
 * const annals = connect('annals://127.0.0.1:4400/shop?namespace=acme');
 * await annals.eventLog.append({ type: 'OrderPlaced', eventSourceId: 'order-17', content: { total: 42 } });
 * for await (const event of annals.eventLog.subscribe()) console.log(event.type, event.content);
 *
 * @throws {AnnalsError} INVALID_CONNECTION_STRING, naming the part
 */
export const connect = (connectionString: string, options: ConnectOptions = {}): Annals =>
  new Annals(parseConnectionString(connectionString), options);

export class Annals {
  readonly store: string;
  readonly namespace: string;
  private readonly session: Session;

  /** @internal Use `connect`. */
  constructor({ hosts, store, namespace }: ConnectionString, options: ConnectOptions) {
    this.store = store;
    this.namespace = namespace;
    this.session = new Session(hosts, options);
  }

  /** Everything that happened in this microservice. */
  get eventLog(): EventSequence {
    return this.sequence(DEFAULT_SEQUENCE);
  }

  /** What other microservices may know. */
  get outbox(): EventSequence {
    return this.sequence('outbox');
  }

  /** What other microservices' outboxes told. */
  get inbox(): EventSequence {
    return this.sequence('inbox');
  }

  /** The server's own events about what was administered. Read only. */
  get system(): EventSequence {
    return this.sequence(SYSTEM_SEQUENCE);
  }

  /** An event sequence by its name: a well-known one, or one of your own, which begins with its first event. */
  sequence(name: string): EventSequence {
    const { store, namespace } = this;
    return new EventSequence(this.session, { store, namespace, sequence: checkName(name, 'sequence.sequence') });
  }

  /** The event sequences of this namespace and how far each has come. */
  async listSequences(options: CallOptions = {}): Promise<SequenceInfo[]> {
    const { store, namespace } = this;
    const { sequences } = await this.session.unary(LIST_SEQUENCES, { store, namespace }, options);
    return sequences.map(({ name, tail }) => ({ name, tail }));
  }

  /**
   * Observes under an id: the server keeps the offset, tries again what failed, and shares the
   * partitions among all clients under the same id. Events of a partition are handled in order, one at
   * a time; partitions beside each other. At least once: `context.redelivery` and `context.replay` say
   * when an event may have been handled before.
   *
   * @example
   * const observation = annals.observe<{ 'order.placed': OrderPlaced }>('mailer', {
   *   on: { 'order.placed': async (event, context) => mail(event.content.customer, context.signal) },
   * });
   * await observation.registered;
   *
   * @throws {AnnalsError} INVALID_FIELD and its like, naming the option; what the server refuses, `done` tells
   */
  observe<Types extends object = AnyTypes>(id: string, options: ObserveOptions<NoInfer<Types>>): Observation {
    const { store, namespace } = this;
    return new Observation(this.session, { store, namespace, observer: id }, options);
  }

  /**
   * `observe` with rxjs: the handlers return Observables, whose values are emitted; an event is handled
   * when its Observable completes. Begins with each subscriber, and ends when that one leaves.
   */
  observe$<Types extends object = AnyTypes, Out = unknown>(
    id: string,
    options: ObserveRxOptions<NoInfer<Types>, Out>,
  ): Observable<Out> {
    return observe$<Types, Out>((plain) => this.observe<object>(id, plain), options);
  }

  /**
   * Folds events by their source into a read model in a MongoDB collection of the program's own, each
   * event exactly once: its number is written with the state it leads to. The server keeps the offset,
   * as it does for any observer; `rebuild` makes the model anew.
   *
   * @example
   * const orders = annals.reduce<Order, ShopEvents>('orders', {
   *   db: new MongoClient(url).db('shop'),
   *   collection: 'orders',
   *   initial: { paid: false, total: 0 },
   *   on: { 'order.placed': (order, { content }) => ({ ...order, total: content.total }) },
   * });
   *
   * @throws {AnnalsError} INVALID_FIELD and its like, naming the option; what the server refuses, `done` tells
   */
  reduce<State extends object, Types extends object = AnyTypes>(
    id: string,
    options: ReduceOptions<State, NoInfer<Types>>,
  ): Reduction {
    const { session, store, namespace, observers } = this;
    const sequence = this.sequence(options.sequence ?? DEFAULT_SEQUENCE);
    // From here on a state is a document, and an event one of those that its filter selects.
    const plain = options as unknown as ReduceOptions<object, object>;
    return new Reduction({ session, store, namespace, observers, sequence }, id, plain);
  }

  /** All observers of this namespace: where they stand, what failed, replays. */
  get observers(): Observers {
    const { store, namespace } = this;
    return new Observers(this.session, { store, namespace });
  }

  /** What brings other stores' outboxes into this namespace's inbox. */
  get links(): Links {
    const { store, namespace } = this;
    return new Links(this.session, { store, namespace });
  }

  /** Who caused what: traces of whole operations, also across links. */
  get correlation(): Correlation {
    const { store, namespace } = this;
    return new Correlation(this.session, { store, namespace });
  }

  /** Who the ids in `causedBy` are. */
  get identities(): Identities {
    return new Identities(this.session, this.store);
  }

  /** Sets of events that are processed in a given order, all or nothing: sagas. */
  get orderedSequences(): OrderedSequences {
    const { store, namespace } = this;
    return new OrderedSequences(this.session, { store, namespace });
  }

  /** The types of this store's events: their schemas, generations and migrations. */
  get eventTypes(): EventTypes {
    const { session, store, namespace } = this;
    return new EventTypes(session, this.jobs, { store, namespace });
  }

  /** The rules of this store that hold across event sources, such as unique values. */
  get constraints(): Constraints {
    return new Constraints(this.session, this.jobs, this.store);
  }

  /** Long work of this store: how far it is, and how it ended. */
  get jobs(): Jobs {
    return new Jobs(this.session, this.store);
  }

  readonly stores = {
    /** Makes a store and its namespaces unless they are there. Every store has the namespace `default`. */
    ensure: async (
      store: string,
      { namespaces = [], ...options }: CallOptions & { readonly namespaces?: readonly string[] | undefined } = {},
    ): Promise<{ store: StoreInfo; created: boolean }> => {
      const request = { store, namespaces: [...namespaces] };
      const { store: made, created } = await this.session.unary(ENSURE_STORE, request, options);
      return { store: made ?? { name: store, namespaces: [], strict: false }, created };
    },

    list: async (options: CallOptions = {}): Promise<StoreInfo[]> =>
      (await this.session.unary(LIST_STORES, {}, options)).stores,

    /** Changes how a store behaves; what is not given stays. `strict` refuses events of types that are not registered. */
    configure: async (
      store: string,
      { strict, ...options }: CallOptions & { readonly strict?: boolean | undefined },
    ): Promise<StoreInfo> => {
      const request = { store, ...(strict === undefined ? {} : { strict }) };
      const { store: configured } = await this.session.unary(CONFIGURE_STORE, request, options);
      return configured ?? { name: store, namespaces: [], strict: strict ?? false };
    },
  };

  readonly server = {
    info: async (options: CallOptions = {}): Promise<ServerInfo> =>
      serverInfo(await this.session.unary(GET_INFO, {}, options)),

    /** Looks at what the server stands on, now, and says what to do where it is not well. */
    diagnose: async (options: CallOptions = {}): Promise<Diagnosis> =>
      diagnosis(await this.session.unary(DIAGNOSE, {}, options)),
  };

  /** Stops its observations gracefully and waits for the appends that were called before; reads, subscriptions and other calls end with CLIENT_CLOSED. */
  async close(): Promise<void> {
    await this.session.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

const serverInfo = ({ started, ...info }: ServerGetInfoResponse__Output): ServerInfo => ({
  ...info,
  started: dateOf(started) ?? EPOCH,
});

const HEALTH = {
  HEALTH_UNSPECIFIED: 'unspecified',
  HEALTH_OK: 'ok',
  HEALTH_WARNING: 'warning',
  HEALTH_FAILING: 'failing',
} as const;

/** In place of a time that the server left out. */
const EPOCH = new Date(0);

const diagnosis = ({ findings, now }: ServerDiagnoseResponse__Output): Diagnosis => ({
  findings: findings.map((finding) => ({ ...finding, health: HEALTH[finding.health] })),
  now: dateOf(now) ?? EPOCH,
});
