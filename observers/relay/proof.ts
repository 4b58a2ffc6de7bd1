/**
 * What became of each source number, added up as it is found: counts, ranges of neighbours with the same
 * outcome, and whether each partition is in order in the inbox. Pure; who looks is in prove.ts.
 */
import { LRUCache } from 'lru-cache';
import { RELAY } from './tuning';

export const OUTCOMES = ['in-inbox', 'filtered', 'held', 'skipped', 'pending', 'missing', 'conflicting'] as const;
export type ProofOutcome = (typeof OUTCOMES)[number];

export interface Finding {
  readonly number: number;
  readonly outcome: ProofOutcome;
  /** Where it is in the inbox, when it is. */
  readonly inbox: number | undefined;
  readonly partition: string;
  /** The partition that is held, or why it was skipped. */
  readonly detail: string;
}

export interface ProofRange {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  readonly outcome: ProofOutcome;
  /** Where the first is in the inbox; the others follow without a gap. */
  readonly inboxFrom: number | undefined;
  readonly detail: string;
}

export interface ProofResult {
  readonly from: number;
  /** Inclusive; undefined when there was nothing to look at. */
  readonly to: number | undefined;
  readonly counts: Readonly<Record<ProofOutcome, number>>;
  /** Events that stand in the inbox before an earlier one of their partition. */
  readonly outOfOrder: number;
  readonly proven: boolean;
}

export class ProofLedger {
  readonly #counts = new Map<ProofOutcome, number>();
  /** By partition, the inbox's number of its last event. */
  readonly #lastOf = new LRUCache<string, number>({ max: RELAY.proofPartitions });
  #outOfOrder = 0;
  #open: ProofRange | undefined;
  #closed: ProofRange[] = [];

  constructor(private readonly from: number) {}

  /** The next finding: numbers ascend without a gap. */
  add({ number, outcome, inbox, partition, detail }: Finding): void {
    this.#counts.set(outcome, (this.#counts.get(outcome) ?? 0) + 1);
    if (outcome === 'in-inbox' && inbox !== undefined) {
      const before = this.#lastOf.get(partition);
      if (before !== undefined && before > inbox) this.#outOfOrder++;
      else this.#lastOf.set(partition, inbox);
    }
    const open = this.#open;
    const goesOn =
      open?.outcome === outcome &&
      open.detail === detail &&
      (inbox === undefined
        ? open.inboxFrom === undefined
        : open.inboxFrom !== undefined && inbox === open.inboxFrom + number - open.from);
    if (open !== undefined && goesOn) {
      this.#open = { ...open, to: number };
      return;
    }
    if (open !== undefined) this.#closed.push(open);
    this.#open = { from: number, to: number, outcome, inboxFrom: inbox, detail };
  }

  /** The ranges that are complete since the last time; with `all` the last one too. */
  ranges(all = false): readonly ProofRange[] {
    if (all && this.#open !== undefined) {
      this.#closed.push(this.#open);
      this.#open = undefined;
    }
    const ranges = this.#closed;
    this.#closed = [];
    return ranges;
  }

  /** @param to the last number that was looked at. */
  result(to: number | undefined): ProofResult {
    const count = (outcome: ProofOutcome): number => this.#counts.get(outcome) ?? 0;
    return {
      from: this.from,
      to,
      counts: {
        'in-inbox': count('in-inbox'),
        filtered: count('filtered'),
        held: count('held'),
        skipped: count('skipped'),
        pending: count('pending'),
        missing: count('missing'),
        conflicting: count('conflicting'),
      },
      outOfOrder: this.#outOfOrder,
      proven: count('missing') === 0 && count('conflicting') === 0 && this.#outOfOrder === 0,
    };
  }
}
