/**
 * Held partitions try again: their events are read from the source from where they stand, in order, while
 * the link goes on with the others. For the last of them the others wait, and then they are among them again.
 */
import { AnnalsError } from '../../src/kernel/annals-error';
import type { HoldRecord, SkipRecord } from '../../src/storage/link-records';
import type { RedriveStep } from '../../src/storage/links';
import { SkipCode } from './leave-out';
import { outcomeOf, plan, planAgain, type Candidate, type Fate, type Refusal } from './plan';
import { HeldEvents } from './held-events';
import { isOfTheEvents, StepLost, violationOf, type RelaySteps } from './relay-steps';
import type { Source } from './source';
import type { SourceEvent } from './source-event';
import { RELAY } from './tuning';

/** What is left out instead of being tried: nothing, the event at which a partition stands, or each that is refused. */
export type Leaving =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'one'; readonly number: number; readonly reason: string; readonly who: string }
  | { readonly kind: 'refused'; readonly reason: string; readonly who: string };

export interface Redriven {
  readonly partition: string;
  readonly relayed: number;
  readonly skipped: number;
  /** Where it stands when it was refused again. */
  readonly held: HoldRecord | undefined;
}

export async function redrive(
  steps: RelaySteps,
  source: Source,
  partitions: readonly string[],
  leaving: Leaving,
  signal: AbortSignal,
): Promise<Redriven[]> {
  const run = new RedriveRun(steps, source, partitions, leaving, signal);
  for (let round = 1; run.from !== undefined; round++) {
    const last = round > RELAY.redriveRounds || steps.record.position - run.from <= RELAY.redriveGap;
    if (last) await steps.alone(async () => run.catchUp(true));
    else await run.catchUp(false);
  }
  return run.results();
}

interface Tally {
  relayed: number;
  skipped: number;
}

class RedriveRun {
  /** Those that have neither caught up nor been refused. */
  readonly #going: Set<string>;
  readonly #tallies: ReadonlyMap<string, Tally>;

  constructor(
    private readonly steps: RelaySteps,
    private readonly source: Source,
    partitions: readonly string[],
    private readonly leaving: Leaving,
    private readonly signal: AbortSignal,
  ) {
    this.#going = new Set(partitions.filter((partition) => steps.holds.has(partition)));
    this.#tallies = new Map(partitions.map((partition) => [partition, { relayed: 0, skipped: 0 }]));
  }

