/** The service `Correlation`: translation between the wire and who looks up what caused what. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Correlation } from '../../observers/correlation/correlation';
import type { Gap } from '../../observers/correlation/found';
import { NOTHING_TOLD, type TraceItem } from '../../observers/correlation/items';
import type { Reach } from '../../observers/correlation/lookups';
import { parsedPeers } from '../../observers/correlation/peers';
import type { TraceAbout } from '../../observers/correlation/trace';
import { CORRELATION } from '../../observers/correlation/tuning';
import type { CausesRequest__Output } from '../contract/generated/annals/v1/CausesRequest';
import type { CorrelationRebuildRequest__Output } from '../contract/generated/annals/v1/CorrelationRebuildRequest';
import type { EffectsRequest__Output } from '../contract/generated/annals/v1/EffectsRequest';
import type { GetProgressRequest__Output } from '../contract/generated/annals/v1/GetProgressRequest';
import type { LookRequest__Output } from '../contract/generated/annals/v1/LookRequest';
import type { NamespaceRef__Output } from '../contract/generated/annals/v1/NamespaceRef';
import type { Reach__Output } from '../contract/generated/annals/v1/Reach';
import type { TraceRequest__Output } from '../contract/generated/annals/v1/TraceRequest';
import { messageCodec } from '../contract/services';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { checkName, DEFAULT_NAMESPACE, DEFAULT_STORE } from '../kernel/names';
import { required } from '../sequences/field-checks';
import { serverStream, unary } from './calls';
import { gapMessage, sequenceNodes } from './correlation-messages';
import { decoding, takingBytes } from './decode-request';
import { TraceNodeBytes } from './trace-node-bytes';

const SERVICE = 'Correlation';

export const correlationDefinition = (): ServiceDefinition =>
  takingBytes(SERVICE, ['Trace', 'Causes', 'Effects', 'Look']);

const traceCodec = messageCodec<object>('TraceResponse');
const causesCodec = messageCodec<object>('CausesResponse');
const effectsCodec = messageCodec<object>('EffectsResponse');
const lookCodec = messageCodec<object>('LookResponse');

/** Nodes in an answer, and how far it goes up and down, unless the caller says otherwise. */
const NODES = 1_000;
const DEPTH = 1_000;

