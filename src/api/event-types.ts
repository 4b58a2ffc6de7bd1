/** The service `EventTypes`: translation between the wire and the registry. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { EventTypesGetRequest__Output } from '../contract/generated/annals/v1/EventTypesGetRequest';
import type { EventTypesListRequest__Output } from '../contract/generated/annals/v1/EventTypesListRequest';
import type { EventTypesRegisterRequest__Output } from '../contract/generated/annals/v1/EventTypesRegisterRequest';
import type { EventTypesWatchRequest__Output } from '../contract/generated/annals/v1/EventTypesWatchRequest';
import type { PreviewMigrationRequest__Output } from '../contract/generated/annals/v1/PreviewMigrationRequest';
import type { WriteGenerationsRequest__Output } from '../contract/generated/annals/v1/WriteGenerationsRequest';
import { messageCodec } from '../contract/services';
import type { EventTypeRegistry } from '../event-types/registry';
import type { JobRunner } from '../jobs/job-runner';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_STORE } from '../kernel/names';
import { previewMigration } from '../sequences/preview-migration';
import type { Sequences } from '../sequences/sequences';
import { WRITE_GENERATIONS } from '../sequences/write-generations';
import { serverStream, unary } from './calls';
import { decoding, takingBytes } from './decode-request';
import { definitionOf, eventTypeMessage } from './event-type-messages';
import { jobMessage } from './job-messages';
import { addressOf } from './requests';

const SERVICE = 'EventTypes';

const watchCodec = messageCodec<object>('EventTypesWatchResponse');

export const eventTypesDefinition = (): ServiceDefinition => takingBytes(SERVICE, ['Watch']);

export interface EventTypesDependencies {
  readonly types: EventTypeRegistry;
  readonly sequences: Sequences;
  readonly jobs: JobRunner;
  readonly logger: Logger;
}

export function eventTypes({ types, sequences, jobs, logger }: EventTypesDependencies): UntypedServiceImplementation {
  const register = async ({ store, types: wire, dryRun }: EventTypesRegisterRequest__Output) => {
    const definitions = wire.map((definition, i) => definitionOf(definition, `types[${i}]`));
    const outcomes = await types.register(store || DEFAULT_STORE, definitions, dryRun);
    return { types: outcomes.map((outcome) => ({ ...outcome, unchanged: outcome.changes.length === 0 })) };
  };
  const list = async ({ store }: EventTypesListRequest__Output) => ({
    types: (await types.list(store || DEFAULT_STORE)).map(eventTypeMessage),
  });
  const get = async ({ store, type }: EventTypesGetRequest__Output) => ({
    type: eventTypeMessage(await types.get(store || DEFAULT_STORE, type)),
  });
  async function* watch({ store }: EventTypesWatchRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    for await (const news of types.watch(store || DEFAULT_STORE, signal)) {
      yield watchCodec.encode({ types: news.map(eventTypeMessage) });
    }
  }
  const preview = async (request: PreviewMigrationRequest__Output) => {
    const { store, namespace, sequence } = request;
    const previews = await previewMigration(types, sequences, {
      address: addressOf({ store, namespace, sequence }),
      type: typeOf(request),
      from: request.from,
      to: request.to,
      input: inputOf(request),
    });
    return {
      previews: previews.map(({ sequenceNumber, before, after = '', faults }) => {
        const texts = { before, after, faults };
        return sequenceNumber === undefined ? texts : { sequenceNumber, ...texts };
      }),
    };
  };
  const writeGenerations = async ({ store: given, type }: WriteGenerationsRequest__Output) => {
    const store = given || DEFAULT_STORE;
    // It says by itself that there is no such store or type.
    await (type === '' ? types.list(store) : types.get(store, type));
    const job = await jobs.start({ kind: WRITE_GENERATIONS, store, namespace: '', subject: type });
    return { job: jobMessage(job, Date.now()) };
  };
  return {
    Register: unary(logger, decoding(SERVICE, 'Register', register)),
    List: unary(logger, decoding(SERVICE, 'List', list)),
    Get: unary(logger, decoding(SERVICE, 'Get', get)),
    Watch: serverStream(logger, decoding(SERVICE, 'Watch', watch)),
    PreviewMigration: unary(logger, decoding(SERVICE, 'PreviewMigration', preview)),
    WriteGenerations: unary(logger, decoding(SERVICE, 'WriteGenerations', writeGenerations)),
  };
}

function typeOf({ definition, type }: PreviewMigrationRequest__Output) {
  if (definition !== null && type === '') return definitionOf(definition, 'definition');
  if (definition === null && type !== '') return type;
  throw new AnnalsError('INVALID_FIELD', 'either definition or type says which migrations are meant, and one alone', {
    field: 'type',
  });
}

function inputOf({ input, content, lastEvents }: PreviewMigrationRequest__Output) {
  if (input === 'content') return { content: content ?? '' };
  if (input === 'lastEvents') return { lastEvents: lastEvents ?? 0 };
  throw new AnnalsError('INVALID_FIELD', 'content or last_events says what is to be cast', { field: 'content' });
}
