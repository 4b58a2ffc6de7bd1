/**
 * How many relays an event has behind it. What a relay brings says so in its origin. What a program copies
 * from its inbox into its outbox has no origin there, so the count travels on in a tag.
 */

const HOPS_TAG = /^annals-hops:(\d{1,4})$/;

/** The tag that says it. */
export const hopsTag = (hops: number): string => `annals-hops:${hops}`;

/** The tags without one that says it. */
export const withoutHops = (tags: readonly string[]): string[] => tags.filter((tag) => !HOPS_TAG.test(tag));

/** The relays behind an event, by its origin or by its tags: the more of the two. */
export function hopsOf({
  origin,
  tags,
}: {
  readonly origin?: { readonly hops: number } | undefined;
  readonly tags: readonly string[];
}): number {
  return tags.reduce((most, tag) => {
    const [, hops] = HOPS_TAG.exec(tag) ?? [];
    return hops === undefined ? most : Math.max(most, Number(hops));
  }, origin?.hops ?? 0);
}
