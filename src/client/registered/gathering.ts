/** What is said on one kind of stream, and how it is put into messages. */
export interface Saying<Said> {
  /** Of several with the same key, only the last that is gathered is sent. */
  keyOf(said: Said): number;
  /** On the wire, at most. */
  bytesOf(said: Said): number;
  encode(said: readonly Said[]): Buffer;
}

/**
 * Bytes of one message, about: far below what a server takes in, so that thousands of failures with
 * their texts in one turn don't end the stream.
 */
const MESSAGE_BYTES = 1024 * 1024;

/** Bytes of one thing said on the wire beside its texts, at most: tags, lengths and two numbers. */
export const PLAIN_BYTES = 40;

/** Bytes of UTF-8 for one UTF-16 code unit, at most. */
export const BYTES_PER_UNIT = 3;

/** What a program says on one stream: what comes in one turn of the event loop goes in one message, as far as it fits. */
export class Gathering<Said> {
  readonly #gathered = new Map<number, Said>();
  #scheduled = false;
  #blocked = false;
  #over = false;

  /** @param write as a stream's: false when it wants no more until it drains. */
  constructor(
    private readonly write: (message: Buffer) => boolean,
    private readonly saying: Saying<Said>,
  ) {}

  readonly add = (said: Said): void => {
    if (this.#over) return;
    this.#gathered.set(this.saying.keyOf(said), said);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#blocked) this.flush();
    });
  };

  /** The stream takes more. */
  drained(): void {
    this.#blocked = false;
    this.flush();
  }

  flush(): void {
    if (this.#over || this.#gathered.size === 0) return;
    const gathered = [...this.#gathered.values()];
    this.#gathered.clear();
    for (const fitting of this.#messagesOf(gathered)) this.#blocked = !this.write(this.saying.encode(fitting));
  }

  /** The stream takes nothing any more. */
  end(): void {
    this.#over = true;
  }

  /** In order, as few messages as their bound allows. */
  #messagesOf(all: readonly Said[]): Said[][] {
    const messages: Said[][] = [];
    let message: Said[] = [];
    let bytes = 0;
    for (const said of all) {
      const size = this.saying.bytesOf(said);
      if (message.length > 0 && bytes + size > MESSAGE_BYTES) {
        messages.push(message);
        message = [];
        bytes = 0;
      }
      message.push(said);
      bytes += size;
    }
    messages.push(message);
    return messages;
  }
}
