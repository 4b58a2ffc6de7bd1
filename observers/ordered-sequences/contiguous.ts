/** Numbers that are done in any order, and the first one that is not. */
export class Contiguous {
  /** Done ones beyond the first that is not. */
  readonly #beyond = new Set<number>();

  constructor(private first: number) {}

  /** Everything below it is done. */
  get next(): number {
    return this.first;
  }

  done(number: number): void {
    if (number < this.first) return;
    this.#beyond.add(number);
    while (this.#beyond.delete(this.first)) this.first++;
  }
}
