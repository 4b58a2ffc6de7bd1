/**
 * A held partition tries again: its events are read from the source from where it stands, in order, while
 * the link goes on with the others. For the last of them the others wait, and then it is one of them again.
 */
import type { EventFilter } from '../../src/kernel/event-filter';
import type { HoldRecord, SkipRecord } from '../../src/storage/link-records';
import { SkipCode } from './leave-out';
import { outcomeOf, plan, planAgain, type Candidate, type Fate, type Refusal } from './plan';
import { isOfTheEvents, StepLost, violationOf, type RelaySteps } from './relay-steps';
import type { Source } from './source';
import type { SourceEvent } from './source-event';
import { RELAY } from './tuning';

/** What is left out instead of being tried: nothing, the event at which the partition stands, or each that is refused. */
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
  partition: string,
  leaving: Leaving,
  signal: AbortSignal,
): Promise<Redriven> {
  let relayed = 0;
  let skipped = 0;
  const run = new PartitionRun(steps, source, partition, leaving, signal);
  for (let round = 1; ; round++) {
    const hold = steps.holds.get(partition);
    if (hold === undefined) return { partition, relayed, skipped, held: undefined };
    const last = round > RELAY.redriveRounds || steps.record.position - hold.from <= RELAY.redriveGap;
    const result = last ? await steps.alone(async () => run.catchUp(true)) : await run.catchUp(false);
    relayed += result.relayed;
    skipped += result.skipped;
    if (result.refused) return { partition, relayed, skipped, held: steps.holds.get(partition) };
  }
}

interface Caught {
  readonly relayed: number;
  readonly skipped: number;
  readonly refused: boolean;
}

class PartitionRun {
  constructor(
    private readonly steps: RelaySteps,
    private readonly source: Source,
    private readonly partition: string,
    private readonly leaving: Leaving,
    private readonly signal: AbortSignal,
  ) {}

  /** Up to where the link stands now. @param last nothing else goes on meanwhile, so afterwards it has caught up. */
  async catchUp(last: boolean): Promise<Caught> {
    const { steps } = this;
    const to = steps.record.position - 1;
    const from = steps.holds.get(this.partition)?.from ?? to + 1;
    let sum: Caught = { relayed: 0, skipped: 0, refused: false };
    let waiting: SourceEvent[] = [];
    const flush = async (end: boolean): Promise<void> => {
      const events = waiting;
      waiting = [];
      const work = async () => this.#step(events, to, end && last);
      const { relayed, skipped, refused } = last ? await work() : await steps.alone(work);
      sum = { relayed: sum.relayed + relayed, skipped: sum.skipped + skipped, refused };
    };
    const filters = this.#filters();
    const reading = filters === undefined ? [] : this.source.read(from, to, filters, this.signal);
    for await (const page of reading) {
      waiting.push(...(await this.#ofPartition(page)));
      while (waiting.length >= RELAY.batchEvents) {
        const rest = waiting.splice(RELAY.batchEvents);
        await flush(false);
        waiting = rest;
        if (sum.refused) return sum;
      }
    }
    await flush(true);
    return sum;
  }

  /** The link's filters, narrowed where the source can do it; undefined when nothing can match. */
  #filters(): readonly EventFilter[] | undefined {
    const { filters, partitionBy } = this.steps.record.definition;
    if (partitionBy.kind !== 'source') return filters;
    const only = [this.partition];
    if (filters.length === 0) return [{ types: [], eventSourceIds: only, tags: [], correlationId: undefined }];
    const narrowed = filters
      .filter(({ eventSourceIds }) => eventSourceIds.length === 0 || eventSourceIds.includes(this.partition))
      .map((filter) => ({ ...filter, eventSourceIds: only }));
    return narrowed.length === 0 ? undefined : narrowed;
  }

  /** Those of the partition that wait: what was left out before stays so. */
  async #ofPartition(page: readonly SourceEvent[]): Promise<SourceEvent[]> {
    const [first] = page;
    const last = page.at(-1);
    if (first === undefined || last === undefined) return [];
    const { address, store, origins } = this.steps.options;
    const skips = await store.skips(address.link, first.sequenceNumber, last.sequenceNumber);
    const leftOut = new Set(skips.map(({ number }) => number));
    const partitions = await this.steps.partitions(page);
    const { definition } = this.steps.record;
    // What has lost its content has lost the property that says where it belongs.
    const homeless = definition.partitionBy.kind === 'property' && page.some(({ redacted }) => redacted);
    const numbers = homeless ? page.map(({ sequenceNumber }) => sequenceNumber) : [];
    const there = homeless ? await origins.at(definition.source, numbers) : new Map<number, number>();
    return page.filter(({ sequenceNumber, redacted }, i) => {
      if (leftOut.has(sequenceNumber)) return false;
      return partitions[i] === this.partition || (homeless && redacted && !there.has(sequenceNumber));
    });
  }

