/**
 * When to look at a sequence again: one heap and one timer for all of them, so that ten thousand that wait cost
 * nothing while they do.
 */

/** Node's timers go no further, in ms; a later time is reached in several. */
const LONGEST_MS = 2_147_483_647;

interface Due {
  readonly key: string;
  readonly at: number;
}

export class Timers {
  /** A binary heap by `at`; what was set anew stays in it and is passed over when its turn comes. */
  readonly #heap: Due[] = [];
  readonly #due = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #armedFor = Infinity;

  /** @param ring is called once for each key whose time has come, with the clock past it. */
  constructor(
    private readonly ring: (key: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** Ms since 1970; replaces the time that was set before. Null: none. */
  set(key: string, at: number | null): void {
    if (at === null) {
      this.#due.delete(key);
      return;
    }
    if (this.#due.get(key) === at) return;
    this.#due.set(key, at);
    this.#push({ key, at });
    // More dead than alive: made anew of those that live.
    if (this.#heap.length > 2 * this.#due.size + 64) this.#rebuild();
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#due.clear();
    this.#heap.length = 0;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.at >= this.#armedFor) return;
    clearTimeout(this.#timer);
    this.#armedFor = first.at;
    const wait = Math.min(LONGEST_MS, Math.max(0, first.at - this.now()));
    this.#timer = setTimeout(() => {
      this.#armedFor = Infinity;
      this.#fire();
    }, wait);
  }

  #fire(): void {
    const now = this.now();
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.#pop();
      if (this.#due.get(first.key) !== first.at) continue;
      this.#due.delete(first.key);
      this.ring(first.key);
    }
    this.#arm();
  }

  #rebuild(): void {
    const alive = [...this.#due].map(([key, at]) => ({ key, at })).sort((a, b) => a.at - b.at);
    // Sorted is a heap.
    this.#heap.splice(0, this.#heap.length, ...alive);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let place = heap.length;
    heap.push(due);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= due.at) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = due;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      const left = heap[child];
      if (left === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && right.at < left.at) child++;
      const smaller = heap[child];
      if (smaller === undefined || smaller.at >= last.at) break;
      heap[place] = smaller;
      place = child;
    }
    heap[place] = last;
  }
}
