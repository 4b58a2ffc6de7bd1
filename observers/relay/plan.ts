/**
 * What becomes of each event of a batch: sent, held with its partition, or left out. Pure, since the
 * promise that nothing is lost and no partition gets out of order is decided here.
 *
 * A batch is planned, sent, and planned again without what the target refused, until it takes all that is
 * left. Then one step moves the checkpoint past the whole batch.
 */
import type { Violation } from '../../src/kernel/violation';

/** Why an event is left out for good. */
export interface SkipCause {
  readonly code: string;
  readonly reason: string;
}

/** An event of a batch as far as its fate hangs on it. */
export interface Candidate {
  /** At the source. Candidates of a batch ascend. */
  readonly number: number;
  readonly partition: string;
  /** It is not for the target, unless its partition is held: then that is looked at when its turn comes. */
  readonly leaveOut: SkipCause | undefined;
}

export type Fate =
  | { readonly kind: 'send' }
  /** `refused`: what stands against it, when it is the event that its partition stands at. */
  | { readonly kind: 'held'; readonly refused: readonly Violation[] | undefined }
  | { readonly kind: 'skipped'; readonly cause: SkipCause };

/** What the target said against one event: it is held, or it turns out not to be for the target. */
export interface Refusal {
  /** The event's place in the batch. */
  readonly index: number;
  readonly verdict: { readonly violations: readonly Violation[] } | { readonly cause: SkipCause };
}

const SEND: Fate = { kind: 'send' };
const HELD: Fate = { kind: 'held', refused: undefined };

/** The fates of a batch before anything is sent. @param held the partitions that are held already. */
export const plan = (batch: readonly Candidate[], held: ReadonlySet<string>): Fate[] =>
  batch.map(({ partition, leaveOut }) => {
    if (held.has(partition)) return HELD;
    return leaveOut === undefined ? SEND : { kind: 'skipped', cause: leaveOut };
  });

/** The fates after the target refused some of what was sent: a partition is held from its first refused event on. */
export function planAgain(batch: readonly Candidate[], fates: readonly Fate[], refusals: readonly Refusal[]): Fate[] {
  const byIndex = new Map(refusals.map(({ index, verdict }) => [index, verdict]));
  const nowHeld = new Set<string>();
  return fates.map((fate, index) => {
    if (fate.kind === 'held') return fate;
    const { partition } = at(batch, index);
    // Also what was to be left out: it is looked at when the partition goes on.
    if (nowHeld.has(partition)) return HELD;
    const verdict = byIndex.get(index);
    if (fate.kind === 'skipped' || verdict === undefined) return fate;
    if ('cause' in verdict) return { kind: 'skipped', cause: verdict.cause };
    nowHeld.add(partition);
    return { kind: 'held', refused: verdict.violations };
  });
}

export interface NewHold {
  readonly partition: string;
  readonly from: number;
  readonly violations: readonly Violation[];
  /** Events of the batch that wait in it, this one with them. */
  readonly events: number;
}

/** What a step past the batch has to put on record. */
export interface Outcome {
  /** Places in the batch of what is sent, ascending. */
  readonly sent: readonly number[];
  readonly newHolds: readonly NewHold[];
  /** By partition that was held before the batch, how many events more wait in it. */
  readonly heldMore: ReadonlyMap<string, number>;
  readonly skipped: readonly { readonly number: number; readonly cause: SkipCause }[];
}

export function outcomeOf(batch: readonly Candidate[], fates: readonly Fate[]): Outcome {
  const sent: number[] = [];
  const holds = new Map<string, { from: number; violations: readonly Violation[]; events: number }>();
  const heldMore = new Map<string, number>();
  const skipped: { number: number; cause: SkipCause }[] = [];
  fates.forEach((fate, index) => {
    const { number, partition } = at(batch, index);
    if (fate.kind === 'send') sent.push(index);
    else if (fate.kind === 'skipped') skipped.push({ number, cause: fate.cause });
    else if (fate.refused !== undefined) holds.set(partition, { from: number, violations: fate.refused, events: 1 });
    else {
      const hold = holds.get(partition);
      if (hold === undefined) heldMore.set(partition, (heldMore.get(partition) ?? 0) + 1);
      else hold.events++;
    }
  });
  return { sent, newHolds: [...holds].map(([partition, hold]) => ({ partition, ...hold })), heldMore, skipped };
}

function at(batch: readonly Candidate[], index: number): Candidate {
  const candidate = batch[index];
  if (candidate === undefined) throw new RangeError(`the batch has no event ${index}`);
  return candidate;
}
