/**
 * A link's steps, one after the other: a batch goes into the inbox and the checkpoint past it, or neither.
 * What the target refuses holds its partition, and the rest of the batch goes on without it.
 */
import { AnnalsError } from '../../src/kernel/annals-error';
import { ERRORS, Status } from '../../src/kernel/error-registry';
import type { Violation } from '../../src/kernel/violation';
import type { RelayedEvent, RelayOutcome } from '../../src/sequences/relay-append';
import type { Sequences } from '../../src/sequences/sequences';
import type { HoldRecord, LinkRecord, SourceAnchor } from '../../src/storage/link-records';
import type { LinkStep, LinkStore, RedriveStep } from '../../src/storage/links';
import { LostLease } from '../../src/storage/observers';
import type { Origins } from '../../src/storage/origins';
import { byAnotherWay, leaveOut, originalNotRelayed } from './leave-out';
import { mask, type Mask } from './mask';
import { Mutex } from './mutex';
import { partitionsOf, type SourceAt } from './partition';
import { outcomeOf, plan, planAgain, type Candidate, type Outcome, type Refusal } from './plan';
import { relayedEvent } from './relayed-event';
import type { SourceEvent } from './source-event';
import { RELAY } from './tuning';

export interface LinkAddress {
  readonly store: string;
  readonly namespace: string;
  readonly link: string;
}

export interface StepsOptions {
  readonly address: LinkAddress;
  readonly epoch: number;
  readonly store: LinkStore;
  readonly origins: Origins;
  readonly sequences: Pick<Sequences, 'relay'>;
  /** An earlier event of the source, for the partition of what is announced about it. */
  readonly sourceAt: SourceAt;
}

/** Where the link stands, as far as its owner knows: what is in the database is the truth. */
interface Standing {
  record: LinkRecord;
  readonly holds: Map<string, HoldRecord>;
}

/** The step was not made from where the link stands, or may not have been made: it is looked at again. */
export class StepLost extends Error {
  override readonly name = 'StepLost';
}

/** A batch on its way. */
interface Attempt {
  readonly events: readonly SourceEvent[];
  readonly candidates: readonly Candidate[];
  readonly outcome: Outcome;
}

export class RelaySteps {
  readonly #mutex = new Mutex();
  #standing: Standing | undefined;
  #mask: Mask = (_type, contents) => contents;
  /** The inbox may hold other events from source numbers below it. */
  #knownBelow = 0;

  constructor(readonly options: StepsOptions) {}

  get record(): LinkRecord {
    return this.#at.record;
  }

  get holds(): ReadonlyMap<string, HoldRecord> {
    return this.#at.holds;
  }

  get #at(): Standing {
    if (this.#standing === undefined) throw new Error('the link has not been loaded');
    return this.#standing;
  }

  /** Reads where the link stands. @throws LostLease */
  async load(): Promise<void> {
    const { address, epoch, store, origins } = this.options;
    const record = await store.find(address.link);
    if (record === undefined || record.epoch !== epoch) {
      throw new LostLease(`link ${address.link} is no longer owned with epoch ${epoch}`);
    }
    const holds = await store.holds(address.link);
    this.#mask = mask(record.definition.mask, await store.maskKey(address.link));
    const last = await origins.last(record.definition.source);
    this.#knownBelow = last === undefined ? 0 : last.origin + 1;
    this.#standing = { record, holds: new Map(holds.map((hold) => [hold.partition, hold])) };
  }

