/**
 * What the clients of one run know together: the last numbers that they have heard of, for
 * expectations that race, and what was sent lately, to be sent again. Going stale is its use.
 */
import { EVERYTHING, type Expectation, type Filter, type Outcome } from '../history/history';
import type { MadeEvent } from './new-events';
import type { Random } from './random';

/** Calls remembered to be sent again: far enough back that some were answered long ago. */
const RECENT_CALLS = 400;

export interface Call {
  readonly events: readonly MadeEvent[];
  readonly expectations: readonly Expectation[];
}

export class Knowledge {
  readonly #lastSeen = new Map<string, number>();
  readonly #recent: Call[] = [];
  readonly #unresolved: Call[] = [];
  #fresh = 0;

  note(call: Call, outcome: Outcome): void {
    this.#recent.push(call);
    if (this.#recent.length > RECENT_CALLS) this.#recent.shift();
    if (outcome.is === 'unknown') this.#unresolved.push(call);
    if (outcome.is !== 'appended') return;
    call.events.forEach(({ sent: event }, i) => {
      const number = outcome.first + i;
      for (const key of [event.source, ...event.tags.map((tag) => `${event.type} ${tag}`)]) {
        if (number > (this.#lastSeen.get(key) ?? -1)) this.#lastSeen.set(key, number);
      }
    });
  }

  /** No event of this source above the last that was heard of. */
  ofSource(source: string): Expectation {
    return { filter: { ...EVERYTHING, sources: [source] }, lastSeen: this.#lastSeen.get(source) };
  }

  /** No event of this type with this tag above the last that was heard of: a consistency boundary that no single source has. */
  ofTag(type: string, tag: string): Expectation {
    const filter: Filter = { ...EVERYTHING, types: [type], tags: [tag] };
    return { filter, lastSeen: this.#lastSeen.get(`${type} ${tag}`) };
  }

  /** A source that is not there yet, as far as anybody knows. The same one for some calls in a row, so that they race. */
  freshSource(random: Random): string {
    if (random.chance(0.3)) this.#fresh += 1;
    return `fresh-${this.#fresh}`;
  }

  recent(random: Random): Call | undefined {
    return random.pick(this.#recent);
  }

  /** The calls whose outcome nobody knew, once. */
  takeUnresolved(): Call[] {
    return this.#unresolved.splice(0);
  }
}
