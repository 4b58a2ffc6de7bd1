/**
 * Follows a stretch of the log, or the events of one call, through what they release and claim, in
 * order. Pure: what the stretch meets of earlier claims is asked of the database by who calls.
 */
import type { Effect, Claim, NotScalar, Rule } from './rule';

/**
 * Where the places of events begin that have no number yet: beyond all numbers, so that such an event
 * is never taken for one that is recorded.
 */
export const UNNUMBERED = 2 ** 52;

/** An effect at its place: an event's number in the log; in a call `UNNUMBERED` and its index. */
export interface PlacedEffect {
  readonly effect: Effect;
  readonly place: number;
}

/** A claim that was made at a place. */
export interface MadeClaim {
  readonly rule: Rule;
  readonly claim: Claim;
  readonly source: string;
  readonly place: number;
  /** The event that holds it when it is not the one at the place. */
  readonly instead: number | undefined;
}

export interface Fault {
  readonly rule: Rule;
  readonly notScalar: NotScalar;
  readonly source: string;
  readonly place: number;
  readonly instead: number | undefined;
}

/** Two claims of the same key within the stretch. */
export interface Contention {
  readonly claim: MadeClaim;
  readonly heldBy: MadeClaim;
}

/** What a stretch does under one constraint. */
export class Changes {
  /** What these sources held before the stretch is released, from a place on. */
  readonly sources = new Map<string, number>();
  /** What these events held before the stretch is released, from a place on. */
  readonly events = new Map<number, number>();
  /** Every claim that was made, in order, whether it is still held at the end or not. */
  readonly made: MadeClaim[] = [];
  /** Claims of keys that something in the stretch held at that place. */
  readonly contended: Contention[] = [];
  /** Every value that could not be claimed, in order. */
  readonly faults: Fault[] = [];
  /** Those of them that still stand at the end. */
  standing: Fault[] = [];
  /** What is held at the end, several for a key where they are let contend. */
  readonly #held = new Map<string, MadeClaim[]>();
  readonly #keysOfSource = new Map<string, Set<string>>();

  /** @param contending a claim of a key that is held is held too, as the log is followed to see what breaks a constraint. */
  constructor(private readonly contending: boolean) {}

  get held(): MadeClaim[] {
    return [...this.#held.values()].flat();
  }

  apply({ effect, place }: PlacedEffect): void {
    const { rule, source, instead, claim, notScalar } = effect;
    if (effect.releasesSource) this.#releaseSource(source, place);
    if (instead !== undefined) this.#releaseEvent(source, instead, place);
    if (notScalar !== undefined) this.#fault({ rule, notScalar, source, place, instead });
    if (claim !== undefined) this.#claim({ rule, claim, source, place, instead });
  }

  /** Whether what was held before the stretch by this event of this source is released when a claim is made at a place. */
  releases(held: { readonly source: string; readonly event: number }, place: number): boolean {
    const released = (at: number | undefined): boolean => at !== undefined && at <= place;
    return released(this.sources.get(held.source)) || released(this.events.get(held.event));
  }

  #fault(fault: Fault): void {
    this.faults.push(fault);
    this.standing.push(fault);
  }

  #releaseSource(source: string, place: number): void {
    if (!this.sources.has(source)) this.sources.set(source, place);
    this.standing = this.standing.filter((fault) => fault.source !== source);
    for (const key of this.#keysOfSource.get(source) ?? []) this.#drop(key, (made) => made.source === source);
    this.#keysOfSource.delete(source);
  }

  #releaseEvent(source: string, event: number, place: number): void {
    if (!this.events.has(event)) this.events.set(event, place);
    const isOf = (made: MadeClaim | Fault): boolean => holderOf(made) === event;
    this.standing = this.standing.filter((fault) => !isOf(fault));
    for (const key of this.#keysOfSource.get(source) ?? []) this.#drop(key, isOf);
  }

  #drop(key: string, isReleased: (made: MadeClaim) => boolean): void {
    const left = (this.#held.get(key) ?? []).filter((made) => !isReleased(made));
    if (left.length === 0) this.#held.delete(key);
    else this.#held.set(key, left);
  }

  #claim(made: MadeClaim): void {
    const { key } = made.claim;
    this.made.push(made);
    const holders = this.#held.get(key) ?? [];
    const [heldBy] = holders;
    if (heldBy !== undefined) {
      this.contended.push({ claim: made, heldBy });
      if (!this.contending) return;
    }
    this.#held.set(key, [...holders, made]);
    const keys = this.#keysOfSource.get(made.source) ?? new Set();
    this.#keysOfSource.set(made.source, keys.add(key));
  }
}

/** The event that holds what was claimed. */
const holderOf = ({ instead, place }: { instead: number | undefined; place: number }): number => instead ?? place;

/** Follows effects in order, each constraint for itself. */
export function follow(effects: readonly PlacedEffect[], contending: boolean): Map<Rule, Changes> {
  const changes = new Map<Rule, Changes>();
  for (const placed of effects) {
    const { rule } = placed.effect;
    const own = changes.get(rule) ?? new Changes(contending);
    if (!changes.has(rule)) changes.set(rule, own);
    own.apply(placed);
  }
  return changes;
}

/**
 * What no other append of the same commit may touch, since both are checked against the same claims:
 * what is claimed; where claims hang on their source, the source; and the event whose claims change.
 */
export function* touchedBy({ rule, source, claim, instead }: Effect): Iterable<string> {
  if (claim !== undefined) yield claim.key;
  if (rule.bindsSource) yield `${rule.name}@${source}`;
  if (instead !== undefined) yield `${rule.name}#${instead}`;
}
