/**
 * A sequence and its model, to which the same is done. What runs here is what the engine does, without a server: it asks
 * `next`, does it, records what came of it; a crash drops the state and folds the log anew.
 */
import { planCompensations } from '../rollback/compensation-plan';
import { followed, inHands } from './answers';
import { compensationEventId, idempotencyKey } from './derived-ids';
import type { RenderedCompensation } from './log-entry';
import { SequenceModel } from './model.testing';
import type { Waiting } from './next';
import { BROKEN, HICCUP, PROCESSED, Story } from './sequence.testing';
import { ACTIONS, type SequenceDocument } from '../../src/contract/sequence-document';
import type { SequenceState } from './sequence-state';

/** Steps of a document at most. */
export const STEPS = 6;

interface Task {
  readonly step: number;
  readonly attempt: number;
  readonly processor: string;
}

export class Trial {
  readonly story: Story;
  readonly model: SequenceModel;
  /** Every step that ever was in somebody’s hands. */
  readonly tasks: Task[] = [];
  /** The keys under which processors were asked for an effect, for each step. */
  readonly keys = new Map<number, Set<string>>();
  /** The event ids of compensating events, as the log takes them: each once. */
  readonly appended: string[] = [];

  constructor(document: SequenceDocument) {
    this.story = new Story(document);
    this.model = new SequenceModel(document);
    this.settle();
  }

