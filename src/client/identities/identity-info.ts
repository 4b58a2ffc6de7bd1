import type { FormerIdentity__Output } from '../../contract/generated/annals/v1/FormerIdentity';
import type { Identity__Output } from '../../contract/generated/annals/v1/Identity';
import { dateOf } from '../../contract/seconds-and-nanos';

/** What the server tells of identities, as a program reads it. */

export type IdentityKind = 'unspecified' | 'person' | 'system';

/** What an identity is, or was before. */
export interface IdentityDescription {
  /** `unspecified` when nobody described it, or nothing is left of it. */
  readonly kind: IdentityKind;
  /** Its name elsewhere, such as the subject of a token; empty: it has none. */
  readonly subject: string;
  /** As people read it. */
  readonly name: string;
  /** The identity that it acts for; empty: itself. */
  readonly onBehalfOf: string;
}

export interface FormerIdentity extends IdentityDescription {
  /** When that ended. */
  readonly until: Date;
}

export interface IdentityInfo extends IdentityDescription {
  /** What `causedBy` names. */
  readonly id: string;
  /** Undefined: nobody described it, or it was erased. */
  readonly described: Date | undefined;
  /** What it was before, oldest first. */
  readonly former: readonly FormerIdentity[];
  /** Set once it was erased; nothing but the id is left beside it. */
  readonly erased: { readonly at: Date; readonly reason: string } | undefined;
}

const KINDS = {
  IDENTITY_KIND_UNSPECIFIED: 'unspecified',
  IDENTITY_KIND_PERSON: 'person',
  IDENTITY_KIND_SYSTEM: 'system',
} as const;

const EPOCH = new Date(0);

export const identityInfo = ({ id, described, former, erased, ...said }: Identity__Output): IdentityInfo => ({
  id,
  ...descriptionOf(said),
  described: dateOf(described),
  former: former.map(({ until, ...was }) => ({ ...descriptionOf(was), until: dateOf(until) ?? EPOCH })),
  erased: erased === null ? undefined : { at: dateOf(erased.at) ?? EPOCH, reason: erased.reason },
});

const descriptionOf = ({
  kind,
  subject,
  name,
  onBehalfOf,
}: Omit<FormerIdentity__Output, 'until'>): IdentityDescription => ({ kind: KINDS[kind], subject, name, onBehalfOf });