  /** The first number that any of them stands at; undefined when all are done. */
  get from(): number | undefined {
    const { holds } = this.steps;
    const starts = [...this.#going].flatMap((partition) => holds.get(partition)?.from ?? []);
    return starts.length === 0 ? undefined : starts.reduce((a, b) => Math.min(a, b));
  }

  results(): Redriven[] {
    return [...this.#tallies].map(([partition, { relayed, skipped }]) => ({
      partition,
      relayed,
      skipped,
      held: this.steps.holds.get(partition),
    }));
  }

  /** Up to where the link stands now. @param last nothing else goes on meanwhile, so afterwards they have caught up. */
  async catchUp(last: boolean): Promise<void> {
    const { steps, source, signal } = this;
    const to = steps.record.position - 1;
    const from = this.from ?? to + 1;
    const held = new HeldEvents(steps, this.#going);
    const bring = async (events: readonly SourceEvent[], end: boolean): Promise<void> => {
      const work = async () => this.#step(events, to, end, last);
      return last ? work() : steps.alone(work);
    };
    let waiting: SourceEvent[] = [];
    const pages = from > to ? [] : source.read(from, to, held.filters(), signal);
    for await (const page of pages) {
      waiting.push(...(await held.of(page)));
      while (waiting.length >= RELAY.batchEvents) {
        const batch = waiting.slice(0, RELAY.batchEvents);
        waiting = waiting.slice(RELAY.batchEvents);
        await bring(batch, false);
      }
      if (this.#going.size === 0) return;
    }
    await bring(waiting, true);
  }

  /**
   * Brings events over, of each partition until one is refused. @param end these are the last ones up to `to`,
   * and with `last` the partitions have then caught up.
   */
  async #step(all: readonly SourceEvent[], to: number, end: boolean, last: boolean): Promise<void> {
    const { steps } = this;
    const partitions = await steps.partitions(all);
    // A refusal of an earlier batch has ended some of them.
    const events = all.filter((_, i) => this.#going.has(partitions[i] ?? '') || this.#homeless(all[i]));
    const candidates = (await steps.candidates(events)).map((candidate) => ({
      ...candidate,
      leaveOut: this.#byHand(candidate.number) ?? candidate.leaveOut,
    }));
    let fates = plan(candidates, new Set());
    for (;;) {
      const step = this.#stepOf(events, candidates, fates, end ? to : undefined, last);
      const refusals = await this.#send(events, candidates, fates, step);
      if (refusals === 'one by one') {
        // One of them makes the whole call fail, and which one is not said.
        for (const event of events) await this.#step([event], to, false, last);
        if (end) await this.#step([], to, true, last);
        return;
      }
      if (refusals === undefined) {
        this.#stepped(candidates, fates, step);
        return;
      }
      fates = planAgain(candidates, fates, refusals);
    }
  }

  #stepOf(
    events: readonly SourceEvent[],
    candidates: readonly Candidate[],
    fates: readonly Fate[],
    endAt: number | undefined,
    last: boolean,
  ): RedriveStep {
    const outcome = outcomeOf(candidates, fates);
    const at = new Date();
    const refused = new Map(outcome.newHolds.map((hold) => [hold.partition, hold]));
    const handled = new Map<string, number>();
    fates.forEach(({ kind }, i) => {
      const { partition } = candidates[i] ?? { partition: '' };
      if (kind !== 'held') handled.set(partition, (handled.get(partition) ?? 0) + 1);
    });
    const touched = endAt === undefined ? new Set([...handled.keys(), ...refused.keys()]) : this.#going;
    const next = (endAt ?? events.at(-1)?.sequenceNumber ?? 0) + 1;
    const moves = [...touched].flatMap((partition) => {
      const before = this.#going.has(partition) ? this.steps.holds.get(partition) : undefined;
      if (before === undefined) return [];
      const left = before.events - (handled.get(partition) ?? 0);
      const hold = refused.get(partition);
      if (hold !== undefined) {
        const { from, violations } = hold;
        const attempts = before.attempts + 1;
        return { before, after: { ...before, from, violations, attempts, lastAttempt: at, events: Math.max(1, left) } };
      }
      const caughtUp = endAt !== undefined && last;
      return { before, after: caughtUp ? undefined : { ...before, from: next, events: Math.max(0, left) } };
    });
    const skips: SkipRecord[] = outcome.skipped.map(({ number, cause }) => {
      const who = cause.code === SkipCode.BY_HAND && this.leaving.kind !== 'nothing' ? this.leaving.who : 'relay';
      return { number, ...cause, who, at };
    });
    return { moves, relayed: outcome.sent.length, skips };
  }

  #stepped(candidates: readonly Candidate[], fates: readonly Fate[], step: RedriveStep): void {
    this.steps.redriven(step);
    fates.forEach(({ kind }, i) => {
      const tally = this.#tallies.get(candidates[i]?.partition ?? '');
      if (tally === undefined) return;
      if (kind === 'send') tally.relayed++;
      else if (kind === 'skipped') tally.skipped++;
    });
    for (const { before, after } of step.moves) {
      // Caught up, or refused again: both are done.
      if (after === undefined || after.attempts > before.attempts) this.#going.delete(before.partition);
    }
  }

  /** Undefined: it is recorded. */
  async #send(
    events: readonly SourceEvent[],
    candidates: readonly Candidate[],
    fates: readonly Fate[],
    step: RedriveStep,
  ): Promise<Refusal[] | 'one by one' | undefined> {
    const { steps } = this;
    const { address, epoch, store, sequences } = steps.options;
    const outcome = outcomeOf(candidates, fates);
    if (outcome.sent.length === 0) {
      const moved = await store.alone(async (session) => store.redriven(address.link, epoch, step, session));
      if (!moved) throw lost();
      return undefined;
    }
    try {
      const result = await sequences.relay(
        steps.inbox,
        steps.relayed(events, outcome.sent),
        {
          move: async (session) => store.redriven(address.link, epoch, step, session),
          keep: async (session) => store.hold(address.link, epoch, session),
        },
        performance.now() + RELAY.appendMs,
      );
      if (result.kind === 'lost') throw lost();
      if (result.kind === 'recorded') return undefined;
      return this.#leaveRefused(await steps.refusalsOf({ events, outcome }, result.refusals));
    } catch (error) {
      if (error instanceof AnnalsError && error.code === 'LEASE_LOST') throw lost();
      if (!isOfTheEvents(error)) throw error;
      if (events.length > 1) return 'one by one';
      return this.#leaveRefused([{ index: 0, verdict: { violations: [violationOf(error)] } }]);
    }
  }

  /** What has lost its content has lost the property that says where it belongs; it was chosen for the partition. */
  #homeless(event: SourceEvent | undefined): boolean {
    return event?.redacted === true && this.steps.record.definition.partitionBy.kind === 'property';
  }

  #byHand(number: number) {
    const { leaving } = this;
    if (leaving.kind !== 'one' || leaving.number !== number) return undefined;
    return { code: SkipCode.BY_HAND, reason: leaving.reason };
  }

  #leaveRefused(refusals: readonly Refusal[]): Refusal[] {
    const { leaving } = this;
    if (leaving.kind !== 'refused') return [...refusals];
    const cause = { code: SkipCode.BY_HAND, reason: leaving.reason };
    return refusals.map(({ index }) => ({ index, verdict: { cause } }));
  }
}

const lost = (): StepLost => new StepLost('a held partition does not stand there any more');
