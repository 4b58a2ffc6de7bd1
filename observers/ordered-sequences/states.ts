/**
 * The states of a namespace's ordered sequences, as their log makes them: it is read in order, each entry is folded into
 * its sequence, and the rows and whoever works the sequence are told. What is not on the log is not so.
 */
import type { Db, MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { fold } from './fold';
import type { Journal } from './journal';
import { Known } from './known';
import { LogFollower } from './log-follower';
import { isNamespaceEntry, loggedEntry, SUBJECTS, type LoggedEntry } from './logged-entry';
import { get, type FoundSequence } from './lookup';
import { Projection } from './projection';
import type { SequenceState } from './sequence-state';

export interface StatesOptions {
  readonly client: MongoClient;
  /** The namespace's database. */
  readonly db: Db;
  readonly journal: Journal;
  readonly logger: Logger;
}

/** Who works the sequences, and holds the states of those. */
export interface StateHolder {
  readonly worked: (sequenceId: string) => SequenceState | undefined;
  readonly changed: (sequenceId: string, state: SequenceState) => void;
}

const NOBODY: StateHolder = { worked: () => undefined, changed: () => undefined };

export class States {
  readonly known = new Known();
  readonly #log: LogFollower;
  #holder = NOBODY;
  #seen: number | undefined;
  /** From this number on a sequence that begins has no row. */
  #liveFrom = Infinity;

  private constructor(
    private readonly options: StatesOptions,
    private projection: Projection,
  ) {
    const { position } = projection;
    this.#seen = position === 0 ? undefined : position - 1;
    this.#log = new LogFollower({
      sequence: options.journal.log,
      from: position,
      logger: options.logger,
      take: async (documents, next) => this.#take(documents, next),
    });
  }

  static async open(options: StatesOptions): Promise<States> {
    return new States(options, await Projection.open(options));
  }

  /** The number of the last entry that was taken in. */
  get seen(): number | undefined {
    return this.#seen;
  }

  /** Takes up what there is: what is known, the sequences that are not settled, and the log from where the rows end. */
  async load(holder: StateHolder): Promise<void> {
    const { journal } = this.options;
    this.#holder = holder;
    const upTo = this.projection.position;
    for (const subject of [SUBJECTS.definitions, SUBJECTS.processors]) {
      for await (const { number, entry } of journal.of(subject)) {
        if (number < upTo && isNamespaceEntry(entry)) this.known.take(entry);
      }
    }
    for await (const all of this.projection.active()) {
      for (const { sequenceId, state } of all) {
        const whole = state ?? (await this.#foldedUpTo(sequenceId, upTo));
        if (whole !== undefined) holder.changed(sequenceId, whole);
      }
    }
    await journal.log.tail.refresh();
    this.#liveFrom = upTo === 0 ? 0 : journal.log.tail.next;
    this.#log.start();
    await this.#log.level();
  }

  async stop(): Promise<void> {
    await this.#log.stop();
    await this.projection.stop();
  }

  /** Returns once the log has been taken in up to this number, or as far as it goes. */
  async takenIn(number?: number): Promise<void> {
    await (number === undefined ? this.#log.level() : this.#log.taken(number));
  }

  /** Returns once everything that was taken in can be looked up. */
  async flushed(): Promise<void> {
    if (this.#seen !== undefined) await this.projection.flushed(this.#seen);
  }

  /** Undefined: there is none. */
  async find(sequenceId: string): Promise<FoundSequence | undefined> {
    const worked = this.#holder.worked(sequenceId);
    if (worked !== undefined) return { state: worked, whole: true, archived: undefined };
    await this.flushed();
    const found = await get(this.options.db, sequenceId);
    if (found === undefined || found.whole) return found;
    const state = await this.#foldedUpTo(sequenceId, Infinity);
    return state === undefined ? found : { ...found, whole: true, state };
  }

  /** Makes the rows anew from the log; meanwhile nothing new is taken in. @param tell how many numbers are done, and how many there are */
  async rebuild(tell: (done: number, of: number) => void): Promise<void> {
    await this.#log.holding(async () => {
      await this.projection.stop();
      await Projection.drop(this.options);
      this.projection = await Projection.open(this.options);
      const of = this.#seen === undefined ? 0 : this.#seen + 1;
      const states = new Map<string, SequenceState>();
      for await (const entries of this.options.journal.range(0, of - 1)) {
        for (const logged of entries) this.#replay(states, logged);
        await this.projection.room();
        tell((entries.at(-1)?.number ?? 0) + 1, of);
      }
      await this.flushed();
    });
  }

  #replay(states: Map<string, SequenceState>, { number, at, source, entry }: LoggedEntry): void {
    const state = isNamespaceEntry(entry) ? undefined : this.#folded(states.get(source), entry, { number, at });
    if (state === undefined) {
      this.projection.passed(number);
      return;
    }
    if (state.handling.phase === 'settled') states.delete(source);
    else states.set(source, state);
    this.projection.apply(source, state);
  }

  /** Takes in what stands on the log. What of it was taken in before changes nothing. */
  async #take(documents: readonly Buffer[], next: number): Promise<void> {
    let number = next - documents.length;
    for (const document of documents) {
      await this.#takeOne(number, loggedEntry(document));
      this.#seen = number;
      number += 1;
    }
    await this.projection.room();
  }

  async #takeOne(number: number, logged: LoggedEntry | undefined): Promise<void> {
    if (logged === undefined || isNamespaceEntry(logged.entry)) {
      if (logged !== undefined && isNamespaceEntry(logged.entry)) this.known.take(logged.entry);
      this.projection.passed(number);
      return;
    }
    const { source, entry, at } = logged;
    const worked = this.#holder.worked(source);
    const before = worked ?? (await this.#before(source, logged));
    const state = this.#folded(before, entry, { number, at });
    if (state === undefined || state === before) this.projection.passed(number);
    else this.projection.apply(source, state);
    // Another server may have written a row after those that are not settled were asked for: it is to be worked all the same.
    if (state !== undefined && state !== worked) this.#holder.changed(source, state);
  }

  /** Of a sequence that nobody works: it begins here, or the rows have it. */
  async #before(sequenceId: string, { number, entry }: LoggedEntry): Promise<SequenceState | undefined> {
    if (entry.type === 'SequenceCreated' && number >= this.#liveFrom) return undefined;
    return (await this.projection.state(sequenceId)) ?? this.#foldedUpTo(sequenceId, number);
  }

  /** As the log has it below this number. */
  async #foldedUpTo(sequenceId: string, end: number): Promise<SequenceState | undefined> {
    let state: SequenceState | undefined;
    for await (const { number, at, entry } of this.options.journal.of(sequenceId)) {
      if (number >= end) break;
      if (!isNamespaceEntry(entry)) state = this.#folded(state, entry, { number, at });
    }
    return state;
  }

  /** Undefined: an entry that cannot be; it is passed over, since the log cannot be changed. */
  #folded(
    state: SequenceState | undefined,
    entry: Parameters<typeof fold>[1],
    place: { readonly number: number; readonly at: number },
  ): SequenceState | undefined {
    try {
      return fold(state, entry, place);
    } catch (error) {
      this.options.logger.error({ err: error, number: place.number }, 'an entry of ordered sequences makes no sense');
      return undefined;
    }
  }
}
