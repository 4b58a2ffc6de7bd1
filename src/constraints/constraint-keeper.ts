/**
 * What the sequencer asks of constraints. A group of appends is checked against the claims that are
 * committed, and what it claims and releases is written in the transaction that records it. Nobody
 * else can have committed between the check and the insert, since the insert would clash.
 */
import type { ClientSession } from 'mongodb';
import type { GenerationContent } from '../kernel/generation-content';
import type { Steps } from '../kernel/steps';
import type { Violation } from '../kernel/violation';

/** An event as constraints look at it: one that is being appended, or the new content of one that is compensated. */
export interface ConstrainedEvent {
  readonly type: string;
  readonly eventSourceId: string;
  /** The content in every generation; empty when the event is being redacted and claims nothing any more. */
  readonly contents: readonly GenerationContent[];
  /** The event that is compensated or redacted: what it holds is released first, and claims are held by it. Absent: the event itself is new. */
  readonly instead?: number;
}

/** What one append claims and releases. Made by `claiming`, opaque to the sequencer but for this. */
export interface AppendClaims {
  /** Nothing is claimed or released. */
  readonly empty: boolean;
  /** What it touches. Two appends that touch the same cannot be checked against the same claims. */
  readonly touched: ReadonlySet<string>;
}

/** An append whose claims are being written, and the number of its first event. */
export interface NumberedClaims {
  readonly claims: AppendClaims;
  readonly first: number;
}

/** The constraints of one event sequence in one namespace. */
export interface ConstraintKeeper {
  /** Which constraints are in force, as a number that grows; claims made under another are made anew. */
  readonly revision: number;
  /** No constraint is in force. */
  readonly idle: boolean;
  /** Asks the database which constraints are in force. */
  reload(): Promise<void>;
  /** What one append claims and releases, in steps of an event each. @param field names an event of the request by its place in it, such as `events[3]`. */
  claiming(events: readonly ConstrainedEvent[], field: (index: number) => string): Steps<AppendClaims>;
  /** The violations of each append, all at once; none when it may be recorded. Their claims touch nothing in common. */
  check(appends: readonly AppendClaims[]): Promise<readonly (readonly Violation[])[]>;
  /** Writes and removes claims on the session's transaction. The appends have been checked. */
  write(appends: readonly NumberedClaims[], session: ClientSession): Promise<void>;
}