  /** Kinds of what may happen now, the likelier ones more often; what ends a sequence is rare, since it shows no more. */
  get kinds(): readonly string[] {
    const { phase, paused, steps } = this.model;
    const waits = this.story.next();
    const hands = inHands(this.story.state).length > 0;
    const weights: readonly (readonly [kind: string, weight: number])[] = [
      ['tick', 4],
      ['crash', 2],
      ['late', 6],
      ['follow', 4],
      ['cancel', 1],
      ['arrive', steps.some(({ arrived }) => !arrived) ? 20 : 0],
      ['hand', waits.kind === 'wait' && waits.toHand.length > 0 ? 30 : 0],
      ['hand over', hands ? 10 : 0],
      ['process', hands ? 16 : 0],
      ['hiccup', hands ? 10 : 0],
      ['break', hands ? 8 : 0],
      ['pause', paused ? 0 : 3],
      ['resume', paused ? 12 : 0],
      ['fail', phase === 'running' ? 2 : 1],
      ['skip', phase === 'running' ? 2 : 12],
      ['complete', phase === 'running' ? 2 : 12],
      ['compensate', phase === 'running' ? 3 : 12],
      ['retry', phase === 'running' ? 6 : 24],
      ['rollback', phase === 'rolling-back' ? 30 : 0],
      ['refuse', phase === 'rolling-back' ? 20 : 0],
      ['crash after append', phase === 'rolling-back' ? 20 : 0],
    ];
    return weights.flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));
  }

  do(kind: string, pick: number): void {
    const hands = inHands(this.story.state);
    const task = hands[pick % Math.max(1, hands.length)];
    if (kind === 'arrive') this.#arrive(pick);
    else if (kind === 'hand') this.#hand(pick);
    else if (kind === 'hand over' && task !== undefined) this.#handOver(task.step);
    else if (kind === 'process' && task !== undefined) this.#answer(task, 'done');
    else if (kind === 'hiccup' && task !== undefined) this.#answer(task, 'hiccup');
    else if (kind === 'break' && task !== undefined) this.#answer(task, 'broken');
    else if (kind === 'late') this.#late(pick);
    else if (kind === 'follow') this.#follow(pick % this.model.steps.length);
    else if (kind === 'tick') this.story.now += (pick + 1) * TICK_MS;
    else if (kind === 'crash') this.#crash();
    else if (kind === 'rollback' || kind === 'refuse' || kind === 'crash after append') this.#rollback(kind);
    else {
      const action = ACTIONS.find((one) => one === kind);
      if (action !== undefined) this.#act(action, pick);
    }
    this.settle();
  }

  /** Both do what follows of itself, and then say the same. */
  settle(): void {
    const { now } = this.story;
    const wanted = this.story.settle();
    this.model.settle(now);
    expect(told(this.story.state)).toBe(toldBy(this.model));
    if (wanted.kind === 'wait') {
      expect(wanted.toHand).toEqual([...this.model.startable(now)].sort(byOrder(this.story.document)));
      this.#waitsForSomething(wanted);
    }
  }

  #waitsForSomething({ until, forEvents, toHand, forFollowers }: Waiting): void {
    const { phase, paused } = this.story.state.handling;
    const lists = [forEvents, toHand, forFollowers].some((list) => list.length > 0);
    const reasons = [paused, phase === 'needs-person', until !== null, lists, inHands(this.story.state).length > 0];
    expect(reasons).toContain(true);
  }

  #arrive(pick: number): void {
    const missing = [...this.model.steps.keys()].filter((i) => this.model.steps[i]?.arrived === false);
    const step = missing[pick % Math.max(1, missing.length)];
    if (step === undefined) return;
    this.story.arrive(step);
    const concerned = this.model.steps[step];
    if (concerned !== undefined && this.model.phase !== 'settled') concerned.arrived = true;
  }

  #hand(pick: number): void {
    const wanted = this.story.next();
    const offered = wanted.kind === 'wait' ? wanted.toHand : [];
    const step = offered[pick % Math.max(1, offered.length)];
    if (step === undefined) return;
    const processor = this.#asked(step);
    expect(this.story.hand(step, processor)).toEqual(['StepStarted']);
    this.model.begin(step, processor, this.story.now);
    this.#took(step, processor);
  }

  /** Its processor is lost. */
  #handOver(step: number): void {
    const processor = this.#asked(step);
    expect(this.story.hand(step, processor)).toEqual(this.model.paused ? [] : ['StepStarted']);
    const concerned = this.model.steps[step];
    if (this.model.paused || concerned === undefined) return;
    concerned.holder = processor;
    this.#took(step, processor);
  }

  #asked(step: number): string {
    const keys = this.keys.get(step) ?? new Set();
    this.keys.set(step, keys.add(idempotencyKey(this.story.state.document.sequenceId, step)));
    return `p${String(this.tasks.length)}`;
  }

  #took(step: number, processor: string): void {
    const { attempts: attempt, deadline } = this.story.state.handling.steps[step] ?? { attempts: 0, deadline: null };
    expect(attempt).toBe(this.model.steps[step]?.tries);
    expect(deadline ?? Infinity).toBe(this.model.steps[step]?.deadline);
    this.tasks.push({ step, attempt, processor });
  }

  #answer({ step, attempt, processor }: Task, how: 'done' | 'hiccup' | 'broken'): void {
    const answer = { done: PROCESSED, hiccup: HICCUP, broken: BROKEN }[how];
    expect(this.story.answer(step, answer, processor, attempt)).toHaveLength(1);
    if (how === 'done') this.model.done(step);
    else this.model.failed(step, how === 'broken', this.story.now);
    expect(this.story.answer(step, answer, processor, attempt)).toEqual([]);
  }

  /** From somebody who had it once. */
  #late(pick: number): void {
    const task = this.tasks[pick % Math.max(1, this.tasks.length)];
    if (task === undefined || this.model.steps[task.step]?.holder === task.processor) return;
    expect(this.story.answer(task.step, PROCESSED, task.processor, task.attempt)).toEqual([]);
  }

  #follow(step: number): void {
    const waits = this.model.steps[step]?.holder === 'itself';
    expect(this.story.record(followed(this.story.state, step, 'f'))).toEqual(waits ? ['StepProcessed'] : []);
    if (waits) this.model.done(step);
  }

  #act(action: (typeof ACTIONS)[number], pick: number): void {
    const eventId = pick < STEPS ? this.story.state.document.events[pick]?.eventId : undefined;
    const before = this.story.state;
    const answer = this.story.ask({ action, eventId });
    if ('refused' in answer) {
      // Nobody is left without a way: whatever is not over can be ended.
      if (action === 'cancel' && eventId === undefined) expect(before.handling.phase).toBe('settled');
      return;
    }
    expect(before.handling.phase).not.toBe('settled');
    expect(answer.entry.consequences.length).toBeGreaterThan(0);
    this.story.record([answer.entry]);
    expect(substance(this.story.state)).not.toEqual(substance(before));
    this.model.act(action, answer.entry.step, answer.entry.entry);
  }

  #rollback(how: 'rollback' | 'refuse' | 'crash after append'): void {
    const wanted = this.story.next();
    if (wanted.kind === 'render') this.#render(how === 'refuse');
    if (wanted.kind !== 'append') return;
    const compensation = this.story.state.handling.rollback?.compensations?.[wanted.compensation];
    if (compensation === undefined) throw new Error('there is nothing to append');
    const { entry, eventId } = compensation;
    expect(entry).toBe(this.model.nextToAppend);
    if (how === 'refuse' && !this.appended.includes(eventId)) return this.#stop(entry);
    // As the log does it: the same event id is the same event.
    if (!this.appended.includes(eventId)) this.appended.push(eventId);
    if (how === 'crash after append') return this.#crash();
    this.story.record([{ type: 'CompensationAppended', entry, sequenceNumber: this.appended.indexOf(eventId) }]);
    this.model.appended.add(entry);
  }

  #render(refuse: boolean): void {
    const { emit, left } = planCompensations(this.story.state);
    expect(emit.map(({ entry }) => entry)).toEqual(this.model.compensations);
    const [first] = emit;
    if (refuse && first !== undefined) return this.#stop(first.entry);
    const compensations = emit.map(({ entry }) => this.#rendered(entry));
    this.story.record([{ type: 'RollbackRendered', compensations, left }]);
    this.model.rendered = true;
  }

  #stop(entry: number): void {
    this.story.record([{ type: 'RollbackStopped', entry, faults: ['refused'] }]);
    this.model.phase = 'needs-person';
  }

  #rendered(entry: number): RenderedCompensation {
    const { sequenceId } = this.story.state.document;
    const eventId = compensationEventId(sequenceId, entry);
    const place = { eventSourceId: 'x', sequence: 'event-log', content: {}, correlationId: 'c', causationId: 'e0' };
    return { entry, eventType: `undo-${String(entry)}`, eventId, ...place };
  }

  /** What was not recorded is gone; the log is all there is. */
  #crash(): void {
    const { state } = this.story;
    expect(this.story.crash().state).toEqual(state);
  }

  /** Everything comes, everybody answers, and what waits for a person is given up: then it is over. */
  finish(): void {
    this.do('resume', ALL);
    for (let round = 0; this.model.phase !== 'settled'; round += 1) {
      if (round > ROUNDS) throw new Error(`it does not end: ${this.story.state.handling.phase}`);
      for (let pick = 0; pick < STEPS; pick += 1)
        for (const kind of ['arrive', 'hand', 'process', 'follow', 'rollback']) this.do(kind, pick);
      this.do('tick', STEPS);
      if (this.model.phase === 'needs-person') this.do('fail', ALL);
    }
    this.#crash();
    expect(this.appended).toEqual([...new Set(this.appended)]);
    const wanted = this.model.compensations.map((entry) => compensationEventId('s', entry));
    const { outcome } = this.model;
    expect(this.appended).toEqual(outcome === 'rolled_back' ? wanted : wanted.slice(0, this.appended.length));
    expect([...this.keys.values()].map((keys) => keys.size)).toEqual([...this.keys].map(() => 1));
    expect(new Set([...this.keys.values()].flatMap((keys) => [...keys])).size).toBe(this.keys.size);
  }
}

