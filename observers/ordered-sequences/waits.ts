/** What a sequence waits for, said to those who watch for it: event sequences and observers. Said again only when it has changed. */
import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_SEQUENCE } from '../../src/kernel/names';
import { createdEventId } from './derived-ids';
import type { Follow } from './follow';
import { NO_INTEREST, type Awaited, type Following, type Interest } from './interests';
import type { Journal } from './journal';
import type { Waiting } from './next';
import type { ObserverWait, ObserverWaits } from './observer-waits';
import type { SequenceState } from './sequence-state';
import { eventOf, handlingOf } from './steps';
import { ORDERED_SEQUENCES } from './tuning';

export interface WaitsOptions {
  readonly journal: Journal;
  readonly follow: Follow;
  readonly observers: ObserverWaits;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

interface Said {
  /** What was said last, to tell whether it has changed. */
  text: string;
  readonly sequence: string;
  /** One after the other: what was said first is not to come last. */
  saying: Promise<void>;
}

const NOTHING = '';

export class Waits {
  readonly #said = new Map<string, Said>();

  constructor(private readonly options: WaitsOptions) {}

  set(state: SequenceState, waiting: Waiting): void {
    const { sequenceId, event_sequence: sequence = DEFAULT_SEQUENCE } = state.document;
    const { forEvents, forFollowers, forObservers } = waiting;
    const some = forEvents.length + forFollowers.length + forObservers.length > 0;
    const text = some ? JSON.stringify([forEvents, forFollowers, forObservers]) : NOTHING;
    const said = this.#said.get(sequenceId) ?? { text: NOTHING, sequence, saying: Promise.resolve() };
    if (said.text === text) return;
    said.text = text;
    this.#said.set(sequenceId, said);
    this.options.observers.set(
      sequenceId,
      forObservers.map((step) => observerWait(state, step, sequence)),
    );
    said.saying = said.saying.then(async () => this.#say(said, text, state, waiting));
  }

  forget(sequenceId: string): void {
    const said = this.#said.get(sequenceId);
    if (said === undefined) return;
    this.#said.delete(sequenceId);
    said.text = NOTHING;
    this.options.observers.set(sequenceId, []);
    said.saying = said.saying.then(async () => this.options.follow.set(sequenceId, said.sequence, NO_INTEREST));
  }

  /** Until it is said, or something else is to be. */
  async #say(said: Said, text: string, state: SequenceState, waiting: Waiting): Promise<void> {
    const { follow, logger, stopping } = this.options;
    const { sequenceId } = state.document;
    for (let pause: number = ORDERED_SEQUENCES.retryFirstMs; said.text === text && !stopping.aborted;) {
      try {
        await follow.set(sequenceId, said.sequence, await this.#interest(state, waiting));
        return;
      } catch (error) {
        if (stopping.aborted) return;
        logger.warn(
          { err: error, sequenceId },
          'what an ordered sequence waits for cannot be looked for, trying again',
        );
        await sleep(pause, undefined, { signal: stopping }).catch(() => undefined);
        pause = Math.min(2 * pause, ORDERED_SEQUENCES.retryLongestMs);
      }
    }
  }

  async #interest(state: SequenceState, { forEvents, forFollowers }: Waiting): Promise<Interest> {
    const matched = forEvents.some((step) => eventOf(state.document, step).matches !== undefined);
    const since = matched ? await this.#since(state.document.sequenceId) : 0;
    return {
      awaited: forEvents.map((step) => awaited(state, step, since)),
      following: forFollowers.flatMap((step) => following(state, step)),
    };
  }

  async #since(sequenceId: string): Promise<number> {
    const created = await this.options.journal.find(createdEventId(sequenceId));
    return created?.entry.type === 'SequenceCreated' ? (created.entry.since ?? 0) : 0;
  }
}

function awaited({ document }: SequenceState, step: number, since: number): Awaited {
  const { eventId, matches } = eventOf(document, step);
  if (matches === undefined) return { step, eventId, match: undefined, since: 0 };
  const { event_type: eventType, by, property, value } = matches;
  return { step, eventId, match: { eventType, by, value, ...(property === undefined ? {} : { property }) }, since };
}

function following(state: SequenceState, step: number): Following[] {
  const { arrived } = handlingOf(state, step);
  const eventType = eventOf(state.document, step).processing?.followed_by;
  if (arrived === null || eventType === undefined) return [];
  const { correlationId, sequenceNumber } = arrived;
  return [{ step, eventType, correlationId, since: sequenceNumber + 1 }];
}

const observerWait = (state: SequenceState, step: number, sequence: string): ObserverWait => ({
  step,
  observer: eventOf(state.document, step).processing?.observer ?? '',
  sequence,
  number: handlingOf(state, step).arrived?.sequenceNumber ?? 0,
});
