/** The service `Identities`: translation between the wire and the registry of identities. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { IdentityRegistry } from '../../observers/correlation/identity-registry';
import type { DescribeRequest__Output } from '../contract/generated/annals/v1/DescribeRequest';
import type { EraseRequest__Output } from '../contract/generated/annals/v1/EraseRequest';
import type { IdentitiesGetRequest__Output } from '../contract/generated/annals/v1/IdentitiesGetRequest';
import type { IdentitiesListRequest__Output } from '../contract/generated/annals/v1/IdentitiesListRequest';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { DEFAULT_STORE } from '../kernel/names';
import { atMost, required } from '../sequences/field-checks';
import type { IdentityDescription } from '../storage/identities';
import { unary } from './calls';
import { decoding } from './decode-request';
import { identityMessage } from './identity-messages';

const SERVICE = 'Identities';

/** Identities in a page unless the caller says otherwise: what a person looks through. */
const DEFAULT_PAGE = 100;

export function identities(registry: IdentityRegistry, logger: Logger): UntypedServiceImplementation {
  const describe = async (request: DescribeRequest__Output) => {
    const id = idOf(request.id);
    const { identity, changed } = await registry.describe(storeOf(request), id, descriptionOf(request));
    return { identity: identityMessage(identity), changed };
  };
  const get = async (request: IdentitiesGetRequest__Output) => ({
    identity: identityMessage(await registry.get(storeOf(request), idOf(request.id))),
  });
  const list = async (request: IdentitiesListRequest__Output) => {
    const subject = atMost(request.subject, 'subject', LIMITS.identityTextLength) || undefined;
    const page = await registry.list(storeOf(request), {
      subject,
      after: idOfToken(request.pageToken),
      limit: pageSizeOf(request.pageSize),
    });
    return {
      identities: page.identities.map(identityMessage),
      nextPageToken: page.last === undefined ? '' : tokenOf(page.last),
    };
  };
  const erase = async (request: EraseRequest__Output) => {
    if (request.reason.trim() === '') {
      throw new AnnalsError('INVALID_FIELD', 'reason is empty; it is kept with the id', { field: 'reason' });
    }
    atMost(request.reason, 'reason', LIMITS.reasonLength);
    return { identity: identityMessage(await registry.erase(storeOf(request), idOf(request.id), request.reason)) };
  };
  return {
    Describe: unary(logger, decoding(SERVICE, 'Describe', describe)),
    Get: unary(logger, decoding(SERVICE, 'Get', get)),
    List: unary(logger, decoding(SERVICE, 'List', list)),
    Erase: unary(logger, decoding(SERVICE, 'Erase', erase)),
  };
}

const storeOf = ({ store }: { readonly store: string }): string => store || DEFAULT_STORE;

const idOf = (id: string): string => required(id, 'id', LIMITS.metadataIdLength);

function descriptionOf({ id, kind, subject, name, onBehalfOf }: DescribeRequest__Output): IdentityDescription {
  if (kind !== 'IDENTITY_KIND_PERSON' && kind !== 'IDENTITY_KIND_SYSTEM') {
    throw new AnnalsError('INVALID_FIELD', 'kind is missing; it is a person or a system', { field: 'kind' });
  }
  if (onBehalfOf === id) {
    throw new AnnalsError('INVALID_FIELD', 'on_behalf_of is the identity itself; leave it empty for that', {
      field: 'on_behalf_of',
    });
  }
  return {
    kind: kind === 'IDENTITY_KIND_PERSON' ? 'person' : 'system',
    subject: atMost(subject, 'subject', LIMITS.identityTextLength),
    name: atMost(name, 'name', LIMITS.identityTextLength),
    onBehalfOf: atMost(onBehalfOf, 'on_behalf_of', LIMITS.metadataIdLength),
  };
}

function pageSizeOf(size: number): number {
  if (size <= LIMITS.identitiesPerPage) return size || DEFAULT_PAGE;
  throw overLimit('page_size', LIMITS.identitiesPerPage, size, 'identities');
}

/** A page's token is the id that it comes after, so that it is good at any server and for ever. */
const tokenOf = (id: string): string => Buffer.from(id).toString('base64url');

function idOfToken(token: string): string | undefined {
  if (token === '') return undefined;
  const id = Buffer.from(token, 'base64url').toString();
  if (tokenOf(id) === token) return id;
  throw new AnnalsError('INVALID_FIELD', 'page_token is none that a list gave', { field: 'page_token' });
}
