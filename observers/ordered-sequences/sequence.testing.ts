/** Sequences for tests: a document in a line, and its log told step by step. */
import { answered, arrived, handed, type Answer } from './answers';
import { fold } from './fold';
import { next, type Next, type World } from './next';
import { resolution, type PersonsAct } from './resolve';
import type { SequenceEntry } from './log-entry';
import type { RollbackStrategy, SequenceDocument, SequenceEvent } from '../../src/contract/sequence-document';
import type { SequenceState } from './sequence-state';

/** When every told sequence begins, ms since 1970: 2026-01-01T00:00:00Z. */
export const BEGAN = Date.UTC(2026, 0, 1);

export type GivenEvent = Partial<SequenceEvent> & { readonly order: number };

export const strategy = (given: Partial<RollbackStrategy> = {}): RollbackStrategy => ({
  type: 'manual',
  max_retries: 0,
  compensating_events: [],
  jitter: 0,
  ...given,
});

/** Event ids are `e0`, `e1`… unless given. */
export const documentOf = (
  events: readonly GivenEvent[],
  rollback: Partial<RollbackStrategy> = {},
  more: Partial<SequenceDocument> = {},
): SequenceDocument => ({
  sequenceId: 's',
  name: 'invoices',
  description: '',
  version: '1.0.0',
  status: 'created',
  events: events.map((event, i) => ({
    eventId: `e${String(i)}`,
    required: true,
    status: 'pending',
    processingTimestamp: null,
    ...event,
  })),
  metadata: { correlationId: 'c', causationId: '', source: { type: 'workflow', id: '', name: '' }, tags: {} },
  created_at: null,
  updated_at: null,
  completed_at: null,
  rollback_strategy: strategy(rollback),
  ...more,
});

/** The log of one sequence as it grows, and the state that it gives. The clock stands until it is moved. */
export class Story {
  readonly entries: SequenceEntry[] = [];
  readonly #times: number[] = [];
  now = BEGAN;
  processors = true;
  #state: SequenceState;

  constructor(readonly document: SequenceDocument) {
    const created: SequenceEntry = { type: 'SequenceCreated', document, depth: 0 };
    this.#state = fold(undefined, created, { number: 0, at: this.now });
    this.entries.push(created);
    this.#times.push(this.now);
  }

  get state(): SequenceState {
    return this.#state;
  }

  get world(): World {
    return { now: this.now, hasProcessor: () => this.processors, random: () => 0 };
  }

  /** Records them, and says what they are. */
  record(entries: readonly SequenceEntry[]): readonly string[] {
    for (const entry of entries) {
      this.#state = fold(this.#state, entry, { number: this.entries.length, at: this.now });
      this.entries.push(entry);
      this.#times.push(this.now);
    }
    return entries.map(({ type }) => type);
  }

  /** The events of these steps are appended. */
  arrive(...steps: readonly number[]): this {
    for (const step of steps)
      this.record(
        arrived(this.state, step, {
          eventId: this.state.document.events[step]?.eventId ?? '',
          sequenceNumber: 100 + step,
          eventType: `t${String(step)}`,
          eventSourceId: `source-${String(step)}`,
          correlationId: 'c',
        }),
      );
    return this;
  }

  /** The processor `p` gets it. */
  hand(step: number, processor = 'p', deadline: number | null = null): readonly string[] {
    return this.record(handed(this.state, step, processor, deadline, this.world));
  }

  answer(step: number, answer: Answer, processor = 'p', attempt?: number): readonly string[] {
    const given = attempt ?? this.state.handling.steps[step]?.attempts ?? 0;
    return this.record(answered(this.state, { step, attempt: given, processor, answer }, this.world));
  }

  /** Handed and processed. */
  process(...steps: readonly number[]): this {
    for (const step of steps) {
      this.hand(step);
      this.answer(step, PROCESSED);
    }
    return this;
  }

  /** Handed, failed for good. */
  break(step: number): this {
    this.hand(step);
    this.answer(step, BROKEN);
    return this;
  }

  act(act: Partial<PersonsAct> & Pick<PersonsAct, 'action'>): readonly string[] {
    const answer = this.ask(act);
    if ('refused' in answer) return [answer.refused.reason];
    this.record([answer.entry]);
    return answer.entry.consequences;
  }

  ask(act: Partial<PersonsAct> & Pick<PersonsAct, 'action'>): ReturnType<typeof resolution> {
    return resolution(this.state, { who: 'ada', why: 'because', output: null, ...act }, this.world);
  }

  next(): Next {
    return next(this.state, this.world);
  }

  /** Records what is decided until something else is needed, which it says. */
  settle(): Next {
    for (;;) {
      const wanted = this.next();
      if (wanted.kind !== 'record') return wanted;
      this.record(wanted.entries);
    }
  }

  /** What was in memory is gone, and the state is made anew from the log, as it can be written and read. */
  crash(): this {
    // What was written comes back of the same type.
    const written = JSON.parse(JSON.stringify(this.entries)) as SequenceEntry[];
    let state: SequenceState | undefined;
    written.forEach((entry, number) => {
      state = fold(state, entry, { number, at: this.#times[number] ?? 0 });
    });
    if (state === undefined) throw new Error('a log has a first entry');
    this.#state = state;
    return this;
  }
}

export const PROCESSED: Answer = { kind: 'processed', output: null };
export const BROKEN: Answer = { kind: 'failed', code: 'closed', message: 'the ledger is closed', permanent: true };
export const HICCUP: Answer = { kind: 'failed', code: 'busy', message: 'try later', permanent: false };
