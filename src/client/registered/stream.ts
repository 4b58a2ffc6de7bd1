import { AnnalsError } from '../../kernel/annals-error';
import type { DuplexCall, Link } from '../link';

/** One call by which a program serves the server: from its registration to its end. Who makes the next one is not its business. */

/** Heartbeats of the server that may be missed before it counts as gone. */
const MISSED_HEARTBEATS = 3;

/** Milliseconds for the server to end the stream after us, before it is cancelled. */
const LEAVE_MS = 1_000;

/** Milliseconds between a server's heartbeats, until it has told its own interval: it sends them while it registers us too. */
const HEARTBEAT_MS = 5_000;

/** Those that may be missed while it registers: nothing is lost by asking another. */
const MISSED_WHILE_REGISTERING = 1;

/** What is said on such a call, as bytes. */
export interface StreamWords {
  readonly path: string;
  readonly heartbeat: () => Buffer;
  readonly leave: () => Buffer;
}

/** Our side of one stream: what comes, and what is gathered to be sent. */
export interface StreamSide {
  /** Takes a message. Returns the interval of heartbeats in ms when it tells of the registration. What it throws ends the stream. */
  take(bytes: Buffer): number | undefined;
  /** The stream takes more. */
  drained(): void;
  flush(): void;
  /** The stream takes nothing any more. */
  end(): void;
}

export class RegisteredStream {
  /** Resolves when the stream is over, with what ended it; undefined when the server did, in good order. Never rejects. */
  readonly over: Promise<unknown>;
  readonly #call: DuplexCall;
  readonly #host: string;
  readonly #words: StreamWords;
  readonly #side: StreamSide;
  #end: (cause: unknown) => void = () => undefined;
  #ended = false;
  #heartbeat: NodeJS.Timeout | undefined;
  /** Since the last message from the server. */
  #silentBeats = 0;

  /**
   * @param register the first message. @param sideOf makes our side; `write` is as a stream's: false when it wants no more until it drains.
   * Throws SERVER_UNREACHABLE when the link is lost already.
   */
  constructor(
    link: Link,
    words: StreamWords,
    register: Buffer,
    sideOf: (write: (message: Buffer) => boolean) => StreamSide,
    heartbeatMs = HEARTBEAT_MS,
  ) {
    this.#host = link.host;
    this.#words = words;
    const call = (this.#call = link.duplex(words.path));
    this.#side = sideOf((message) => call.write(message));
    this.over = new Promise((resolve) => {
      this.#end = resolve;
    });
    call.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    call.on('drain', () => {
      this.#side.drained();
    });
    call.on('error', (error) => {
      this.#finish(error);
    });
    call.on('end', () => {
      this.#finish(undefined);
    });
    call.write(register);
    // A stopped process, or one behind a wire that was cut, still takes connections and never answers.
    this.#heartbeat = setInterval(() => {
      if (++this.#silentBeats > MISSED_WHILE_REGISTERING) this.#silent();
    }, heartbeatMs);
  }

  /** Asks for nothing new. What is on its way may still be answered. */
  leave(): void {
    if (!this.#ended) this.#call.write(this.#words.leave());
  }

  /** Sends what is gathered, and ends. */
  end(): void {
    if (this.#ended) return;
    this.#side.flush();
    this.#side.end();
    this.#call.end();
    const timer = setTimeout(() => {
      this.cancel();
    }, LEAVE_MS);
    void this.over.then(() => {
      clearTimeout(timer);
    });
  }

  /** Ends at once. */
  cancel(): void {
    this.#call.cancel();
    this.#finish(undefined);
  }

  #take(bytes: Buffer): void {
    if (this.#ended) return;
    this.#silentBeats = 0;
    try {
      const heartbeatMs = this.#side.take(bytes);
      if (heartbeatMs !== undefined) this.#registered(heartbeatMs);
    } catch (error) {
      this.#call.cancel();
      this.#finish(error);
    }
  }

  #registered(heartbeatMs: number): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = setInterval(() => {
      this.#beat();
    }, heartbeatMs || HEARTBEAT_MS);
  }

  #beat(): void {
    // Counted and not timed: a program that was busy all the while has not heard because it did not listen.
    if (++this.#silentBeats > MISSED_HEARTBEATS) this.#silent();
    else this.#call.write(this.#words.heartbeat());
  }

  #silent(): void {
    this.#call.cancel();
    this.#finish(new AnnalsError('SERVER_UNREACHABLE', `The server at ${this.#host} has fallen silent`));
  }

  #finish(cause: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#side.end();
    this.#end(cause);
  }
}
