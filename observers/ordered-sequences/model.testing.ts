/**
 * What ordered sequences mean, once more and as plainly as possible: statuses that are overwritten, no log, no entries.
 * The real thing is held against it. It shares no code with it but the words of a document.
 */
import type { Action, DoneWhen, SequenceDocument } from '../../src/contract/sequence-document';

interface ModelStep {
  readonly order: number;
  readonly required: boolean;
  readonly doneWhen: DoneWhen;
  readonly timeout: number | undefined;
  arrived: boolean;
  status: 'pending' | 'processed' | 'failed';
  passed: boolean;
  /** Who is at it; undefined: nobody. */
  holder: string | undefined;
  deadline: number;
  tries: number;
  due: number;
}

type ModelPhase = 'running' | 'rolling-back' | 'needs-person' | 'settled';

export class SequenceModel {
  readonly steps: ModelStep[];
  readonly left = new Set<number>();
  readonly appended = new Set<number>();
  rendered = false;
  phase: ModelPhase = 'running';
  outcome: 'completed' | 'failed' | 'rolled_back' | 'cancelled' | null = null;
  paused = false;
  wantsRollback = false;

  constructor(readonly document: SequenceDocument) {
    this.steps = document.events.map(({ order, required, processing }) => ({
      order,
      required,
      doneWhen: processing?.done_when ?? 'processed',
      timeout: processing?.timeout,
      arrived: false,
      status: 'pending',
      passed: false,
      holder: undefined,
      deadline: Infinity,
      tries: 0,
      due: 0,
    }));
  }

  get underWay(): readonly ModelStep[] {
    return this.steps.filter(({ holder }) => holder !== undefined);
  }

  get #standing(): readonly ModelStep[] {
    return this.steps.filter(({ required, status, passed }) => required && status === 'failed' && !passed);
  }

  get #goesPast(): boolean {
    return this.document.continue_past_failure === true;
  }

  /** Steps that may begin now: the guarantee that nothing goes past a failed required step, in one expression. */
  startable(now: number): readonly number[] {
    if (this.phase !== 'running' || this.paused || this.wantsRollback) return [];
    if (this.#standing.length > 0 && !this.#goesPast) return [];
    return [...this.steps.keys()].filter((i) => this.#mayBegin(i, now));
  }

  #mayBegin(i: number, now: number): boolean {
    const step = this.#step(i);
    const lower = this.steps.filter(({ order }) => order < step.order);
    const free = step.status === 'pending' && step.arrived && step.holder === undefined && step.due <= now;
    return free && lower.every(({ status }) => status !== 'pending');
  }

  begin(i: number, holder: string, now: number): void {
    const step = this.#step(i);
    const { timeout = Infinity } = step;
    Object.assign(step, { holder, tries: step.tries + 1, deadline: now + timeout * MS_PER_SECOND });
  }

  done(i: number): void {
    Object.assign(this.#step(i), { status: 'processed', holder: undefined, deadline: Infinity, passed: false, due: 0 });
  }

  /** One second before the first retry, twice as long before each further one. */
  failed(i: number, permanent: boolean, now: number): void {
    const step = this.#step(i);
    Object.assign(step, { holder: undefined, deadline: Infinity });
    const again = !permanent && step.tries <= this.document.rollback_strategy.max_retries;
    if (again) step.due = now + 2 ** (step.tries - 1) * MS_PER_SECOND;
    else Object.assign(step, { status: 'failed', passed: !step.required, due: 0 });
  }

  /** Everything that follows of itself. */
  settle(now: number): void {
    if (this.phase === 'rolling-back' && !this.paused && this.rendered && this.nextToAppend === undefined)
      this.end('rolled_back');
    if (this.phase !== 'running') return;
    this.steps.forEach(({ deadline }, i) => {
      if (deadline <= now) this.failed(i, false, now);
    });
    while (!this.paused && this.#oneMore(now));
  }

  #oneMore(now: number): boolean {
    const pending = this.steps.some(({ status }) => status === 'pending');
    const failing = this.#standing.length > 0 && (!this.#goesPast || !pending);
    if (this.wantsRollback || failing) {
      if (this.underWay.length === 0) this.#fail();
      return false;
    }
    if (!pending) this.end('completed');
    const ownAccord = this.startable(now).filter((i) => this.#step(i).doneWhen !== 'processed');
    for (const i of ownAccord) {
      this.begin(i, 'itself', now);
      if (this.#step(i).doneWhen === 'appended') this.done(i);
    }
    return ownAccord.length > 0;
  }

  #fail(): void {
    const { type, on_exhausted: exhausted = 'fail' } = this.document.rollback_strategy;
    const then = this.wantsRollback ? 'compensating_events' : type === 'retry' ? exhausted : type;
    if (then === 'fail') this.end('failed');
    else if (then === 'manual') this.phase = 'needs-person';
    else this.phase = 'rolling-back';
  }

  end(outcome: NonNullable<SequenceModel['outcome']>): void {
    Object.assign(this, { phase: 'settled', outcome, paused: false });
    for (const step of this.steps) Object.assign(step, { holder: undefined, deadline: Infinity });
  }

  /** An act that was not refused; `step` and `entry` as it turned out to be about. */
  act(action: Action, step: number | null, entry: number | null): void {
    if (action === 'pause' || action === 'resume') this.paused = action === 'pause';
    else if (action === 'cancel') this.end('cancelled');
    else if (action === 'compensate') {
      if (this.phase === 'running') this.wantsRollback = true;
      else this.phase = 'rolling-back';
    } else if (entry !== null) {
      this.phase = 'rolling-back';
      if (action !== 'retry') this.left.add(entry);
    } else if (action === 'fail' && step === null) this.end('failed');
    else {
      for (const concerned of step === null ? this.#standing : [this.#step(step)]) resolve(concerned, action);
      if (this.phase === 'needs-person' && this.#standing.length === 0) this.phase = 'running';
    }
  }

  get nextToAppend(): number | undefined {
    return this.compensations.find((entry) => !this.appended.has(entry));
  }

  /** The entries that a rollback appends, in order. */
  get compensations(): readonly number[] {
    const entries = [...this.document.rollback_strategy.compensating_events.entries()].filter(
      ([i]) => !this.left.has(i),
    );
    const processed = new Set(this.steps.filter(({ status }) => status === 'processed').map(({ order }) => order));
    const orders = [...processed].sort((a, b) => b - a);
    const undoing = orders.flatMap((order) => entries.filter(([, { compensates }]) => compensates === order));
    return [...undoing, ...entries.filter(([, { compensates }]) => compensates === undefined)].map(([i]) => i);
  }

  #step(i: number): ModelStep {
    const step = this.steps[i];
    if (step === undefined) throw new RangeError(`the model has no step ${String(i)}`);
    return step;
  }
}

function resolve(step: ModelStep, action: Action): void {
  Object.assign(step, { holder: undefined, deadline: Infinity, due: 0 });
  if (action === 'retry') Object.assign(step, { status: 'pending', passed: false, tries: 0 });
  else if (action === 'complete') Object.assign(step, { status: 'processed', passed: false });
  else Object.assign(step, { status: 'failed', passed: action === 'skip' || !step.required });
}

const MS_PER_SECOND = 1000;
