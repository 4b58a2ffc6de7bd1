/** The service `Links`: translation between the wire and the relay. */
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Leaving, Relay, RedriveWhat } from '../../observers/relay/relay';
import type { LinksAddRequest__Output } from '../contract/generated/annals/v1/LinksAddRequest';
import type { LinksGetRequest__Output } from '../contract/generated/annals/v1/LinksGetRequest';
import type { LinksListRequest__Output } from '../contract/generated/annals/v1/LinksListRequest';
import type { LinksResumeRequest__Output } from '../contract/generated/annals/v1/LinksResumeRequest';
import type { ProveRequest__Output } from '../contract/generated/annals/v1/ProveRequest';
import type { RedriveRequest__Output } from '../contract/generated/annals/v1/RedriveRequest';
import { messageCodec } from '../contract/services';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { DEFAULT_NAMESPACE, DEFAULT_STORE } from '../kernel/names';
import { atMost } from '../sequences/field-checks';
import { serverStream, unary } from './calls';
import { decoding, takingBytes } from './decode-request';
import { heldMessage, linkAddressOf, linkMessage, proofMessage, redrivenMessage, wantedOf } from './link-messages';
import { startOf } from './observer-messages';
import { numberOf } from './requests';

const SERVICE = 'Links';

export const linksDefinition = (): ServiceDefinition => takingBytes(SERVICE, ['Watch', 'Prove']);

const watchCodec = messageCodec<object>('LinksWatchResponse');
const proveCodec = messageCodec<object>('ProveResponse');

const namespaceOf = ({ store, namespace }: LinksListRequest__Output) => ({
  store: store || DEFAULT_STORE,
  namespace: namespace || DEFAULT_NAMESPACE,
});

export function links(relay: Relay, logger: Logger): UntypedServiceImplementation {
  const add = async ({ link, definition, dryRun, paused }: LinksAddRequest__Output) => {
    const start = startOf(definition?.start);
    const added = await relay.add(linkAddressOf(link), wantedOf(definition), start, { dryRun, paused });
    return { link: linkMessage(added.view), created: added.created, warnings: [...added.warnings] };
  };
  const list = async (request: LinksListRequest__Output) => ({
    links: (await relay.list(namespaceOf(request))).map(linkMessage),
  });
  const get = async ({ link }: LinksGetRequest__Output) => ({
    link: linkMessage(await relay.get(linkAddressOf(link))),
  });
  async function* watch(request: LinksListRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    for await (const views of relay.watch(namespaceOf(request), signal)) {
      yield watchCodec.encode({ links: views.map(linkMessage) });
    }
  }
  const resume = async ({ link, position, acceptSource }: LinksResumeRequest__Output) => {
    await relay.resume(linkAddressOf(link), numberOf(position, 'position'), acceptSource);
    return {};
  };
  const redrive = async (request: RedriveRequest__Output) => {
    const done = await relay.redrive(linkAddressOf(request.link), whatOf(request), leavingOf(request));
    return { partitions: done.map(redrivenMessage) };
  };
  const held = async ({ link }: LinksGetRequest__Output) => ({
    partitions: (await relay.held(linkAddressOf(link))).map(heldMessage),
  });
  async function* prove(request: ProveRequest__Output, signal: AbortSignal): AsyncGenerator<Buffer> {
    const range = { from: numberOf(request.from, 'from'), to: numberOf(request.to, 'to') };
    for await (const message of relay.prove(linkAddressOf(request.link), range, signal)) {
      yield proveCodec.encode(proofMessage(message));
    }
  }
  const done =
    (act: (address: ReturnType<typeof linkAddressOf>) => Promise<void>) =>
    async ({ link }: LinksGetRequest__Output) => {
      await act(linkAddressOf(link));
      return {};
    };
  return {
    Add: unary(logger, decoding(SERVICE, 'Add', add)),
    Remove: unary(
      logger,
      decoding(
        SERVICE,
        'Remove',
        done(async (address) => relay.remove(address)),
      ),
    ),
    List: unary(logger, decoding(SERVICE, 'List', list)),
    Get: unary(logger, decoding(SERVICE, 'Get', get)),
    Watch: serverStream(logger, decoding(SERVICE, 'Watch', watch)),
    Pause: unary(
      logger,
      decoding(
        SERVICE,
        'Pause',
        done(async (address) => relay.pause(address)),
      ),
    ),
    Resume: unary(logger, decoding(SERVICE, 'Resume', resume)),
    Redrive: unary(logger, decoding(SERVICE, 'Redrive', redrive)),
    ListHeld: unary(logger, decoding(SERVICE, 'ListHeld', held)),
    Prove: serverStream(logger, decoding(SERVICE, 'Prove', prove)),
  };
}

function whatOf({ what, partition, sequenceNumber }: RedriveRequest__Output): RedriveWhat {
  if (what === 'partition') return { kind: 'partition', partition: partition ?? '' };
  if (what === 'sequenceNumber') {
    return { kind: 'number', number: numberOf(sequenceNumber, 'sequence_number') ?? 0 };
  }
  return { kind: 'all' };
}

function leavingOf({ what, sequenceNumber, skip, reason, who }: RedriveRequest__Output): Leaving {
  if (!skip) return { kind: 'nothing' };
  if (reason.trim() === '') {
    throw new AnnalsError('INVALID_FIELD', 'reason is empty; it is kept with what is skipped', { field: 'reason' });
  }
  atMost(reason, 'reason', LIMITS.reasonLength);
  atMost(who, 'who', LIMITS.metadataIdLength);
  if (what === 'sequenceNumber') return { kind: 'one', number: sequenceNumber ?? 0, reason, who };
  return { kind: 'refused', reason, who };
}
