/** The constraints of one event sequence against the database: which are in force, and what is held under them. */
import type { ClientSession, Db } from 'mongodb';
import { LIMITS } from '../kernel/limits';
import type { Steps } from '../kernel/steps';
import type { Violation } from '../kernel/violation';
import { ClaimStore, type ClaimRow, type Release } from '../storage/claims';
import { ConstraintStandings } from '../storage/constraints';
import { findLast } from '../storage/find-events';
import { type Changes, follow, touchedBy, UNNUMBERED, type MadeClaim, type PlacedEffect } from './claims';
import type { AppendClaims, ConstrainedEvent, ConstraintKeeper, NumberedClaims } from './constraint-keeper';
import type { ConstraintDefinition } from './definition';
import { Rule, type CastContent, type Effect } from './rule';
import { claimedInCall, claimedBefore, notScalar } from './violations';

export interface KeeperPlace {
  /** Of the namespace. */
  readonly db: Db;
  readonly sequence: string;
  /** The sequence's. */
  readonly collection: string;
  readonly cast: CastContent;
  /** Makes what `cast` needs ready; called with each look at which constraints are in force. */
  readonly prepare?: () => Promise<unknown>;
}

export class MongoConstraintKeeper implements ConstraintKeeper {
  readonly #standings: ConstraintStandings<ConstraintDefinition>;
  readonly #claims: ClaimStore;
  #rules: readonly Rule[] = [];
  /** The rules under which events of a type do anything. */
  #rulesOf: ReadonlyMap<string, readonly Rule[]> = new Map();
  #revision = 0;
  #lastLook: Promise<void> = Promise.resolve();

  constructor(private readonly place: KeeperPlace) {
    this.#standings = new ConstraintStandings(place.db);
    this.#claims = new ClaimStore(place.db);
  }

  get revision(): number {
    return this.#revision;
  }

  get idle(): boolean {
    return this.#rules.length === 0;
  }

  /** One look after the other: an answer that comes late must not take the place of a newer one. */
  async reload(): Promise<void> {
    const look = this.#lastLook.then(async () => this.#look());
    this.#lastLook = look.catch(() => undefined);
    await look;
  }

  async #look(): Promise<void> {
    const found = await this.#standings.inForce(this.place.sequence);
    if (found.length > 0) await this.place.prepare?.();
    // A ledger is of one definition that came into force once.
    const known = new Map(this.#rules.map((rule) => [rule.ledger, rule]));
    if (found.length === known.size && found.every(({ ledger }) => known.has(ledger))) return;
    this.#rules = found.map(({ definition, ledger }) => known.get(ledger) ?? new Rule(definition, ledger));
    this.#rulesOf = byType(this.#rules);
    this.#revision++;
  }

  *claiming(events: readonly ConstrainedEvent[], field: (index: number) => string): Steps<AppendClaims> {
    const effects: PlacedEffect[] = [];
    for (const [index, event] of events.entries()) {
      for (const rule of this.#rulesOf.get(event.type) ?? []) {
        const effect = rule.effectOf(event, this.place.cast);
        if (effect !== undefined) effects.push({ effect, place: UNNUMBERED + index });
      }
      yield;
    }
    return effects.length === 0 ? NOTHING : new CallClaims(effects, field);
  }

