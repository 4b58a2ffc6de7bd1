import type { Proof__Output } from '../../contract/generated/annals/v1/Proof';
import type { ProofRange__Output } from '../../contract/generated/annals/v1/ProofRange';
import type { ProveRequest } from '../../contract/generated/annals/v1/ProveRequest';
import { AnnalsError } from '../../kernel/annals-error';
import { Cancellation, reasonOf } from '../cancellation';
import { callFailure } from '../errors';
import { ResponseStream } from '../response-stream';
import type { Session } from '../session';
import { PROVE_LINK } from './calls';

/** What became of every source number of a range, as both logs say. */

/**
 * `pending`: the link has not come so far. `missing`: it should be in the inbox and is not. `conflicting`: the inbox
 * has another event from there, or the source has none: it was restored from an old backup.
 */
export type ProofOutcome =
  'unspecified' | 'in-inbox' | 'filtered' | 'held' | 'skipped' | 'pending' | 'missing' | 'conflicting';

/** Neighbouring source numbers with the same outcome. */
export interface ProofRange {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  readonly outcome: ProofOutcome;
  /** Where the first of them is in the inbox; the others follow without a gap. */
  readonly inboxFrom: number | undefined;
  /** The partition that is held, or why they were skipped. */
  readonly detail: string;
}

export interface Proof {
  readonly from: number;
  /** Inclusive; undefined when the range is empty. */
  readonly to: number | undefined;
  readonly inInbox: number;
  readonly filtered: number;
  readonly held: number;
  readonly skipped: number;
  readonly pending: number;
  readonly missing: number;
  readonly conflicting: number;
  /** Events that stand in the inbox before an earlier one of their partition. */
  readonly outOfOrder: number;
  /** Nothing is missing, conflicting or out of order. */
  readonly proven: boolean;
}

export interface ProveOptions {
  /** Inclusive. Where the link began unless given. */
  readonly from?: number | undefined;
  /** Inclusive. All that the link has come past unless given. */
  readonly to?: number | undefined;
  /** Told every range, in order. */
  readonly onRanges?: ((ranges: readonly ProofRange[]) => void) | undefined;
  readonly onProgress?: ((lookedAt: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const OUTCOMES = {
  PROOF_OUTCOME_UNSPECIFIED: 'unspecified',
  PROOF_OUTCOME_IN_INBOX: 'in-inbox',
  PROOF_OUTCOME_FILTERED: 'filtered',
  PROOF_OUTCOME_HELD: 'held',
  PROOF_OUTCOME_SKIPPED: 'skipped',
  PROOF_OUTCOME_PENDING: 'pending',
  PROOF_OUTCOME_MISSING: 'missing',
  PROOF_OUTCOME_CONFLICTING: 'conflicting',
} as const;

/** Throws what ended the call; a proof that was interrupted is begun anew by whoever asked for it. */
export async function prove(session: Session, request: ProveRequest, options: ProveOptions): Promise<Proof> {
  const { connection } = session;
  const cancellation = new Cancellation(connection.closed, options.signal);
  const { signal } = cancellation;
  let stream: ResponseStream | undefined;
  try {
    const link = await connection.ready(signal);
    stream = new ResponseStream(link.responses(PROVE_LINK.path, PROVE_LINK.encode(request)), signal);
    for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
      const { progress, ranges, proof } = PROVE_LINK.decode(message);
      if (progress) options.onProgress?.(progress.lookedAt, progress.total);
      if (ranges) options.onRanges?.(ranges.ranges.map(rangeOf));
      if (proof) return proofOf(proof);
    }
    throw new AnnalsError('INTERNAL', 'The proof ended without a result');
  } catch (cause) {
    throw signal.aborted ? reasonOf(signal) : callFailure(cause).error;
  } finally {
    stream?.close();
    cancellation.release();
  }
}

const rangeOf = ({ from, to, outcome, inboxFrom, detail }: ProofRange__Output): ProofRange => ({
  from,
  to,
  outcome: OUTCOMES[outcome],
  inboxFrom,
  detail,
});

const proofOf = (proof: Proof__Output): Proof => ({
  from: proof.from,
  to: proof.to,
  inInbox: proof.inInbox,
  filtered: proof.filtered,
  held: proof.held,
  skipped: proof.skipped,
  pending: proof.pending,
  missing: proof.missing,
  conflicting: proof.conflicting,
  outOfOrder: proof.outOfOrder,
  proven: proof.proven,
});
