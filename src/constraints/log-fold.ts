/**
 * Follows a log of any length and keeps what it says in a ledger of its own in the database. In memory
 * are only the values that several hold at the moment, and those that cannot be held.
 */
import type { Db } from 'mongodb';
import { ClaimStore, type ClaimRow } from '../storage/claims';
import { NUMBER_OFFSET } from '../storage/event-document';
import { readInt64 } from '../storage/event-fields';
import { findEvents, findLast } from '../storage/find-events';
import type { Fault, PlacedEffect } from './claims';
import { contention, effectsOf, faultConflict, foldStretch, holdingOf, type Conflict, type Holding } from './fold';
import { loggedEvent } from './logged-event';
import type { CastContent, Effect, Rule } from './rule';

/** Events in one look: what is made of them keeps the event loop for a few ms. */
const PAGE_EVENTS = 500;

/** Numbers that one query walks, since no index leads to the events of a type. */
const SCAN_WINDOW = 20_000;

/** Values that several hold, and values that cannot be held, at the same time: a constraint that so much stands against is given up. */
const MAX_OUTSTANDING = 10_000;

export interface FoldPlace {
  readonly db: Db;
  readonly collection: string;
  readonly rule: Rule;
  readonly cast: CastContent;
  /** Makes what `cast` needs ready. */
  readonly prepare: () => Promise<unknown>;
  /** Events in one look. */
  readonly pageEvents?: number;
}

export class LogFold {
  readonly #claims: ClaimStore;
  /** Everything below has been looked at. */
  #position = 0;
  /** Those that hold what another one is in the ledger with. */
  readonly #contenders = new Map<string, Holding[]>();
  #faults: Fault[] = [];

  constructor(private readonly place: FoldPlace) {
    this.#claims = new ClaimStore(place.db);
  }

  get position(): number {
    return this.#position;
  }

  /** So much stands against the constraint that following the log further tells nothing more. */
  get hopeless(): boolean {
    return this.#contenders.size + this.#faults.length > MAX_OUTSTANDING;
  }

  /** Whether anything stands against the constraint at the place that it has come to. */
  get holds(): boolean {
    return this.#contenders.size === 0 && this.#faults.length === 0;
  }

  /** The number that the next event gets, as far as is committed. */
  async next(): Promise<number> {
    const last = await findLast(this.place.db, this.place.collection);
    return last === undefined ? 0 : readInt64(last, NUMBER_OFFSET) + 1;
  }

  /** Looks at the next events below `next`, which is committed. False when there are none. */
  async advance(next: number): Promise<boolean> {
    const { db, collection, rule, cast } = this.place;
    if (this.#position >= next) return false;
    await this.place.prepare();
    const to = Math.min(next - 1, this.#position + SCAN_WINDOW - 1);
    const filters = [{ types: rule.types, eventSourceIds: [], tags: [], correlationId: undefined }];
    const found = await findEvents(db, collection, {
      from: this.#position,
      to,
      limit: this.place.pageEvents ?? PAGE_EVENTS,
      filters,
    });
    const events = found.starts.flatMap((start) => loggedEvent(found.bytes, start) ?? []);
    const effects = effectsOf(rule, events, cast);
    const decided = await Promise.all(effects.map(async ({ effect, place }) => this.#isDecided(effect, place)));
    await this.#apply(effects.filter((_, i) => decided[i] !== true));
    const last = found.starts.at(-1);
    this.#position = found.exhausted || last === undefined ? to + 1 : readInt64(found.bytes, last + NUMBER_OFFSET) + 1;
    return true;
  }

  /** What stands against the constraint. */
  async conflicts(): Promise<Conflict[]> {
    const rows = await this.#claims.find([...this.#contenders.keys()]);
    const contended = [...this.#contenders].map(([key, holders]) => {
      const row = rows.get(key);
      const [first] = holders;
      return contention(
        row === undefined || first === undefined ? holders : [{ ...first, event: row.event }, ...holders],
      );
    });
    return [...contended, ...this.#faults.map(faultConflict)];
  }

  async #apply(effects: readonly PlacedEffect[]): Promise<void> {
    const { rule } = this.place;
    const changes = foldStretch(rule, effects);
    if (changes === undefined) return;
    const { sources, events } = changes;
    const isReleased = (source: string, event: number): boolean => sources.has(source) || events.has(event);
    this.#faults = this.#faults.filter(({ source, instead, place }) => !isReleased(source, instead ?? place));
    this.#faults.push(...changes.standing);
    for (const [key, holders] of this.#contenders) {
      this.#keep(
        key,
        holders.filter(({ source, event }) => !isReleased(source, event)),
      );
    }
    const holdings = new Map<string, Holding>();
    for (const holding of changes.held.map(holdingOf)) {
      if (holdings.has(holding.key)) this.#contend(holding);
      else holdings.set(holding.key, holding);
    }
    const release = { ledger: rule.ledger, sources: [...sources.keys()], events: [...events.keys()] };
    const taken = await this.#claims.collect(
      [release],
      [...holdings.values()].map((holding) => this.#row(holding)),
    );
    for (const { key } of taken) {
      const holding = holdings.get(key);
      if (holding !== undefined) this.#contend(holding);
    }
    if (sources.size > 0 || events.size > 0) await this.#succeed();
  }

  /** Where who is in the ledger has given a value up, the first of the others holds it now. */
  async #succeed(): Promise<void> {
    if (this.#contenders.size === 0) return;
    const rows = await this.#claims.find([...this.#contenders.keys()]);
    const heirs: ClaimRow[] = [];
    for (const [key, [heir, ...others]] of this.#contenders) {
      if (rows.has(key) || heir === undefined) continue;
      heirs.push(this.#row(heir));
      this.#keep(key, others);
    }
    await this.#claims.collect([], heirs);
  }

  #contend(holding: Holding): void {
    this.#keep(holding.key, [...(this.#contenders.get(holding.key) ?? []), holding]);
  }

  #keep(key: string, holders: Holding[]): void {
    if (holders.length === 0) this.#contenders.delete(key);
    else this.#contenders.set(key, holders);
  }

  #row({ key, event, source }: Holding): ClaimRow {
    return { key, event, source, ledger: this.place.rule.ledger };
  }

  /** Whether a later event of the source had decided what it holds before its earlier one was compensated at `place`. */
  async #isDecided({ instead, source, unlessLater }: Effect, place: number): Promise<boolean> {
    if (instead === undefined || unlessLater.length === 0) return false;
    const filters = [{ types: [...unlessLater], eventSourceIds: [source], tags: [], correlationId: undefined }];
    const { db, collection } = this.place;
    const range = { from: instead + 1, to: place - 1, limit: 1, filters, delivered: true };
    return (await findEvents(db, collection, range)).starts.length > 0;
  }
}
