/** The appends that wait for a commit of one sequence, in the order in which they came, within their bounds. */
import { AnnalsError } from '../kernel/annals-error';
import { groupSize } from './group';
import type { PendingAppend } from './pending-append';
import type { QueueBudget } from './queue-budget';
import { TUNING } from './tuning';

export class AppendQueue {
  #waiting: PendingAppend[] = [];
  #events = 0;
  #bytes = 0;

  /** @param budget what the queues of all sequences may hold together. */
  constructor(private readonly budget: QueueBudget) {}

  get empty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Puts an append at the end, or says that there is no room for it. */
  push(pending: PendingAppend): AnnalsError | undefined {
    const overload = this.#overload(pending);
    if (overload !== undefined) return overload;
    this.#enqueue(pending);
    this.#waiting.push(pending);
    return undefined;
  }

  /** Takes the next group: those of it that still wait for an answer. */
  take(): PendingAppend[] {
    const group = this.#waiting.splice(0, groupSize(this.#waiting, TUNING));
    for (const pending of group) this.#dequeue(pending);
    return group.filter((pending) => !pending.answered);
  }

  /** To the front again, in order. What has been answered in the meantime is done. */
  putBack(appends: readonly PendingAppend[]): void {
    const open = appends.filter((pending) => !pending.answered);
    for (const pending of open) this.#enqueue(pending);
    this.#waiting = [...open, ...this.#waiting];
  }

  /** Answers those that are late. */
  expire(late: (pending: PendingAppend) => boolean): void {
    const expired = this.#waiting.filter(late);
    if (expired.length === 0) return;
    for (const pending of expired) {
      pending.expire();
      this.#dequeue(pending);
    }
    this.#waiting = this.#waiting.filter((pending) => pending.queued);
  }

  #overload(pending: PendingAppend): AnnalsError | undefined {
    const events = this.#events + pending.count;
    // One call is always taken by an empty queue, or the largest could never pass.
    if (this.#waiting.length === 0) return undefined;
    if (events <= TUNING.queueEvents && this.#bytes + pending.append.bytes <= TUNING.queueBytes) {
      if (this.budget.fits(pending.append.bytes)) return undefined;
    }
    return new AnnalsError('OVERLOADED', undefined, {
      metadata: { queuedEvents: String(this.#events), limit: String(TUNING.queueEvents) },
    });
  }

  #enqueue(pending: PendingAppend): void {
    pending.queued = true;
    this.#account(pending, 1);
  }

  #dequeue(pending: PendingAppend): void {
    pending.queued = false;
    this.#account(pending, -1);
  }

  #account(pending: PendingAppend, sign: 1 | -1): void {
    this.#events += sign * pending.count;
    this.#bytes += sign * pending.append.bytes;
    this.budget.add(sign * pending.append.bytes);
  }
}