/** Ms of the shortest passing of time: half of the shortest wait for a retry. */
const TICK_MS = 500;

/** Picks no step. */
const ALL = STEPS;

/** A sequence is over after a few rounds in which everything that can come comes: an order takes one, a rollback one. */
const ROUNDS = 20;

/** What there is to compare, in a line: it is compared after every deed. */
const told = ({ document, handling }: SequenceState): string =>
  [
    handling.phase,
    handling.outcome,
    ...handling.steps.map(({ started, skipped }, i) => line(document.events[i]?.status, skipped, started !== null)),
  ].join('; ');
const toldBy = ({ phase, outcome, steps }: SequenceModel): string =>
  [phase, outcome, ...steps.map(({ status, passed, holder }) => line(status, passed, holder !== undefined))].join('; ');
const line = (status: string | undefined, passed: boolean, underWay: boolean): string =>
  `${String(status)}${passed ? ', passed' : ''}${underWay ? ', under way' : ''}`;

/** The same but for what changes whenever anything is recorded. */
const substance = ({ document, handling }: SequenceState): unknown => ({
  document: { ...document, updated_at: null },
  handling: { ...handling, last: 0, steps: handling.steps.map((step) => ({ ...step, updated: 0 })) },
});

const byOrder = (document: SequenceDocument) => (a: number, b: number) =>
  (document.events[a]?.order ?? 0) - (document.events[b]?.order ?? 0) || a - b;