export function correlation(correlations: Correlation, logger: Logger): UntypedServiceImplementation {
  const ours = correlations.deployment;
  function* messages(
    codec: typeof traceCodec,
    items: readonly TraceItem[],
    last: { readonly gaps: readonly Gap[]; readonly nextPageToken?: string },
  ): Generator<Buffer> {
    const bytes = new TraceNodeBytes(ours);
    for (let i = 0; ; i += CORRELATION.messageNodes) {
      const nodes = bytes.nodes(items.slice(i, i + CORRELATION.messageNodes));
      const isLast = i + CORRELATION.messageNodes >= items.length;
      // The fields of a message may come in any number of pieces.
      yield isLast ? Buffer.concat([nodes, codec.encode({ ...last, gaps: last.gaps.map(gapMessage) })]) : nodes;
      if (isLast) return;
    }
  }
  async function* trace(request: TraceRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    const wanted = {
      about: aboutOf(request),
      size: bounded(request.pageSize, 'page_size', NODES, LIMITS.nodesPerTrace),
      token: request.pageToken,
      sequenceLog: request.sequenceLog,
    };
    const {
      items,
      gaps,
      next: nextPageToken,
    } = await correlations.trace(namespaceOf(request.namespace), wanted, reachOf(request.reach), signal);
    yield* messages(traceCodec, items, { gaps, nextPageToken });
  }
  async function* causes(request: CausesRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { namespace, reach } = request;
    const depth = bounded(request.depth, 'depth', DEPTH, LIMITS.traceDepth);
    const id = eventIdOf(request.eventId);
    const found = await correlations.causes(namespaceOf(namespace), id, depth, reachOf(reach), signal);
    yield* messages(causesCodec, found.items, found);
  }
  async function* effects(request: EffectsRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { namespace, reach } = request;
    const depth = bounded(request.depth, 'depth', DEPTH, LIMITS.traceDepth);
    const limit = bounded(request.limit, 'limit', NODES, LIMITS.nodesPerTrace);
    const id = eventIdOf(request.eventId);
    const found = await correlations.effects(namespaceOf(namespace), id, { depth, limit }, reachOf(reach), signal);
    yield* messages(effectsCodec, found.items, found);
  }
  const getProgress = async ({ namespace }: GetProgressRequest__Output) => ({
    sequences: await correlations.progress(namespaceOf(namespace)),
  });
  const rebuild = async ({ namespace }: CorrelationRebuildRequest__Output) => {
    await correlations.rebuild(namespaceOf(namespace));
    return {};
  };
  const look = async (request: LookRequest__Output, { signal }: { readonly signal: AbortSignal }) => {
    const { reach, correlationId, eventIds, causationIds, pageToken: token, sequenceLog } = request;
    few(eventIds, 'event_ids');
    few(causationIds, 'causation_ids');
    const from = reach?.linkedFrom;
    const wanted = {
      eventIds,
      causationIds,
      correlationId,
      token,
      limit: bounded(request.limit, 'limit', NODES, LIMITS.nodesPerTrace),
      sequenceLog,
      waitMs: Math.min(request.waitMs || CORRELATION.serverMs, CORRELATION.serverMs),
      linkedFrom: from ? { deployment: from.deployment, namespaces: from.namespaces } : undefined,
    };
    const hops = Math.min(request.hops, LIMITS.hopsPerTrace);
    const looked = await correlations.look(namespaceOf(request.namespace), wanted, { ...reachOf(reach), hops }, signal);
    const { nodes, told, sequences, gaps, next } = looked;
    // To another server every deployment is named, since it has one of its own.
    const events = new TraceNodeBytes(undefined).seen(nodes, told, NOTHING_TOLD);
    const rest = { gaps: gaps.map(gapMessage), nextPageToken: next, sequences: sequenceNodes(sequences) };
    return Buffer.concat([events, lookCodec.encode({ ...rest, deployment: ours })]);
  };
  return {
    Trace: serverStream(logger, decoding(SERVICE, 'Trace', trace)),
    Causes: serverStream(logger, decoding(SERVICE, 'Causes', causes)),
    Effects: serverStream(logger, decoding(SERVICE, 'Effects', effects)),
    GetProgress: unary(logger, decoding(SERVICE, 'GetProgress', getProgress)),
    Rebuild: unary(logger, decoding(SERVICE, 'Rebuild', rebuild)),
    Look: unary(logger, decoding(SERVICE, 'Look', look)),
  };
}

const namespaceOf = (ref: NamespaceRef__Output | null) => ({
  store: checkName(ref?.store || DEFAULT_STORE, 'namespace.store'),
  namespace: checkName(ref?.namespace || DEFAULT_NAMESPACE, 'namespace.namespace'),
});

function reachOf(reach: Reach__Output | null): Reach {
  const { local = false, peers = [], hops = 0, visited = [] } = reach ?? {};
  // Each is behind the one before it.
  bounded(visited.length, 'reach.visited', 0, LIMITS.hopsPerTrace);
  return {
    local,
    peers: parsedPeers(peers),
    hops: bounded(hops, 'reach.hops', CORRELATION.hops, LIMITS.hopsPerTrace),
    visited,
  };
}

function aboutOf({ about, correlationId = '', eventId = '' }: TraceRequest__Output): TraceAbout {
  if (about === 'eventId') return { kind: 'event', id: eventIdOf(eventId) };
  return {
    kind: 'correlation',
    id: required(correlationId, 'correlation_id', LIMITS.metadataIdLength),
  };
}

const eventIdOf = (id: string): string => required(id, 'event_id', LIMITS.eventIdLength);

/** @param usual what 0 means. */
function bounded(value: number, field: string, usual: number, limit: number): number {
  if (value <= limit) return value || usual;
  throw new AnnalsError('INVALID_FIELD', `${field} is ${value}; the limit is ${limit}`, {
    field,
    metadata: { limit: String(limit), actual: String(value) },
  });
}

function few(ids: readonly string[], field: string): void {
  bounded(ids.length, field, 0, LIMITS.nodesPerTrace);
}
