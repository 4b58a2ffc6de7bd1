/**
 * What goes along with an append: it is checked against what is committed right before the insert, and
 * written in the same transaction. Compensations, redactions, the checkpoint of a relay and the fence
 * of a constraint are appends with a companion.
 */
import type { ClientSession } from 'mongodb';
import type { Verdict } from './expectations';

export interface Companion {
  /** What it looks at and changes. Two that touch the same are not committed together. */
  readonly touches: ReadonlySet<string>;
  /** @param next the number that the append's first event would get: everything below it is committed. */
  check(next: number): Promise<Verdict>;
  /**
   * @param first the number of the append's first event. @param recorded the time of recording, ms since 1970.
   * @throws AnnalsError when it must not be written; then nothing of the append is.
   */
  write(session: ClientSession, first: number, recorded: number): Promise<void>;
}
