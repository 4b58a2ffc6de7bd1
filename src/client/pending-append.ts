import type { AppendResponse } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';

/** One append call until it is answered: what is known of it, and hence which error is the truth when time is up. */
export class PendingAppend {
  readonly requestId: number;
  /** The AppendRequest, which never changes: what is sent again is the same. */
  readonly bytes: Buffer;
  readonly response: Promise<AppendResponse>;
  /** It counts as in flight. */
  admitted = false;
  /** The stream that it was last sent on and that has not answered it. */
  sentOn: unknown;
  /** Attempts that ended in a failure that passes. */
  failures = 0;
  settled = false;
  /** Runs while it pauses before its next attempt. */
  pause: NodeJS.Timeout | undefined;

  /** An attempt ended with nobody saying what became of it. Only a final answer takes this back. */
  private outcomeUnknown = false;
  private lastFailure: AnnalsError | undefined;
  private resolve!: (response: AppendResponse) => void;
  private reject!: (error: AnnalsError) => void;

  constructor(requestId: number, bytes: Buffer) {
    this.requestId = requestId;
    this.bytes = bytes;
    this.response = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  answer(response: AppendResponse): void {
    this.settle();
    this.resolve(response);
  }

  fail(error: AnnalsError): void {
    this.settle();
    this.reject(error);
  }

  private settle(): void {
    this.settled = true;
    clearTimeout(this.pause);
  }

  /** The server said that this attempt failed, in a way that passes. */
  attemptFailed(error: AnnalsError): void {
    this.failures++;
    this.lastFailure = error;
    this.sentOn = undefined;
    if (error.code === 'OUTCOME_UNKNOWN') this.outcomeUnknown = true;
  }

  /** The stream that it was sent on ended without an answer. */
  attemptLost(): void {
    this.sentOn = undefined;
    this.outcomeUnknown = true;
  }

  /** The error when time is up now. */
  timeoutError(timeoutMs: number, addresses: string): AnnalsError {
    if (this.outcomeUnknown || this.sentOn !== undefined) {
      return new AnnalsError(
        'OUTCOME_UNKNOWN',
        `No answer within ${timeoutMs} ms: the append may have been recorded or not`,
        {
          cause: this.lastFailure,
        },
      );
    }
    return (
      this.lastFailure ??
      new AnnalsError(
        'SERVER_UNREACHABLE',
        `No server answered at ${addresses} within ${timeoutMs} ms; nothing was sent`,
      )
    );
  }
}
