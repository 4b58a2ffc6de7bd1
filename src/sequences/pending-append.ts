/** An append on its way: what it wants, until when, and the one answer that it gets. */
import { AnnalsError } from '../kernel/annals-error';
import type { AppendResponse } from '../contract/messages';
import type { AppendClaims, ConstraintKeeper } from '../constraints/constraint-keeper';
import type { AdmittedAppend } from './admission';
import { claimsUnder, type ClaimsAt } from './constrained';
import { atOnce } from '../kernel/steps';

const NOTHING: readonly string[] = [];

export class PendingAppend {
  readonly answer: Promise<AppendResponse>;
  /** Some attempt of it may be recorded, now or later, although nobody has said so. */
  mayHaveLanded = false;
  /** What its latest attempt was stamped with: the number of its first event, and the time of recording, ms since 1970. */
  attempted: { readonly first: number; readonly recorded: number } | undefined;
  /** It stands in the sequencer's queue. */
  queued = false;
  #claims: ClaimsAt | undefined;
  #resolve!: (response: AppendResponse) => void;
  #reject!: (error: AnnalsError) => void;
  #answered = false;

  /** @param deadline until when an answer is of use, on the clock of `performance.now()`, in ms. */
  constructor(
    readonly append: AdmittedAppend,
    readonly deadline: number,
  ) {
    this.#claims = append.claims;
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

  /** Finds out what it claims and releases under the constraints in force, anew when they are other ones. */
  claimUnder(constraints: ConstraintKeeper): void {
    if (this.#claims?.revision === constraints.revision) return;
    this.#claims = constraints.idle ? undefined : atOnce(claimsUnder(constraints, this.append.drafts));
  }

  /** What it claims and releases, as `claimUnder` found it last; undefined when it is nothing. */
  get claims(): AppendClaims | undefined {
    return this.#claims?.of.empty === false ? this.#claims.of : undefined;
  }

  /** It is recorded in a transaction: its events stand together, or something goes along with them. */
  get atomic(): boolean {
    return this.count > 1 || this.append.companions.length > 0 || this.claims !== undefined;
  }

  /** What nothing else may claim or change in the same commit. */
  touches(): readonly string[] {
    const { companions } = this.append;
    // Of most appends it is nothing, and this is asked for each of them.
    if (companions.length === 0 && this.#claims === undefined) return NOTHING;
    return [...companions.flatMap(({ touches }) => [...touches]), ...(this.#claims?.of.touched ?? [])];
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
