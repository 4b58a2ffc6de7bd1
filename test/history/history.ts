/**
 * What happened, as those who took part saw it: what each client sent, what it was told, and what
 * each subscriber was given. A history is of one event sequence; its records stand in the order in
 * which one observer of all of them noted them down, so that "told before sent" has a meaning.
 */

export interface SentEvent {
  readonly eventId: string;
  readonly type: string;
  readonly source: string;
  readonly tags: readonly string[];
  /** A digest of the content, so that a history of a long run stays small. */
  readonly contentHash: string;
}

/** An event as it stands in the log at the end. */
export interface LogEvent extends SentEvent {
  readonly number: number;
}

/** An event matches when it has any of the types, any of the sources and all of the tags; an empty list asks nothing. */
export interface Filter {
  readonly types: readonly string[];
  readonly sources: readonly string[];
  readonly tags: readonly string[];
}

/** No event that matches `filter` stands above `lastSeen`; undefined: none at all. */
export interface Expectation {
  readonly filter: Filter;
  readonly lastSeen: number | undefined;
}

export interface Sent {
  readonly kind: 'sent';
  readonly client: string;
  /** One call of one client. A second call with the same events has an id of its own. */
  readonly opId: string;
  readonly events: readonly SentEvent[];
  readonly expectations: readonly Expectation[];
  /** Milliseconds since 1970, for a person who reads the history; nothing is judged by it. */
  readonly at: number;
}

export type Outcome =
  | { readonly is: 'appended'; readonly first: number; readonly last: number; readonly duplicate: boolean }
  /** A business rule stood against it: nothing was recorded. */
  | { readonly is: 'refused'; readonly codes: readonly string[] }
  /** Recorded or not; also what is assumed of a call that was never answered. */
  | { readonly is: 'unknown'; readonly code: string }
  /** It failed, and the answer says that nothing was recorded. */
  | { readonly is: 'failed'; readonly code: string };

export interface Told {
  readonly kind: 'told';
  readonly opId: string;
  readonly outcome: Outcome;
  readonly at: number;
}

export interface Delivered {
  readonly kind: 'delivered';
  readonly subscriber: string;
  /** The number that the subscriber asked to start at, the first time it subscribed. */
  readonly from: number;
  readonly filter: Filter | undefined;
  readonly events: readonly { readonly number: number; readonly eventId: string }[];
  readonly at: number;
}

export type HistoryRecord = Sent | Told | Delivered;

/** Below every number: what a caller has seen who has seen none. */
export const BEFORE_ALL = -1;

export const EVERYTHING: Filter = { types: [], sources: [], tags: [] };

export const matches = (filter: Filter, event: SentEvent): boolean =>
  (filter.types.length === 0 || filter.types.includes(event.type)) &&
  (filter.sources.length === 0 || filter.sources.includes(event.source)) &&
  filter.tags.every((tag) => event.tags.includes(tag));

export const sameEvent = (a: SentEvent, b: SentEvent): boolean =>
  a.eventId === b.eventId &&
  a.type === b.type &&
  a.source === b.source &&
  a.contentHash === b.contentHash &&
  a.tags.length === b.tags.length &&
  a.tags.every((tag, i) => tag === b.tags[i]);
