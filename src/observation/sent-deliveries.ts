/** What is on its way to clients: where each delivery came from, whose it is, and until when it must be answered. */
import type { FailedAttempt } from './backoff';
import type { Track } from './track';

/** A client's answer to a delivery. */
export interface Acknowledgement {
  readonly deliveryId: number;
  /** Absent: all, or with a failure none. */
  readonly handledThrough: number | undefined;
  /** The event after the last one handled failed. */
  readonly failure: Omit<FailedAttempt, 'number'> | undefined;
}

export interface SentDelivery {
  readonly track: Track;
  readonly client: string;
  /** On the clock of `performance.now()`, in ms. */
  readonly deadline: number;
  /** How long the client may be silent about it, in ms. */
  readonly deadlineMs: number;
}

export class SentDeliveries {
  readonly #sent = new Map<number, SentDelivery>();

  add(id: number, sent: SentDelivery): void {
    this.#sent.set(id, sent);
  }

  /** A delivery that is on its way to this client. */
  of(client: string, id: number): SentDelivery | undefined {
    const sent = this.#sent.get(id);
    return sent?.client === client ? sent : undefined;
  }

  /** The client has got further with it: a long delivery that goes on is not lost. */
  prolong(id: number, now: number): void {
    const sent = this.#sent.get(id);
    if (sent !== undefined) this.#sent.set(id, { ...sent, deadline: now + sent.deadlineMs });
  }

  remove(id: number): void {
    this.#sent.delete(id);
  }

  /** Forgets those of a client that is gone. */
  removeClient(client: string): void {
    for (const [id, sent] of this.#sent) if (sent.client === client) this.#sent.delete(id);
  }

  /** Forgets those of a track that has ended: late answers to them change nothing. */
  removeTrack(track: Track): void {
    for (const [id, sent] of this.#sent) if (sent.track === track) this.#sent.delete(id);
  }

  /** Takes out those whose time is up. */
  takeExpired(now: number): (SentDelivery & { readonly id: number })[] {
    const expired = [...this.#sent].filter(([, sent]) => sent.deadline <= now).map(([id, sent]) => ({ id, ...sent }));
    for (const { id } of expired) this.#sent.delete(id);
    return expired;
  }
}