  /** Runs nothing else of this link meanwhile. */
  async alone<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run(work);
  }

  /** Remembers what was written of the record beside the steps. */
  noted(change: Partial<LinkRecord>): void {
    this.#at.record = { ...this.#at.record, ...change };
  }

  /**
   * Brings a batch over and moves the checkpoint to `next`. Returns the events that were brought.
   * @throws StepLost, LostLease, AnnalsError
   */
  async past(events: readonly SourceEvent[], next: number, anchor?: SourceAnchor): Promise<number> {
    return this.alone(async () => this.#past(events, next, anchor));
  }

  async #past(all: readonly SourceEvent[], next: number, anchor: SourceAnchor | undefined): Promise<number> {
    const { record } = this.#at;
    if (next <= record.position) return 0;
    const events = all.filter(({ sequenceNumber }) => sequenceNumber >= record.position);
    const candidates = await this.candidates(events);
    const held = new Set(this.#at.holds.keys());
    let fates = planAgain(candidates, plan(candidates, held), await this.#alreadyOthers(events));
    for (;;) {
      const attempt = { events, candidates, outcome: outcomeOf(candidates, fates) };
      const last = events.at(-1);
      const step = this.#stepOf(
        attempt,
        next,
        anchor ?? (last && { number: last.sequenceNumber, eventId: last.eventId }),
      );
      let result: RelayOutcome;
      try {
        result = await this.#send(attempt, step);
      } catch (error) {
        if (!isOfTheEvents(error)) throw error;
        const middle = Math.floor(events.length / 2);
        const second = events[middle];
        if (middle > 0 && second !== undefined) {
          // One of them makes the whole call fail: it is found by halves.
          const before = await this.#past(events.slice(0, middle), second.sequenceNumber, undefined);
          return before + (await this.#past(events.slice(middle), next, anchor));
        }
        fates = planAgain(candidates, fates, [{ index: 0, verdict: { violations: [violationOf(error)] } }]);
        continue;
      }
      if (result.kind === 'lost') throw new StepLost(`the link does not stand at ${step.from} any more`);
      if (result.kind === 'recorded') {
        this.#stepped(attempt, step, result.duplicates);
        await this.#tellDuplicates(result.duplicates);
        return step.relayed;
      }
      fates = planAgain(candidates, fates, await this.refusalsOf(attempt, result.refusals));
    }
  }

  /** People like to see it; no step hangs on it. */
  async #tellDuplicates(duplicates: number): Promise<void> {
    const { address, epoch, store } = this.options;
    if (duplicates > 0) await store.countDuplicates(address.link, epoch, duplicates).catch(() => undefined);
  }

  /** The events as the plan sees them. */
  async candidates(events: readonly SourceEvent[]): Promise<Candidate[]> {
    const { address } = this.options;
    const { hopLimit } = this.#at.record.definition;
    const partitions = await this.partitions(events);
    return events.map((event, i) => ({
      number: event.sequenceNumber,
      partition: partitions[i] ?? '',
      leaveOut: leaveOut(event, { target: address, hopLimit }),
    }));
  }

  /** Each event's partition. */
  async partitions(events: readonly SourceEvent[]): Promise<string[]> {
    return partitionsOf(this.#at.record.definition.partitionBy, events, this.options.sourceAt);
  }

  /** The events as the inbox gets them. */
  relayed(events: readonly SourceEvent[], places: readonly number[]): RelayedEvent[] {
    const { definition, id } = this.#at.record;
    return places.flatMap((place) => {
      const event = events[place];
      return event === undefined ? [] : [relayedEvent(event, definition, id, this.#mask)];
    });
  }

  get inbox() {
    const { store, namespace } = this.options.address;
    return { store, namespace, sequence: 'inbox' };
  }

  /** What the target has against events of an attempt, as the plan takes it. */
  async refusalsOf(
    { events, outcome }: Pick<Attempt, 'events' | 'outcome'>,
    refusals: readonly { readonly index: number; readonly violations: readonly Violation[] }[],
  ): Promise<Refusal[]> {
    const reused = refusals.filter(({ violations }) => violations.some(({ code }) => code === 'EVENT_ID_REUSED'));
    const ids = reused.flatMap(({ index }) => events[outcome.sent[index] ?? -1]?.eventId ?? []);
    const known = ids.length === 0 ? new Map<string, never>() : await this.options.origins.byEventIds(ids);
    return refusals.map(({ index: sent, violations }) => {
      const index = outcome.sent[sent] ?? -1;
      const event = events[index];
      const there = event === undefined ? undefined : known.get(event.eventId);
      if (there?.relayed === true) return { index, verdict: { cause: byAnotherWay(there.number) } };
      const about = event?.announcement?.number;
      if (about !== undefined && violations.some(({ code }) => code === 'ORIGINAL_NOT_RELAYED')) {
        return { index, verdict: { cause: originalNotRelayed(about) } };
      }
      return { index, verdict: { violations } };
    });
  }

  async #send({ events, outcome }: Attempt, step: LinkStep): Promise<RelayOutcome> {
    const { address, epoch, store, sequences } = this.options;
    if (outcome.sent.length === 0) {
      const moved = await store.alone(async (session) => store.step(address.link, epoch, step, session));
      return moved ? { kind: 'recorded', numbers: [], duplicates: 0 } : { kind: 'lost' };
    }
    return sequences.relay(
      this.inbox,
      this.relayed(events, outcome.sent),
      {
        move: async (session) => store.step(address.link, epoch, step, session),
        keep: async (session) => store.hold(address.link, epoch, session),
      },
      performance.now() + RELAY.appendMs,
    );
  }

  #stepOf({ outcome }: Attempt, next: number, anchor: SourceAnchor | undefined): LinkStep {
    const at = new Date();
    return {
      from: this.#at.record.position,
      position: next,
      anchor,
      relayed: outcome.sent.length,
      newHolds: outcome.newHolds.map((hold) => ({ ...hold, since: at, attempts: 1, lastAttempt: at })),
      heldMore: outcome.heldMore,
      skips: outcome.skipped.map(({ number, cause }) => ({ number, ...cause, who: 'relay', at })),
    };
  }

  #stepped({ outcome }: Attempt, step: LinkStep, duplicates: number): void {
    const standing = this.#at;
    const { record, holds } = standing;
    const { counters } = record;
    standing.record = {
      ...record,
      position: step.position,
      anchor: step.anchor ?? record.anchor,
      counters: {
        relayed: counters.relayed + step.relayed,
        duplicates: counters.duplicates + duplicates,
        skipped: counters.skipped + step.skips.length,
      },
    };
    for (const hold of step.newHolds) holds.set(hold.partition, hold);
    for (const [partition, more] of outcome.heldMore) {
      const hold = holds.get(partition);
      if (hold !== undefined) holds.set(partition, { ...hold, events: hold.events + more });
    }
  }

  /** Held partitions stand elsewhere, or are no longer held. */
  redriven({ moves, relayed, skips }: RedriveStep): void {
    const standing = this.#at;
    const { counters } = standing.record;
    standing.record = {
      ...standing.record,
      counters: { ...counters, relayed: counters.relayed + relayed, skipped: counters.skipped + skips.length },
    };
    for (const { before, after } of moves) {
      if (after === undefined) standing.holds.delete(before.partition);
      else standing.holds.set(after.partition, after);
    }
  }

  /**
   * A source that was restored from an old backup gives numbers out again. The inbox would take the new
   * event for the one that it has from there, so what may be known is compared first.
   */
  async #alreadyOthers(events: readonly SourceEvent[]): Promise<Refusal[]> {
    const [first] = events;
    const last = events.at(-1);
    if (first === undefined || last === undefined || first.sequenceNumber >= this.#knownBelow) return [];
    const { source } = this.#at.record.definition;
    const places = await this.options.origins.between(source, first.sequenceNumber, last.sequenceNumber);
    const known = new Map(places.map((place) => [place.origin, place]));
    return events.flatMap(({ sequenceNumber, eventId }, index) => {
      const place = known.get(sequenceNumber);
      if (place === undefined || place.eventId === eventId) return [];
      const violation: Violation = {
        code: 'ORIGIN_REUSED',
        message: `the inbox has another event from the source's number ${sequenceNumber}: ${JSON.stringify(place.eventId)}`,
        field: 'origin.sequence_number',
        sequenceNumber: place.number,
      };
      return [{ index, verdict: { violations: [violation] } }];
    });
  }
}

/** It stands against something in the events of the call, so the same call fails again for ever. */
export const isOfTheEvents = (error: unknown): error is AnnalsError =>
  error instanceof AnnalsError &&
  (ERRORS[error.code].status === Status.INVALID_ARGUMENT || error.code === 'DATABASE_REFUSED');

export const violationOf = ({ code, message, field, metadata }: AnnalsError): Violation => ({
  code,
  message,
  field: field ?? '',
  sequenceNumber: undefined,
  metadata,
});
