/** An append on its way: what it wants, until when, and the one answer that it gets. */
import { AnnalsError } from '../kernel/annals-error';
import type { AppendResponse } from '../contract/messages';
import type { AdmittedAppend } from './admission';

export class PendingAppend {
  readonly answer: Promise<AppendResponse>;
  /** Some attempt of it may be recorded, now or later, although nobody has said so. */
  mayHaveLanded = false;
  /** What its latest attempt was stamped with: the number of its first event, and the time of recording, ms since 1970. */
  attempted: { readonly first: number; readonly recorded: number } | undefined;
  /** It stands in the sequencer's queue. */
  queued = false;
  #resolve!: (response: AppendResponse) => void;
  #reject!: (error: AnnalsError) => void;
  #answered = false;

  /** @param deadline until when an answer is of use, on the clock of `performance.now()`, in ms. */
  constructor(
    readonly append: AdmittedAppend,
    readonly deadline: number,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get answered(): boolean {
    return this.#answered;
  }

  get count(): number {
    return this.append.drafts.length;
  }

  recorded(first: number, recorded: number, duplicate: boolean): void {
    const { drafts, madeIds } = this.append;
    this.respond({
      appended: {
        firstSequenceNumber: first,
        lastSequenceNumber: first + drafts.length - 1,
        duplicate,
        recorded,
        eventIds: madeIds ? drafts.map((draft) => draft.eventId) : [],
      },
    });
  }

  /** The first answer counts; a later one finds nobody who waits. */
  respond(response: AppendResponse): void {
    this.#answered = true;
    this.#resolve(response);
  }

  fail(error: AnnalsError): void {
    this.#answered = true;
    this.#reject(error);
  }

  /** Answers an append whose time is up. Says that nothing was recorded only when that is certain. */
  expire(): void {
    this.fail(new AnnalsError(this.mayHaveLanded ? 'OUTCOME_UNKNOWN' : 'DATABASE_UNAVAILABLE'));
  }
}
