import { reasonOf } from './cancellation';
import type { ResponseCall } from './link';

/**
 * The messages of a server stream, one at a time when asked for. What is not asked for stays with
 * grpc-js (a few messages) and then, by HTTP/2's flow control, with the server.
 */
export class ResponseStream {
  private readonly call: ResponseCall;
  private readonly signal: AbortSignal;
  private ended = false;
  private failure: Error | undefined;
  private wake: () => void = () => undefined;
  private readonly abort = () => {
    this.call.cancel();
    this.wake();
  };

  constructor(call: ResponseCall, signal: AbortSignal) {
    this.call = call;
    this.signal = signal;
    call.on('readable', () => this.wake());
    call.on('end', () => {
      this.ended = true;
      this.wake();
    });
    // The failure comes while messages before it may be unread; 'end' comes after the last of them.
    call.on('error', (error) => {
      this.failure = error;
      this.wake();
    });
    signal.addEventListener('abort', this.abort, { once: true });
  }

  /** The next message; undefined after the last. Throws grpc's ServiceError, or why the signal was aborted. */
  async next(): Promise<Buffer | undefined> {
    for (;;) {
      if (this.signal.aborted) throw reasonOf(this.signal);
      // A stream in object mode gives what was pushed: here, Buffers.
      const message = this.call.read() as Buffer | null;
      if (message !== null) return message;
      if (this.ended) {
        if (this.failure !== undefined) throw this.failure;
        return undefined;
      }
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  /** Ends the call, unless it has ended. */
  close(): void {
    this.signal.removeEventListener('abort', this.abort);
    if (!this.ended) this.call.cancel();
  }
}
