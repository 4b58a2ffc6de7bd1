/**
 * What the log as it is now says that is held under one constraint. Where several hold the same value
 * all of them are kept: what breaks the constraint is what is left of that at the end of the log, so a
 * conflict that was released, compensated or redacted since stands against nothing. Pure.
 */
import { follow, type Changes, type Fault, type MadeClaim, type PlacedEffect } from './claims';
import type { LoggedEvent } from './logged-event';
import type { CastContent, Effect, Rule } from './rule';

/** A value that an event holds. */
export interface Holding {
  readonly key: string;
  readonly event: number;
  readonly source: string;
  readonly properties: readonly string[];
  /** The value, for a person. */
  readonly shown: string;
}

/** What stands against a constraint. */
export interface Conflict {
  readonly message: string;
  /** The events, ascending. */
  readonly sequenceNumbers: readonly number[];
}

/** What events of the log do, each at its number. */
export function effectsOf(rule: Rule, events: readonly LoggedEvent[], cast: CastContent): PlacedEffect[] {
  return events.flatMap((event) => {
    const effect = rule.effectOf(event, cast);
    return effect === undefined ? [] : [{ effect, place: event.number }];
  });
}

/** What is left at the end of a stretch of the log; undefined when it does nothing. */
export const foldStretch = (rule: Rule, effects: readonly PlacedEffect[]): Changes | undefined =>
  follow(effects, true).get(rule);

export const holdingOf = ({ claim, source, place, instead }: MadeClaim): Holding => ({
  ...claim,
  source,
  event: instead ?? place,
});

/** A whole log that fits into memory. */
export function foldLog(
  rule: Rule,
  events: readonly LoggedEvent[],
  cast: CastContent,
): { holdings: Holding[]; conflicts: Conflict[] } {
  const effects = effectsOf(rule, events, cast).filter(({ effect, place }) => !isDecided(events, effect, place));
  const changes = foldStretch(rule, effects);
  const holdings = (changes?.held ?? []).map(holdingOf);
  const byKey = new Map<string, Holding[]>();
  for (const holding of holdings) byKey.set(holding.key, [...(byKey.get(holding.key) ?? []), holding]);
  const contended = [...byKey.values()].filter((holders) => holders.length > 1).map(contention);
  return { holdings, conflicts: [...contended, ...(changes?.standing ?? []).map(faultConflict)] };
}

/** Whether a later event of the source had decided what it holds before its earlier one was compensated at `place`. */
const isDecided = (events: readonly LoggedEvent[], { instead, source, unlessLater }: Effect, place: number): boolean =>
  instead !== undefined &&
  events.some(
    (event) =>
      event.instead === undefined &&
      event.eventSourceId === source &&
      event.number > instead &&
      event.number < place &&
      unlessLater.includes(event.type),
  );

/** Numbers in a message; a finding has all of them beside it. */
const NUMBERS_TOLD = 10;

/** Several events hold one value. */
export function contention(holders: readonly Pick<Holding, 'event' | 'properties' | 'shown'>[]): Conflict {
  const numbers = holders.map(({ event }) => event).sort((a, b) => a - b);
  const told = numbers.slice(0, NUMBERS_TOLD).join(', ') + (numbers.length > NUMBERS_TOLD ? ' and more' : '');
  const [first] = holders;
  const value = JSON.stringify(first?.shown ?? '');
  return {
    message: `events ${told} have the same ${(first?.properties ?? []).join(', ')}: ${value}`,
    sequenceNumbers: numbers,
  };
}

/** An event has no single value where the constraint needs one. */
export function faultConflict({ notScalar: { property, found }, instead, place }: Fault): Conflict {
  const number = instead ?? place;
  return { message: `event ${number} has ${found} at ${property}`, sequenceNumbers: [number] };
}
