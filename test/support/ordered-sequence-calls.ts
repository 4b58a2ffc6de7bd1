/** The calls of the service OrderedSequences as any gRPC client makes them, and a processor that answers what a test decides on. */
import type * as grpc from '@grpc/grpc-js';
import type { AuditEntry__Output } from '../../src/contract/generated/annals/v1/AuditEntry';
import type { AuditResponse__Output } from '../../src/contract/generated/annals/v1/AuditResponse';
import type { OrderedSequence__Output } from '../../src/contract/generated/annals/v1/OrderedSequence';
import type { OrderedSequencesCreateResponse__Output } from '../../src/contract/generated/annals/v1/OrderedSequencesCreateResponse';
import type { OrderedSequencesGetResponse__Output } from '../../src/contract/generated/annals/v1/OrderedSequencesGetResponse';
import type { ProcessorRegister } from '../../src/contract/generated/annals/v1/ProcessorRegister';
import type { ProcessRequest } from '../../src/contract/generated/annals/v1/ProcessRequest';
import type { ProcessResponse__Output } from '../../src/contract/generated/annals/v1/ProcessResponse';
import type { ResolveRequest } from '../../src/contract/generated/annals/v1/ResolveRequest';
import type { ResolveResponse__Output } from '../../src/contract/generated/annals/v1/ResolveResponse';
import type { StepTask__Output } from '../../src/contract/generated/annals/v1/StepTask';
import type { SequenceDocument } from '../../src/contract/sequence-document';
import { awaitFact } from './await-fact';
import type { RawClient } from './raw-client';

const SERVICE = 'OrderedSequences';

export interface Shown {
  readonly sequence: OrderedSequence__Output;
  readonly document: SequenceDocument;
}

export class OrderedCalls {
  constructor(readonly client: RawClient) {}

  async call<Response>(method: string, request: object): Promise<Response> {
    return this.client.unary(SERVICE, method, request);
  }

  async stream<Response>(method: string, request: object): Promise<Response[]> {
    const call = this.client.openStream<Response>(method, request, {}, SERVICE);
    const all: Response[] = [];
    return new Promise((resolve, reject) => {
      call.on('data', (response: Response) => all.push(response));
      call.on('end', () => resolve(all));
      call.on('error', reject);
    });
  }

  async create(document: object): Promise<Shown & { readonly created: boolean }> {
    const answer = await this.call<OrderedSequencesCreateResponse__Output>('Create', {
      document: Buffer.from(JSON.stringify(document)),
    });
    return { ...shown(answer.sequence), created: answer.created };
  }

  async get(sequenceId: string): Promise<Shown> {
    return shown((await this.call<OrderedSequencesGetResponse__Output>('Get', { sequenceId })).sequence);
  }

  async resolve(request: ResolveRequest): Promise<ResolveResponse__Output> {
    return this.call('Resolve', request);
  }

  async audit(sequenceId: string): Promise<AuditEntry__Output[]> {
    return (await this.stream<AuditResponse__Output>('Audit', { sequenceId })).flatMap(({ entries }) => entries);
  }
}

export function shown(sequence: OrderedSequence__Output | null): Shown {
  if (sequence === null) throw new Error('there is no sequence in the answer');
  return { sequence, document: JSON.parse(sequence.document.toString('utf8')) as SequenceDocument };
}

export interface RawProcessor {
  readonly tasks: readonly StepTask__Output[];
  readonly revoked: readonly number[];
  /** What ended it; undefined while it is open. */
  readonly error: () => grpc.ServiceError | undefined;
  /** @param index of the task, in the order in which they came. */
  processed(index: number, output?: unknown): void;
  failed(
    index: number,
    failure: { readonly code?: string; readonly message?: string; readonly permanent?: boolean },
  ): void;
  write(request: ProcessRequest): void;
  close(): void;
}

/** A registered processor. */
export async function startProcessor(
  client: RawClient,
  eventTypes: string[],
  options: Omit<ProcessorRegister, 'eventTypes'> = {},
): Promise<RawProcessor> {
  const call = client.openDuplex<ProcessRequest, ProcessResponse__Output>('Process', SERVICE);
  const tasks: StepTask__Output[] = [];
  const revoked: number[] = [];
  let registered = false;
  let ended: grpc.ServiceError | undefined;
  call.on('data', (response: ProcessResponse__Output) => {
    registered ||= response.registered !== null;
    tasks.push(...response.tasks);
    revoked.push(...response.revoked);
  });
  call.on('error', (error: grpc.ServiceError) => (ended = error));
  call.write({ register: { eventTypes, ...options } });
  await awaitFact('the processor is registered', async () => {
    if (ended !== undefined) throw ended;
    return Promise.resolve(registered);
  });
  const taskId = (index: number): number => {
    const task = tasks[index];
    if (task === undefined) throw new Error(`there is no task ${index}`);
    return task.taskId;
  };
  return {
    tasks,
    revoked,
    error: () => ended,
    processed: (index, output) => {
      const processed = output === undefined ? {} : { output: Buffer.from(JSON.stringify(output)) };
      call.write({ answers: { answers: [{ taskId: taskId(index), processed }] } });
    },
    failed: (index, failed) => {
      call.write({ answers: { answers: [{ taskId: taskId(index), failed }] } });
    },
    write: (request) => void call.write(request),
    close: () => {
      call.cancel();
    },
  };
}
