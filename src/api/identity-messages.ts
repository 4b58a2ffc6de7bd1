/** An identity on the wire. */
import type { Identity } from '../contract/generated/annals/v1/Identity';
import type { IdentityKind as KindMessage } from '../contract/generated/annals/v1/IdentityKind';
import { durationOf } from '../contract/seconds-and-nanos';
import type { IdentityKind, IdentityRecord } from '../storage/identities';

const KIND = {
  person: 'IDENTITY_KIND_PERSON',
  system: 'IDENTITY_KIND_SYSTEM',
} as const satisfies Record<IdentityKind, KindMessage>;

const timeOf = (date: Date) => durationOf(date.getTime());

export function identityMessage(record: IdentityRecord): Identity {
  const { id } = record;
  if (record.state === 'erased') return { id, erased: { at: timeOf(record.at), reason: record.reason } };
  const { kind, ...said } = record.description;
  return {
    id,
    kind: KIND[kind],
    ...said,
    described: timeOf(record.described),
    former: record.former.map((former) => ({ ...former, kind: KIND[former.kind], until: timeOf(former.until) })),
  };
}

/** Somebody whom an event names and nobody described: the id is all there is. */
export const undescribedMessage = (id: string): Identity => ({ id });
