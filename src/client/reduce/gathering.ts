/**
 * Group commit: while one group is being worked on the next gathers, so that many small pieces of work
 * share what one costs.
 */
export class Gathering<Item, Result> {
  #waiting: {
    readonly item: Item;
    readonly settle: (result: Result) => void;
    readonly fail: (error: unknown) => void;
  }[] = [];
  #working = false;

  /** @param work gives a result for each item, in their order. What it throws all of them get. */
  constructor(private readonly work: (items: readonly Item[]) => Promise<readonly Result[]>) {}

  async add(item: Item): Promise<Result> {
    return new Promise<Result>((settle, fail) => {
      this.#waiting.push({ item, settle, fail });
      if (this.#working) return;
      this.#working = true;
      // What is added in this turn of the event loop is of the first group too.
      setImmediate(() => void this.#workAll());
    });
  }

  async #workAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const results = await this.work(group.map(({ item }) => item));
        // One result for each item.
        group.forEach(({ settle }, index) => settle(results[index] as Result));
      } catch (error) {
        for (const { fail } of group) fail(error);
      }
    }
    this.#working = false;
  }
}
