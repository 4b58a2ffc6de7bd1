/** Which events a link leaves out by itself, and why: what would go in circles, and what has nothing to bring. */
import { hopsOf } from '../../src/kernel/hops';
import type { SkipCause } from './plan';
import type { SourceEvent } from './source-event';

export const SkipCode = {
  /** It came from the target's own store: this is its way back. */
  CAME_FROM_HERE: 'CAME_FROM_HERE',
  HOP_LIMIT: 'HOP_LIMIT',
  /** The inbox has the event already: another link brought it. */
  ANOTHER_WAY: 'ANOTHER_WAY',
  /** It announces what happened to an event that this link never brought. */
  ORIGINAL_NOT_RELAYED: 'ORIGINAL_NOT_RELAYED',
  /** Its content was taken away at the source before it was relayed. */
  REDACTED: 'REDACTED',
  /** A person decided so. */
  BY_HAND: 'BY_HAND',
} as const;

export interface LinkEnds {
  readonly target: { readonly store: string; readonly namespace: string };
  readonly hopLimit: number;
}

/** Undefined: it is for the target. */
export function leaveOut(event: SourceEvent, { target, hopLimit }: LinkEnds): SkipCause | undefined {
  const { origin, announcement, redacted } = event;
  if (redacted && announcement?.kind !== 'redaction') {
    return { code: SkipCode.REDACTED, reason: 'its content was taken away at the source before it was relayed' };
  }
  if (origin !== undefined && origin.store === target.store && origin.namespace === target.namespace) {
    const reason = `it came from ${target.store}/${target.namespace} itself`;
    return { code: SkipCode.CAME_FROM_HERE, reason };
  }
  const hops = hopsOf(event) + 1;
  if (hops > hopLimit) {
    return { code: SkipCode.HOP_LIMIT, reason: `this would be its relay ${hops}, and the link's limit is ${hopLimit}` };
  }
  return undefined;
}

export const byAnotherWay = (number: number): SkipCause => ({
  code: SkipCode.ANOTHER_WAY,
  reason: `another link had brought it: it is event ${number} of the inbox`,
});

export const originalNotRelayed = (number: number): SkipCause => ({
  code: SkipCode.ORIGINAL_NOT_RELAYED,
  reason: `it is about the source's event ${number}, which the inbox does not have`,
});
