import type { DescribeRequest } from '../../contract/generated/annals/v1/DescribeRequest';
import type { DescribeResponse__Output } from '../../contract/generated/annals/v1/DescribeResponse';
import type { EraseRequest } from '../../contract/generated/annals/v1/EraseRequest';
import type { EraseResponse__Output } from '../../contract/generated/annals/v1/EraseResponse';
import type { IdentitiesGetRequest } from '../../contract/generated/annals/v1/IdentitiesGetRequest';
import type { IdentitiesGetResponse__Output } from '../../contract/generated/annals/v1/IdentitiesGetResponse';
import type { IdentitiesListRequest } from '../../contract/generated/annals/v1/IdentitiesListRequest';
import type { IdentitiesListResponse__Output } from '../../contract/generated/annals/v1/IdentitiesListResponse';
import type { Identity__Output } from '../../contract/generated/annals/v1/Identity';
import { AnnalsError } from '../../kernel/annals-error';
import { call } from '../calls';
import { checkNumber, checkText } from '../field-checks';
import type { Session } from '../session';
import type { CallOptions } from '../unary';
import { identityInfo, type IdentityInfo } from './identity-info';

/** Who the ids in `causedBy` are, as a person or a program looks after them. They belong to the store. */

const DESCRIBE = call<DescribeRequest, DescribeResponse__Output>('Identities', 'Describe');
const GET = call<IdentitiesGetRequest, IdentitiesGetResponse__Output>('Identities', 'Get');
const LIST = call<IdentitiesListRequest, IdentitiesListResponse__Output>('Identities', 'List');
const ERASE = call<EraseRequest, EraseResponse__Output>('Identities', 'Erase');

export interface NewIdentity {
  readonly kind: 'person' | 'system';
  /** Its name elsewhere, such as the subject of a token. */
  readonly subject?: string | undefined;
  /** As people read it. */
  readonly name?: string | undefined;
  /** The identity that it acts for. Itself unless given. */
  readonly onBehalfOf?: string | undefined;
}

export interface DescribedIdentity {
  readonly identity: IdentityInfo;
  /** False: it was so before. */
  readonly changed: boolean;
}

export type ListIdentitiesOptions = CallOptions & {
  /** Those of this subject alone. */
  readonly subject?: string | undefined;
  /** Identities that one call brings. 100 unless given. */
  readonly pageSize?: number | undefined;
};

export class Identities {
  readonly #session: Session;
  readonly #store: string;

  /** @internal Use `annals.identities`. */
  constructor(session: Session, store: string) {
    this.#session = session;
    this.#store = store;
  }

  /**
   * Says what an id stands for, whole: what is left out is empty from now on. The same again changes nothing; what it
   * was before stays in its history.
   *
   * @example
   * await annals.identities.describe('u-17', { kind: 'person', name: 'Ann Ash', subject: 'auth0|5f2a' });
   *
   * @throws {AnnalsError} IDENTITY_ERASED
   */
  async describe(
    id: string,
    identity: NewIdentity,
    { signal, timeoutMs }: CallOptions = {},
  ): Promise<DescribedIdentity> {
    const { kind, subject = '', name = '', onBehalfOf = '' } = identity;
    const request = {
      store: this.#store,
      id: checkText('id', id),
      kind: kind === 'person' ? 'IDENTITY_KIND_PERSON' : kind === 'system' ? 'IDENTITY_KIND_SYSTEM' : 0,
      subject: checkText('subject', subject),
      name: checkText('name', name),
      onBehalfOf: checkText('on_behalf_of', onBehalfOf),
    } as const;
    const { identity: said, changed } = await this.#session.unary(DESCRIBE, request, { signal, timeoutMs });
    return { identity: told(said), changed };
  }

  /** Throws UNKNOWN_IDENTITY. */
  async get(id: string, options: CallOptions = {}): Promise<IdentityInfo> {
    const request = { store: this.#store, id: checkText('id', id) };
    return told((await this.#session.unary(GET, request, options)).identity);
  }

  /** All of them by their ids, fetched a page at a time; those that were erased too, unless a subject is given. */
  async *list({ subject = '', pageSize = 0, ...options }: ListIdentitiesOptions = {}): AsyncGenerator<
    IdentityInfo,
    undefined
  > {
    const request = {
      store: this.#store,
      subject: checkText('subject', subject),
      pageSize: checkNumber('page_size', pageSize),
    };
    let pageToken = '';
    do {
      const page = await this.#session.unary(LIST, { ...request, pageToken }, options);
      yield* page.identities.map(identityInfo);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /**
   * Takes away for good all that is kept of an identity but its id: its name and subject, for whom it acted, and its
   * history. Events go on naming the id.
   *
   * @param reason kept with the id, so nothing that should be erased belongs in it.
   * @throws {AnnalsError} UNKNOWN_IDENTITY
   */
  async erase(id: string, reason: string, options: CallOptions = {}): Promise<IdentityInfo> {
    const request = { store: this.#store, id: checkText('id', id), reason: checkText('reason', reason) };
    return told((await this.#session.unary(ERASE, request, options)).identity);
  }
}

function told(identity: Identity__Output | null): IdentityInfo {
  if (identity === null) throw new AnnalsError('INTERNAL', 'The server told of no identity');
  return identityInfo(identity);
}