  /** Brings events over until one is refused. @param done after them the partition has caught up with the link at `to`. */
  async #step(events: readonly SourceEvent[], to: number, done: boolean): Promise<Caught> {
    const { steps } = this;
    const before = steps.holds.get(this.partition);
    if (before === undefined) return { relayed: 0, skipped: 0, refused: false };
    const candidates = (await steps.candidates(events)).map((candidate) => ({
      ...candidate,
      partition: this.partition,
      leaveOut: this.#byHand(candidate.number) ?? candidate.leaveOut,
    }));
    let fates = plan(candidates, new Set());
    for (;;) {
      const outcome = outcomeOf(candidates, fates);
      const [hold] = outcome.newHolds;
      const handled = outcome.sent.length + outcome.skipped.length;
      const left = Math.max(0, before.events - handled);
      const at = new Date();
      const next = (events.at(-1)?.sequenceNumber ?? to) + 1;
      const after: HoldRecord | undefined =
        hold !== undefined
          ? { ...before, from: hold.from, violations: hold.violations, attempts: before.attempts + 1, lastAttempt: at, events: Math.max(1, left) }
          : done
            ? undefined
            : { ...before, from: next, events: left };
      const skips: SkipRecord[] = outcome.skipped.map(({ number, cause }) => {
        const byHand = cause.code === SkipCode.BY_HAND && this.leaving.kind !== 'nothing';
        return { number, ...cause, who: byHand ? this.leaving.who : 'relay', at };
      });
      const step = { before, after, relayed: outcome.sent.length, skips };
      const refusals = await this.#send(events, candidates, fates, step);
      if (refusals === 'one by one') return this.#oneByOne(events, to, done);
      if (refusals === undefined) {
        steps.movedHold(before, after, outcome.sent.length, skips.length);
        return { relayed: outcome.sent.length, skipped: skips.length, refused: hold !== undefined };
      }
      fates = planAgain(candidates, fates, refusals);
    }
  }

  /** One of them makes the whole call fail, and which one is not said. */
  async #oneByOne(events: readonly SourceEvent[], to: number, done: boolean): Promise<Caught> {
    let sum: Caught = { relayed: 0, skipped: 0, refused: false };
    for (const event of events) {
      const { relayed, skipped, refused } = await this.#step([event], to, done && event === events.at(-1));
      sum = { relayed: sum.relayed + relayed, skipped: sum.skipped + skipped, refused };
      if (refused) break;
    }
    return sum;
  }

  /** Undefined: it is recorded. */
  async #send(
    events: readonly SourceEvent[],
    candidates: readonly Candidate[],
    fates: readonly Fate[],
    step: Parameters<RelaySteps['options']['store']['redriven']>[2],
  ): Promise<Refusal[] | 'one by one' | undefined> {
    const { steps } = this;
    const { address, epoch, store, sequences } = steps.options;
    const outcome = outcomeOf(candidates, fates);
    if (outcome.sent.length === 0) {
      const moved = await store.alone(async (session) => store.redriven(address.link, epoch, step, session));
      if (!moved) throw new StepLost('the partition does not stand there any more');
      return undefined;
    }
    try {
      const result = await sequences.relay(
        steps.inbox,
        steps.relayed(events, outcome.sent),
        async (session) => store.redriven(address.link, epoch, step, session),
        performance.now() + RELAY.appendMs,
      );
      if (result.kind === 'lost') throw new StepLost('the partition does not stand there any more');
      if (result.kind === 'recorded') return undefined;
      return this.#leaveRefused(await steps.refusalsOf({ events, outcome }, result.refusals));
    } catch (error) {
      if (!isOfTheEvents(error)) throw error;
      if (events.length > 1) return 'one by one';
      return this.#leaveRefused([{ index: 0, verdict: { violations: [violationOf(error)] } }]);
    }
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
