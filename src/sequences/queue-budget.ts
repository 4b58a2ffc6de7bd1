/** What the queues of all sequences hold together, so that many sequences cannot exhaust the server's memory. */
export class QueueBudget {
  #bytes = 0;

  constructor(private readonly maxBytes: number) {}

  fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.maxBytes;
  }

  /** @param bytes negative when something leaves a queue. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }
}
