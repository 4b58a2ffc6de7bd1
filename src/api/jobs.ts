/** The service `Jobs`: translation between the wire and the runner of jobs. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { JobsCancelRequest__Output } from '../contract/generated/annals/v1/JobsCancelRequest';
import type { JobsGetRequest__Output } from '../contract/generated/annals/v1/JobsGetRequest';
import type { JobsListRequest__Output } from '../contract/generated/annals/v1/JobsListRequest';
import type { JobsWatchRequest__Output } from '../contract/generated/annals/v1/JobsWatchRequest';
import { messageCodec } from '../contract/services';
import type { JobRunner } from '../jobs/job-runner';
import { DEFAULT_STORE } from '../kernel/names';
import type { JobRecord } from '../storage/jobs';
import { serverStream, unary } from './calls';
import { decoding, takingBytes } from './decode-request';
import { jobMessage } from './job-messages';

const SERVICE = 'Jobs';

const watchCodec = messageCodec<object>('JobsWatchResponse');

export const jobsDefinition = (): ServiceDefinition => takingBytes(SERVICE, ['Watch']);

const told = (job: JobRecord) => jobMessage(job, Date.now());

export function jobs(runner: JobRunner, logger: Logger): UntypedServiceImplementation {
  const list = async ({ store }: JobsListRequest__Output) => ({
    jobs: (await runner.list(store || DEFAULT_STORE)).map(told),
  });
  const get = async ({ id }: JobsGetRequest__Output) => ({ job: told(await runner.get(id)) });
  const cancel = async ({ id }: JobsCancelRequest__Output) => ({ job: told(await runner.cancel(id)) });
  async function* watch({ id }: JobsWatchRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    for await (const job of runner.watch(id, signal)) yield watchCodec.encode({ job: told(job) });
  }
  return {
    List: unary(logger, decoding(SERVICE, 'List', list)),
    Get: unary(logger, decoding(SERVICE, 'Get', get)),
    Cancel: unary(logger, decoding(SERVICE, 'Cancel', cancel)),
    Watch: serverStream(logger, decoding(SERVICE, 'Watch', watch)),
  };
}
