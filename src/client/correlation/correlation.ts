import type { CausesRequest } from '../../contract/generated/annals/v1/CausesRequest';
import type { CausesResponse__Output } from '../../contract/generated/annals/v1/CausesResponse';
import type { CorrelationRebuildRequest } from '../../contract/generated/annals/v1/CorrelationRebuildRequest';
import type { EffectsRequest } from '../../contract/generated/annals/v1/EffectsRequest';
import type { EffectsResponse__Output } from '../../contract/generated/annals/v1/EffectsResponse';
import type { GetProgressRequest } from '../../contract/generated/annals/v1/GetProgressRequest';
import type { GetProgressResponse__Output } from '../../contract/generated/annals/v1/GetProgressResponse';
import type { TraceRequest } from '../../contract/generated/annals/v1/TraceRequest';
import type { TraceResponse__Output } from '../../contract/generated/annals/v1/TraceResponse';
import { call as callOf, type Call } from '../calls';
import { checkNumber, checkText, invalidField } from '../field-checks';
import type { Session } from '../session';
import type { CallOptions } from '../unary';
import { Trace, type NodesMessage, type PageCall } from './trace';

/** Who caused what: the operations that events belong to, in this store and across its links. */

const TRACE = callOf<TraceRequest, TraceResponse__Output>('Correlation', 'Trace');
const CAUSES = callOf<CausesRequest, CausesResponse__Output>('Correlation', 'Causes');
const EFFECTS = callOf<EffectsRequest, EffectsResponse__Output>('Correlation', 'Effects');
const GET_PROGRESS = callOf<GetProgressRequest, GetProgressResponse__Output>('Correlation', 'GetProgress');
const REBUILD = callOf<CorrelationRebuildRequest, object>('Correlation', 'Rebuild');

/** How far a question goes beyond the namespace. */
export interface ReachOptions {
  /** Stays in the namespace. */
  readonly local?: boolean | undefined;
  /**
   * Other Annals servers that are asked too, as `annals://host:port[,host:port]`: those that take from this one are
   * not known here. With `/store?namespace=…` that namespace is asked of, otherwise those that have links from here.
   */
  readonly peers?: readonly string[] | undefined;
  /** Servers that may be behind each other. 8 unless given. */
  readonly hops?: number | undefined;
}

/** A whole operation, or what is around an event. */
export type TraceAbout =
  | { readonly correlationId: string; readonly eventId?: undefined }
  | { readonly eventId: string; readonly correlationId?: undefined };

export type TraceOptions = TraceAbout &
  ReachOptions &
  CallOptions & {
    /** Nodes that one call brings. 1,000 unless given; at most 10,000. */
    readonly pageSize?: number | undefined;
    /** The log of ordered sequences too, an event each. */
    readonly sequenceLog?: boolean | undefined;
  };

export type CausesOptions = ReachOptions &
  CallOptions & {
    /** How far up. 1,000 unless given. */
    readonly depth?: number | undefined;
  };

export type EffectsOptions = CausesOptions & {
  /** Nodes in the answer. 1,000 unless given; at most 10,000. */
  readonly limit?: number | undefined;
};

/** How far the projection has come in one event sequence. */
export interface SequenceProgress {
  readonly sequence: string;
  /** Every event below it is in the projection. */
  readonly position: number;
  /** The sequence's last number; undefined: it has no event yet. */
  readonly tail: number | undefined;
}

export class Correlation {
  readonly #session: Session;
  readonly #namespace: { readonly store: string; readonly namespace: string };

  /** @internal Use `annals.correlation`. */
  constructor(session: Session, namespace: { readonly store: string; readonly namespace: string }) {
    this.#session = session;
    this.#namespace = namespace;
  }

  /**
   * Everything under a correlation id, or around an event, also where it was relayed to. What was named as a cause and
   * is found nowhere comes as `missing`; where nobody could look, `gaps` says.
   *
   * @example
   * const trace = annals.correlation.trace({ correlationId: 'order-17-checkout' });
   * for await (const node of trace) console.log(node.depth, node.type, node.causedBy?.name);
   * console.log(trace.gaps);
   */
  trace({ signal, timeoutMs, ...about }: TraceOptions): Trace {
    const { correlationId, eventId, pageSize = 0, sequenceLog = false } = about;
    if ((correlationId === undefined) === (eventId === undefined)) {
      throw invalidField('about', 'is a correlationId or an eventId, one of them');
    }
    const request: TraceRequest = {
      namespace: this.#namespace,
      ...(correlationId === undefined
        ? { eventId: checkText('event_id', eventId ?? '') }
        : { correlationId: checkText('correlation_id', correlationId) }),
      reach: reachOf(about),
      pageSize: checkNumber('page_size', pageSize),
      sequenceLog,
    };
    return this.#nodes(TRACE, (pageToken) => ({ ...request, pageToken }), { signal, timeoutMs });
  }

  /** What led to an event: itself, then its cause, and so on up to the root. */
  causes(eventId: string, { signal, timeoutMs, depth = 0, ...reach }: CausesOptions = {}): Trace {
    const request: CausesRequest = {
      namespace: this.#namespace,
      eventId: checkText('event_id', eventId),
      reach: reachOf(reach),
      depth: checkNumber('depth', depth),
    };
    return this.#nodes(CAUSES, () => request, { signal, timeoutMs });
  }

  /** What came of an event: itself, and everything under it. */
  effects(eventId: string, { signal, timeoutMs, depth = 0, limit = 0, ...reach }: EffectsOptions = {}): Trace {
    const request: EffectsRequest = {
      namespace: this.#namespace,
      eventId: checkText('event_id', eventId),
      reach: reachOf(reach),
      depth: checkNumber('depth', depth),
      limit: checkNumber('limit', limit),
    };
    return this.#nodes(EFFECTS, () => request, { signal, timeoutMs });
  }

  /** How far the projection has come in each event sequence of this namespace. */
  async progress(options: CallOptions = {}): Promise<SequenceProgress[]> {
    const { sequences } = await this.#session.unary(GET_PROGRESS, { namespace: this.#namespace }, options);
    return sequences.map(({ sequence, position, tail }) => ({ sequence, position, tail }));
  }

  /** Drops the projection of this namespace; it is made anew from the log. */
  async rebuild(options: CallOptions = {}): Promise<void> {
    await this.#session.unary(REBUILD, { namespace: this.#namespace }, options);
  }

  #nodes<Request, Response extends NodesMessage>(
    call: Call<Request, Response>,
    request: (pageToken: string) => Request,
    options: CallOptions,
  ): Trace {
    this.#session.checkOpen();
    const page: PageCall = {
      path: call.path,
      request: (pageToken) => call.encode(request(pageToken)),
      decode: (bytes) => call.decode(bytes),
    };
    return new Trace(this.#session, page, options);
  }
}

const reachOf = ({ local = false, peers = [], hops = 0 }: ReachOptions) => ({
  local,
  peers: peers.map((peer, i) => checkText(`reach.peers[${i}]`, peer)),
  hops: checkNumber('reach.hops', hops),
});
