/** Waits for news, or for a while. */
export class Pause {
  #wake: () => void = () => undefined;

  /** Whoever waits goes on; when nobody does, it is for nothing, so what the news is must be looked at first. */
  wake(): void {
    this.#wake();
  }

  /** @returns whether it was woken */
  async take(ms: number): Promise<boolean> {
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}
