/** The service `OrderedSequences`: translation between the wire and the ordered sequences of this server. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { definitionJson, parseDefinition } from '../../observers/ordered-sequences/definition';
import type { From, OrderedSequences } from '../../observers/ordered-sequences/ordered-sequences';
import { parseDocument } from '../../observers/ordered-sequences/parse-document';
import { parseJson, parseJsonObject } from '../../observers/ordered-sequences/parse-json';
import { ORDERED_SEQUENCES } from '../../observers/ordered-sequences/tuning';
import type { ScopeError } from '../../observers/rollback/scope';
import type { AuditRequest__Output } from '../contract/generated/annals/v1/AuditRequest';
import type { DefineRequest__Output } from '../contract/generated/annals/v1/DefineRequest';
import type { GetStatisticsRequest__Output } from '../contract/generated/annals/v1/GetStatisticsRequest';
import type { ListDefinitionsRequest__Output } from '../contract/generated/annals/v1/ListDefinitionsRequest';
import type { OrderedSequencesCreateRequest__Output } from '../contract/generated/annals/v1/OrderedSequencesCreateRequest';
import type { OrderedSequencesGetRequest__Output } from '../contract/generated/annals/v1/OrderedSequencesGetRequest';
import type { OrderedSequencesListRequest__Output } from '../contract/generated/annals/v1/OrderedSequencesListRequest';
import type { OrderedSequencesWatchRequest__Output } from '../contract/generated/annals/v1/OrderedSequencesWatchRequest';
import type { PreviewTemplateRequest__Output } from '../contract/generated/annals/v1/PreviewTemplateRequest';
import type { RebuildRequest__Output } from '../contract/generated/annals/v1/RebuildRequest';
import type { ResolveRequest__Output } from '../contract/generated/annals/v1/ResolveRequest';
import { messageCodec } from '../contract/services';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { atMost } from '../sequences/field-checks';
import { serverStream, unary } from './calls';
import { decoding, takingBytes } from './decode-request';
import {
  actionOf,
  auditMessage,
  bytesOf,
  filterOf,
  namespaceOf,
  outputOf,
  renderedMessage,
  sequenceMessage,
  statisticsMessage,
} from './ordered-sequence-messages';
import { process } from './process-stream';

const SERVICE = 'OrderedSequences';

export const orderedSequencesDefinition = (): ServiceDefinition =>
  takingBytes(SERVICE, ['Watch', 'Process', 'Audit', 'Rebuild']);

const watchCodec = messageCodec<object>('OrderedSequencesWatchResponse');
const auditCodec = messageCodec<object>('AuditResponse');
const rebuildCodec = messageCodec<object>('RebuildResponse');

export function orderedSequences(sequences: OrderedSequences, logger: Logger): UntypedServiceImplementation {
  const define = async ({ namespace, definition: bytes }: DefineRequest__Output) => {
    const definition = parseDefinition(bytes);
    const created = await sequences.define(namespaceOf(namespace), definition);
    return { name: definition.name, version: definition.version, created };
  };
  const listDefinitions = async ({ namespace, name }: ListDefinitionsRequest__Output) => ({
    definitions: (await sequences.definitions(namespaceOf(namespace), name)).map(definitionJson),
  });
  const create = async (request: OrderedSequencesCreateRequest__Output) => {
    const { found, created } = await sequences.create(namespaceOf(request.namespace), fromOf(request), request.dryRun);
    return { sequence: sequenceMessage(found), created };
  };
  const get = async ({ namespace, sequenceId }: OrderedSequencesGetRequest__Output) => ({
    sequence: sequenceMessage(await sequences.get(namespaceOf(namespace), named(sequenceId))),
  });
  const list = async ({ namespace, filter, pageSize, pageToken }: OrderedSequencesListRequest__Output) => {
    const page = { size: pageSize, token: pageToken };
    const found = await sequences.list(namespaceOf(namespace), filterOf(filter), page);
    return { sequences: found.sequences.map(sequenceMessage), nextPageToken: found.nextPageToken };
  };
  async function* watch(request: OrderedSequencesWatchRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { namespace, filter } = request;
    const sequenceId = atMost(request.sequenceId, 'sequence_id', LIMITS.sequenceIdLength);
    const watched = sequences.watch(namespaceOf(namespace), filterOf(filter), sequenceId, signal);
    for await (const { sequences: some, caughtUp } of watched) {
      // Made one by one: a hundred large ones at once would be a message that costs too much.
      let told: object[] = [];
      let bytes = 0;
      for (const one of some) {
        const message = sequenceMessage(one);
        told.push(message);
        bytes += bytesOf(message);
        if (bytes < ORDERED_SEQUENCES.messageBytes) continue;
        yield watchCodec.encode({ sequences: told, caughtUp: false });
        told = [];
        bytes = 0;
      }
      if (told.length > 0 || caughtUp) yield watchCodec.encode({ sequences: told, caughtUp });
    }
  }
  const resolve = async (request: ResolveRequest__Output) => {
    const { namespace, sequenceId, action, eventId, dryRun, output } = request;
    const { consequences, found } = await sequences.resolve(namespaceOf(namespace), named(sequenceId), {
      action: actionOf(action),
      eventId,
      who: atMost(request.who, 'who', LIMITS.metadataIdLength),
      why: atMost(request.why, 'why', LIMITS.reasonLength),
      output: output.length === 0 ? null : outputOf(output, 'output'),
      dryRun,
    });
    return { consequences: [...consequences], sequence: sequenceMessage(found) };
  };
  const preview = async ({ namespace, sequenceId, template, error }: PreviewTemplateRequest__Output) => {
    const rendered = await sequences.preview(namespaceOf(namespace), named(sequenceId), {
      template: template.length === 0 ? undefined : parseJson(template, 'template'),
      error: error.length === 0 ? undefined : errorOf(error),
    });
    return { rendered: rendered.map(renderedMessage) };
  };
  async function* audit({ namespace, sequenceId }: AuditRequest__Output): AsyncGenerator<Buffer> {
    const { auditEntries, messageBytes } = ORDERED_SEQUENCES;
    let entries: object[] = [];
    let bytes = 0;
    for await (const one of sequences.audit(namespaceOf(namespace), named(sequenceId))) {
      const entry = auditMessage(one);
      entries.push(entry);
      bytes += entry.facts?.length ?? 0;
      if (entries.length < auditEntries && bytes < messageBytes) continue;
      yield auditCodec.encode({ entries });
      entries = [];
      bytes = 0;
    }
    if (entries.length > 0) yield auditCodec.encode({ entries });
  }
  const statistics = async ({ namespace, name }: GetStatisticsRequest__Output) =>
    statisticsMessage(
      await sequences.statistics(namespaceOf(namespace), atMost(name, 'name', LIMITS.sequenceNameLength)),
    );
  async function* rebuild({ namespace }: RebuildRequest__Output): AsyncGenerator<Buffer> {
    let progress = { done: 0, of: 0 };
    let told = 0;
    let ended = false;
    let wake = (): void => undefined;
    const work = sequences
      .rebuild(namespaceOf(namespace), (done, of) => {
        progress = { done, of };
        wake();
      })
      .finally(() => {
        ended = true;
        wake();
      });
    // Its failure is told when it is awaited.
    work.catch(() => undefined);
    while (!ended) {
      if (progress.done === told) await new Promise<void>((more) => (wake = more));
      told = progress.done;
      if (!ended) yield rebuildCodec.encode({ ...progress, finished: false });
    }
    await work;
    yield rebuildCodec.encode({ ...progress, finished: true });
  }
  return {
    Define: unary(logger, decoding(SERVICE, 'Define', define)),
    ListDefinitions: unary(logger, decoding(SERVICE, 'ListDefinitions', listDefinitions)),
    Create: unary(logger, decoding(SERVICE, 'Create', create)),
    Get: unary(logger, decoding(SERVICE, 'Get', get)),
    List: unary(logger, decoding(SERVICE, 'List', list)),
    Watch: serverStream(logger, decoding(SERVICE, 'Watch', watch)),
    Process: process(sequences, logger),
    Resolve: unary(logger, decoding(SERVICE, 'Resolve', resolve)),
    PreviewTemplate: unary(logger, decoding(SERVICE, 'PreviewTemplate', preview)),
    Audit: serverStream(logger, decoding(SERVICE, 'Audit', audit)),
    GetStatistics: unary(logger, decoding(SERVICE, 'GetStatistics', statistics)),
    Rebuild: serverStream(logger, decoding(SERVICE, 'Rebuild', rebuild)),
  };
}

/** @throws AnnalsError INVALID_DOCUMENT, INVALID_FIELD */
function fromOf({ document, instance }: OrderedSequencesCreateRequest__Output): From {
  if (document) return { document: parseDocument(document) };
  if (!instance) throw new AnnalsError('INVALID_FIELD', 'document or instance is needed', { field: 'document' });
  const { name, version, key, sequenceId, metadata } = instance;
  return { instance: { name, version, key, metadata, ...(sequenceId === '' ? {} : { sequenceId }) } };
}

function errorOf(bytes: Buffer): ScopeError {
  const { code = '', message } = parseJsonObject(bytes, 'error');
  if (typeof code === 'string' && typeof message === 'string') return { code, message };
  throw new AnnalsError('INVALID_FIELD', 'error has `code` and `message`, both text', { field: 'error' });
}

function named(sequenceId: string): string {
  if (sequenceId !== '') return atMost(sequenceId, 'sequence_id', LIMITS.sequenceIdLength);
  throw new AnnalsError('INVALID_FIELD', 'sequence_id is empty', { field: 'sequence_id' });
}
