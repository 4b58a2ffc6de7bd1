/**
 * Work on the event loop in turns. Checking content costs time by the event, and a large batch must not
 * keep everybody else waiting: what does not fit into the time of this turn goes on in a later one,
 * in the order in which it came, and whoever has had a share of time stands behind those who have not.
 */
import { AnnalsError } from '../kernel/annals-error';
import type { QueueBudget } from './queue-budget';
import { atOnce, type Steps } from '../kernel/steps';
import { TUNING } from './tuning';

interface Finished<Result> {
  readonly result: Result;
}

/** The time that a turn of the event loop spends on checking, for all sequences together. */
export class TurnBudget {
  /** What this turn has spent, in ms. */
  #spent = 0;
  #ticks = false;
  /** Those who wait for time, in the order in which they get it. */
  readonly #line: (() => void)[] = [];

  /** Works at once, while nobody waits for time, until the work is done or the turn's time is up. Undefined: there is more to do. */
  begin<Result>(work: Steps<Result>): Finished<Result> | undefined {
    return this.#line.length > 0 ? undefined : this.#share(work);
  }

  /** Works until it is done, a share of time after the other. */
  async finish<Result>(work: Steps<Result>): Promise<Result> {
    for (;;) {
      await new Promise<void>((resolve) => {
        this.#line.push(resolve);
        this.#tickSoon();
      });
      try {
        const finished = this.#share(work);
        if (finished !== undefined) return finished.result;
      } finally {
        this.#passOn();
      }
    }
  }

  #share<Result>(work: Steps<Result>): Finished<Result> | undefined {
    const left = TUNING.checkTurnMs - this.#spent;
    if (left <= 0) return undefined;
    this.#tickSoon();
    const started = performance.now();
    try {
      for (;;) {
        const step = work.next();
        if (step.done === true) return { result: step.value };
        if (performance.now() - started >= left) return undefined;
      }
    } finally {
      this.#spent += performance.now() - started;
    }
  }

  /** A new turn has all of its time again. */
  #tickSoon(): void {
    if (this.#ticks) return;
    this.#ticks = true;
    setImmediate(() => {
      this.#ticks = false;
      this.#spent = 0;
      this.#passOn();
    });
  }

  /** What is left of the turn is for the next in line. */
  #passOn(): void {
    if (this.#line.length === 0) return;
    if (this.#spent < TUNING.checkTurnMs) this.#line.shift()?.();
    else this.#tickSoon();
  }
}

/** What work holds while it waits. */
export interface Held {
  readonly events: number;
  readonly bytes: number;
}

/** Takes pieces of work one after the other: what comes later is never done earlier. */
export class InTurns {
  #last: Promise<unknown> | undefined;
  #events = 0;
  #bytes = 0;

  /** @param room what waits in all sequences together. */
  constructor(
    private readonly budget: TurnBudget,
    private readonly room: QueueBudget,
  ) {}

  /**
   * Hands the result to `done`, at once when nothing is before it and the turn's time suffices. Rejects
   * with OVERLOADED when too much waits already.
   * @param light it takes less than waiting would cost: it is done at once when nothing is before it.
   */
  async run<Result, Answer>(
    work: Steps<Result>,
    held: () => Held,
    done: (result: Result) => Promise<Answer>,
    light = false,
  ): Promise<Answer> {
    if (this.#last === undefined) {
      if (light) return done(atOnce(work));
      const finished = this.budget.begin(work);
      if (finished !== undefined) return done(finished.result);
    }
    const leave = this.#enter(held());
    // Handed over within the chain, so that whoever is next comes after; its answer is not waited for there.
    const turn = (this.#last ?? Promise.resolve()).then(async () => {
      const result = await this.budget.finish(work).finally(leave);
      return { answer: done(result) };
    });
    const quiet = turn.then(
      () => undefined,
      () => undefined,
    );
    this.#last = quiet;
    void quiet.then(() => {
      if (this.#last === quiet) this.#last = undefined;
    });
    return (await turn).answer;
  }

  /** Takes up room until the returned function is called. One piece of work always finds some. */
  #enter({ events, bytes }: Held): () => void {
    const fits = this.#events + events <= TUNING.queueEvents && this.#bytes + bytes <= TUNING.queueBytes;
    if (this.#events > 0 && !(fits && this.room.fits(bytes))) {
      throw new AnnalsError('OVERLOADED', undefined, {
        metadata: { queuedEvents: String(this.#events), limit: String(TUNING.queueEvents) },
      });
    }
    const account = (sign: 1 | -1): void => {
      this.#events += sign * events;
      this.#bytes += sign * bytes;
      this.room.add(sign * bytes);
    };
    account(1);
    return () => {
      account(-1);
    };
  }
}
