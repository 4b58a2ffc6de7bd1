/** What a lookup finds: an event at one place where it is recorded, whichever server said so. */
import type { IdentityRecord } from '../../src/storage/identities';

/** A place in an event sequence of a deployment. */
export interface Place {
  /** Empty: not known. */
  readonly deployment: string;
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
  readonly number: number;
}

export interface Sighting extends Place {
  readonly recorded: Date;
  /** The link that brought it there; empty where it was appended. */
  readonly link: string;
  /** The server that said so; empty: this one. */
  readonly address: string;
}

export interface FoundAnnouncement {
  readonly kind: 'compensation' | 'redaction';
  /** The event of the same sequence that it is about. */
  readonly number: number;
  readonly reason: string;
}

export interface Failure {
  readonly observer: string;
  readonly attempts: number;
  readonly message: string;
  readonly quarantined: boolean;
  readonly at: Sighting;
}

/** Of an ordered sequence, or of one of its steps. */
export interface Part {
  readonly sequenceId: string;
  readonly name: string;
  readonly status: string;
  /** 0: of the sequence as a whole. */
  readonly order: number;
  readonly compensating: boolean;
  readonly phase: string;
}

/** What is known of an event beside the log. */
export interface Told {
  readonly identity: IdentityRecord | undefined;
  readonly failures: readonly Failure[];
  readonly parts: readonly Part[];
}

export interface FoundEvent {
  readonly eventId: string;
  readonly type: string;
  readonly eventSourceId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly causedBy: string;
  readonly occurred: Date;
  readonly tags: readonly string[];
  readonly traceParent: string;
  readonly announcement: FoundAnnouncement | undefined;
  readonly redacted: boolean;
  readonly compensations: number;
  /** The numbers of what was announced of it, in its sequence. */
  readonly announcedAt: readonly number[];
  readonly at: Sighting;
  /** Where it was relayed from. */
  readonly origin: Sighting | undefined;
  /** Links that it came through. */
  readonly hops: number;
  /** What the server that has it says of it; absent: it is this one's to find out. */
  readonly told: Told | undefined;
}

/** Somewhere that could not be looked at. */
export interface Gap {
  readonly where: string;
  readonly reason: string;
}

/** A place without its deployment. No part but the last can hold a slash. */
export const placeKey = ({ store, namespace, sequence, number }: Omit<Place, 'deployment'>): string =>
  `${store}/${namespace}/${sequence}/${number}`;

/** Whether both may be one: a deployment that is not known may be any. */
export const samePlace = (a: Place, b: Place): boolean =>
  placeKey(a) === placeKey(b) && (a.deployment === b.deployment || a.deployment === '' || b.deployment === '');
