/** The service `Observers`: translation between the wire and observation. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { CancelReplayRequest__Output } from '../contract/generated/annals/v1/CancelReplayRequest';
import type { ListFailedPartitionsRequest__Output } from '../contract/generated/annals/v1/ListFailedPartitionsRequest';
import type { ObserversGetRequest__Output } from '../contract/generated/annals/v1/ObserversGetRequest';
import type { ObserversListRequest__Output } from '../contract/generated/annals/v1/ObserversListRequest';
import type { PauseRequest__Output } from '../contract/generated/annals/v1/PauseRequest';
import type { ReplayRequest__Output } from '../contract/generated/annals/v1/ReplayRequest';
import type { RetryPartitionRequest__Output } from '../contract/generated/annals/v1/RetryPartitionRequest';
import type { SkipEventRequest__Output } from '../contract/generated/annals/v1/SkipEventRequest';
import type { WaitForRequest__Output } from '../contract/generated/annals/v1/WaitForRequest';
import { durationOf, msOf } from '../contract/seconds-and-nanos';
import { messageCodec } from '../contract/services';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../kernel/names';
import type { Observation } from '../observation/observation';
import { serverStream, unary, type CallContext } from './calls';
import { decoding, takingBytes } from './decode-request';
import { observe } from './observe-stream';
import { failedPartitionMessage, observerAddressOf, observerMessage } from './observer-messages';
import { numberOf } from './requests';

const SERVICE = 'Observers';

export const observersDefinition = (): ServiceDefinition => takingBytes(SERVICE, ['Observe', 'Watch']);

const watchCodec = messageCodec<object>('ObserversWatchResponse');

export function observers(observation: Observation, logger: Logger): UntypedServiceImplementation {
  const list = async (request: ObserversListRequest__Output) => {
    const views = await observation.list(request.store || DEFAULT_STORE, request.namespace || DEFAULT_NAMESPACE);
    return { observers: views.map(observerMessage) };
  };
  async function* watch(request: ObserversListRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    const { store, namespace } = request;
    for await (const views of observation.watch(store || DEFAULT_STORE, namespace || DEFAULT_NAMESPACE, signal)) {
      yield watchCodec.encode({ observers: views.map(observerMessage) });
    }
  }
  const replay = async (request: ReplayRequest__Output) => {
    const plan = await observation.replay(observerAddressOf(request.observer), {
      from: numberOf(request.from, 'from'),
      to: numberOf(request.to, 'to'),
      fromTime: msOf(request.fromTime),
      partition: request.partition,
      dryRun: request.dryRun,
    });
    const { from, to, events, estimate } = plan;
    return { from, to, events, ...(estimate === undefined ? {} : { estimate: durationOf(Math.floor(estimate)) }) };
  };
  const skip = async ({ observer, partition, sequenceNumber, reason }: SkipEventRequest__Output) => {
    if (reason.trim() === '')
      throw new AnnalsError('INVALID_FIELD', 'reason is empty; it is kept in the audit', { field: 'reason' });
    const number = numberOf(sequenceNumber, 'sequence_number') ?? 0;
    await observation.skip(observerAddressOf(observer), partition, number, reason);
    return {};
  };
  const waitFor = async (request: WaitForRequest__Output, { signal }: CallContext) => {
    const number = numberOf(request.sequenceNumber, 'sequence_number') ?? 0;
    const { position, held } = await observation.waitFor(observerAddressOf(request.observer), number, signal);
    return {
      handled: held === undefined && position > number,
      position,
      held: held === undefined ? null : failedPartitionMessage(held),
    };
  };
  const get = async ({ observer }: ObserversGetRequest__Output) => ({
    observer: observerMessage(await observation.get(observerAddressOf(observer))),
  });
  const cancelReplay = async ({ observer }: CancelReplayRequest__Output) => ({
    cancelled: await observation.cancelReplay(observerAddressOf(observer)),
  });
  const retry = async ({ observer, partition }: RetryPartitionRequest__Output) => {
    await observation.retry(observerAddressOf(observer), partition);
    return {};
  };
  const pause = (paused: boolean) => async (request: PauseRequest__Output) => {
    await observation.pause(observerAddressOf(request.observer), paused);
    return {};
  };
  const failed = async ({ observer }: ListFailedPartitionsRequest__Output) => ({
    partitions: (await observation.failures(observerAddressOf(observer))).map(failedPartitionMessage),
  });
  return {
    Observe: observe(observation, logger),
    List: unary(logger, decoding(SERVICE, 'List', list)),
    Get: unary(logger, decoding(SERVICE, 'Get', get)),
    Watch: serverStream(logger, decoding(SERVICE, 'Watch', watch)),
    Replay: unary(logger, decoding(SERVICE, 'Replay', replay)),
    CancelReplay: unary(logger, decoding(SERVICE, 'CancelReplay', cancelReplay)),
    RetryPartition: unary(logger, decoding(SERVICE, 'RetryPartition', retry)),
    SkipEvent: unary(logger, decoding(SERVICE, 'SkipEvent', skip)),
    Pause: unary(logger, decoding(SERVICE, 'Pause', pause(true))),
    Resume: unary(logger, decoding(SERVICE, 'Resume', pause(false))),
    ListFailedPartitions: unary(logger, decoding(SERVICE, 'ListFailedPartitions', failed)),
    WaitFor: unary(logger, decoding(SERVICE, 'WaitFor', waitFor)),
  };
}
