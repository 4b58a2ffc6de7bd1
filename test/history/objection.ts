/** What the checker has against a history: the rule that was broken, a sentence for a person, and where to look. */

export type Rule =
  | 'numbers-are-contiguous'
  | 'acknowledged-events-are-there'
  | 'an-event-id-is-there-once'
  | 'a-batch-is-whole'
  | 'an-expectation-is-true-at-its-place'
  | 'an-expectation-is-won-by-one'
  | 'a-refused-append-is-absent'
  | 'a-refusal-has-a-reason'
  | 'a-failed-append-is-absent'
  | 'a-retry-is-told-the-same-numbers'
  | 'an-append-is-new-once'
  | 'only-what-was-sent-is-there'
  | 'what-was-known-comes-before'
  | 'a-subscriber-sees-a-prefix';

export interface Objection {
  readonly rule: Rule;
  readonly sentence: string;
  readonly opId?: string;
  readonly eventId?: string;
  readonly number?: number;
  readonly subscriber?: string;
}
