/**
 * What ordered sequences wait for on one event sequence, so that each event finds those that it concerns without looking
 * at the others: by its id, by its type and what ties it, by its type and operation, by its type alone.
 */
import type { BusinessEvent, Tie } from './business-event';
import { tieOf } from './instance';
import type { SequenceDefinition } from '../../src/contract/sequence-document';

/** A step that waits for its event. Without a match it is known by its id. */
export interface Awaited {
  readonly step: number;
  readonly eventId: string;
  readonly match: (Tie & { readonly eventType: string; readonly value: string }) | undefined;
  /** Numbers below it are not meant. */
  readonly since: number;
}

/** A step that waits for an event after its own. */
export interface Following {
  readonly step: number;
  readonly eventType: string;
  readonly correlationId: string;
  readonly since: number;
}

export interface Interest {
  readonly awaited: readonly Awaited[];
  readonly following: readonly Following[];
}

export interface Concerned {
  readonly sequenceId: string;
  readonly step: number;
  /** Whether it is the step's own event, or the one that makes it done. */
  readonly as: 'event' | 'follower';
}

interface Entry extends Concerned {
  readonly since: number;
}

export const NO_INTEREST: Interest = { awaited: [], following: [] };

const idKey = (eventId: string): string => `id ${eventId}`;
const matchKey = (type: string, tie: Tie, value: string): string =>
  JSON.stringify([type, tie.by, tie.property ?? '', value]);
const followKey = (type: string, correlationId: string): string => JSON.stringify([type, correlationId]);
const awaitedKey = ({ eventId, match }: Awaited): string =>
  match === undefined ? idKey(eventId) : matchKey(match.eventType, match, match.value);
const followingKey = ({ eventType, correlationId }: Following): string => followKey(eventType, correlationId);

export class Interests {
  readonly #entries = new Map<string, Set<Entry>>();
  readonly #bySequence = new Map<string, { readonly key: string; readonly entry: Entry }[]>();
  /** How often each tie of a type is waited for, so that an event of another type costs nothing. */
  readonly #ties = new Map<string, Map<string, { readonly tie: Tie; count: number }>>();
  readonly #followed = new Map<string, number>();
  #starting: ReadonlyMap<string, readonly SequenceDefinition[]> = new Map();

  /** What of it the sequence did not wait for before. */
  fresh(sequenceId: string, { awaited, following }: Interest): Interest {
    const before = new Set(this.#bySequence.get(sequenceId)?.map(({ key, entry }) => `${entry.step} ${key}`));
    return {
      awaited: awaited.filter((one) => !before.has(`${one.step} ${awaitedKey(one)}`)),
      following: following.filter((one) => !before.has(`${one.step} ${followingKey(one)}`)),
    };
  }

  /** Replaces what a sequence waits for. */
  set(sequenceId: string, { awaited, following }: Interest): void {
    this.#forget(sequenceId);
    const kept: { key: string; entry: Entry }[] = [];
    for (const one of awaited) {
      const { step, match, since } = one;
      if (match !== undefined) this.#countTie(match.eventType, match, 1);
      kept.push(this.#add(awaitedKey(one), { sequenceId, step, as: 'event', since }));
    }
    for (const one of following) {
      const { step, eventType, since } = one;
      this.#followed.set(eventType, (this.#followed.get(eventType) ?? 0) + 1);
      kept.push(this.#add(followingKey(one), { sequenceId, step, as: 'follower', since }));
    }
    if (kept.length > 0) this.#bySequence.set(sequenceId, kept);
  }

  /** The definitions of which an event of a type begins an instance. */
  startBy(definitions: ReadonlyMap<string, readonly SequenceDefinition[]>): void {
    this.#starting = definitions;
  }

  starting(eventType: string): readonly SequenceDefinition[] {
    return this.#starting.get(eventType) ?? [];
  }

  concerned(event: BusinessEvent): Concerned[] {
    const { eventId, eventType, sequenceNumber } = event;
    const keys = [idKey(eventId)];
    for (const { tie } of this.#ties.get(eventType)?.values() ?? []) {
      const value = tieOf(tie, event);
      if (value !== undefined) keys.push(matchKey(eventType, tie, value));
    }
    if (this.#followed.has(eventType)) keys.push(followKey(eventType, event.correlationId));
    return keys.flatMap((key) => [...(this.#entries.get(key) ?? [])].filter(({ since }) => since <= sequenceNumber));
  }

  #add(key: string, entry: Entry): { key: string; entry: Entry } {
    const entries = this.#entries.get(key);
    if (entries === undefined) this.#entries.set(key, new Set([entry]));
    else entries.add(entry);
    return { key, entry };
  }

  #forget(sequenceId: string): void {
    for (const { key, entry } of this.#bySequence.get(sequenceId) ?? []) {
      const entries = this.#entries.get(key);
      entries?.delete(entry);
      if (entries?.size === 0) this.#entries.delete(key);
      this.#uncount(key, entry);
    }
    this.#bySequence.delete(sequenceId);
  }

  #uncount(key: string, { as }: Entry): void {
    if (key.startsWith('id ')) return;
    // A key of ours, made above.
    const [type, by, property] = JSON.parse(key) as [string, Tie['by'], string];
    if (as === 'event') {
      this.#countTie(type, { by, property }, -1);
      return;
    }
    const count = (this.#followed.get(type) ?? 0) - 1;
    if (count > 0) this.#followed.set(type, count);
    else this.#followed.delete(type);
  }

  #countTie(type: string, { by, property = '' }: Tie, more: 1 | -1): void {
    const ties = this.#ties.get(type) ?? new Map<string, { tie: Tie; count: number }>();
    this.#ties.set(type, ties);
    const name = `${by} ${property}`;
    const known = ties.get(name) ?? { tie: { by, property }, count: 0 };
    known.count += more;
    if (known.count > 0) ties.set(name, known);
    else ties.delete(name);
    if (ties.size === 0) this.#ties.delete(type);
  }
}