  async check(appends: readonly AppendClaims[]): Promise<readonly (readonly Violation[])[]> {
    const calls = appends.map(callOf);
    await Promise.all(calls.map(async (call) => call.settle(async (effect) => this.#isDecided(effect))));
    const keys = new Set(calls.flatMap((call) => call.made.map(({ claim }) => claim.key)));
    const rows = keys.size === 0 ? new Map<string, ClaimRow>() : await this.#claims.find([...keys]);
    return calls.map((call) => call.violations(rows));
  }

  async write(appends: readonly NumberedClaims[], session: ClientSession): Promise<void> {
    const changes = appends.map(({ claims, first }) => callOf(claims).changes(first));
    const releases = changes.flatMap((change) => change.releases);
    await this.#claims.change(
      releases,
      changes.flatMap((change) => change.rows),
      session,
    );
  }

  /** Whether the source has a later event that has decided what it holds. */
  async #isDecided({ instead, source, unlessLater }: Effect): Promise<boolean> {
    if (instead === undefined || unlessLater.length === 0) return false;
    const filter = { types: [...unlessLater], eventSourceIds: [source], tags: [], correlationId: undefined };
    return (await findLast(this.place.db, this.place.collection, [filter], instead + 1)) !== undefined;
  }
}

function byType(rules: readonly Rule[]): ReadonlyMap<string, readonly Rule[]> {
  const found = new Map<string, Rule[]>();
  for (const rule of rules) {
    for (const type of rule.types) found.set(type, [...(found.get(type) ?? []), rule]);
  }
  return found;
}

const NOTHING: AppendClaims = { empty: true, touched: new Set() };

/** What one call claims and releases. What `settle` found last is what is written. */
class CallClaims implements AppendClaims {
  readonly empty = false;
  readonly touched: ReadonlySet<string>;
  #changes: ReadonlyMap<Rule, Changes> = new Map();

  constructor(
    private readonly effects: readonly PlacedEffect[],
    private readonly field: (index: number) => string,
  ) {
    this.touched = new Set(effects.flatMap(({ effect }) => [...touchedBy(effect)]));
  }

  get made(): MadeClaim[] {
    return [...this.#changes.values()].flatMap((changes) => changes.made);
  }

  /** @param isDecided by an event of the log; one of the call itself that stands before is seen here. */
  async settle(isDecided: (effect: Effect) => Promise<boolean>): Promise<void> {
    const decided = await Promise.all(
      this.effects.map(async ({ effect }, i) => isDecidedBy(this.effects.slice(0, i), effect) || isDecided(effect)),
    );
    const effects = this.effects.filter((_, i) => decided[i] !== true);
    this.#changes = follow(effects, false);
  }

  /** @param rows the claims that are held, of the keys that are claimed here. */
  violations(rows: ReadonlyMap<string, ClaimRow>): Violation[] {
    const found = [...this.#changes.values()].flatMap((changes) => [
      ...changes.faults.map((fault) => ({ place: fault.place, violation: notScalar(fault, this.#fieldOf(fault)) })),
      ...changes.made.flatMap((made) => {
        const row = rows.get(made.claim.key);
        if (row === undefined || changes.releases(row, made.place)) return [];
        return [{ place: made.place, violation: claimedBefore(made, this.#fieldOf(made), row.event) }];
      }),
      ...changes.contended.map(({ claim, heldBy }) => ({
        place: claim.place,
        violation: claimedInCall(claim, this.#fieldOf(claim), this.#fieldOf(heldBy)),
      })),
    ]);
    found.sort((a, b) => a.place - b.place);
    return found.slice(0, LIMITS.violationsTold).map(({ violation }) => violation);
  }

  /** @param first the number of the call's first event. */
  changes(first: number): { releases: Release[]; rows: ClaimRow[] } {
    const all = [...this.#changes];
    return {
      releases: all.map(([{ ledger }, { sources, events }]) => ({
        ledger,
        sources: [...sources.keys()],
        events: [...events.keys()],
      })),
      rows: all.flatMap(([{ ledger }, { held }]) =>
        held.map(({ claim, source, place, instead }) => ({
          key: claim.key,
          ledger,
          event: instead ?? first + (place - UNNUMBERED),
          source,
        })),
      ),
    };
  }

  #fieldOf({ place }: { place: number }): string {
    return this.field(place - UNNUMBERED);
  }
}

/** Whether an earlier event of the call decides what the source holds; all of them are later than what is recorded. */
const isDecidedBy = (earlier: readonly PlacedEffect[], { rule, source, instead, unlessLater }: Effect): boolean =>
  instead !== undefined &&
  unlessLater.length > 0 &&
  earlier.some(({ effect }) => effect.rule === rule && effect.source === source && effect.releasesSource);

function callOf(claims: AppendClaims): CallClaims {
  if (claims instanceof CallClaims) return claims;
  return new CallClaims([], () => '');
}
