import type { Observable } from 'rxjs';
import { rxjs } from './rxjs';

/** An iteration as an rxjs Observable: it begins with each subscriber, and ends when that one leaves. */

/** Makes the batches anew; aborting the signal ends them. */
export type Batches<T> = (signal: AbortSignal) => AsyncIterable<readonly T[]>;

/**
 * An Observable pushes: it knows no way for a subscriber to hold it back. The next batch is asked for
 * once the last one's elements have been taken by synchronous operators; what asynchronous operators
 * (`mergeMap`, `concatMap`) put aside is theirs to bound. Where that matters, iterate instead.
 */
export function observe<T>(batches: Batches<T>): Observable<T> {
  return new (rxjs().Observable)<T>((subscriber) => {
    const leaving = new AbortController();
    const push = async (): Promise<void> => {
      for await (const batch of batches(leaving.signal)) {
        for (const element of batch) {
          if (subscriber.closed) return;
          subscriber.next(element);
        }
      }
    };
    push().then(
      () => subscriber.complete(),
      // A subscriber that left is told nothing.
      (error: unknown) => subscriber.error(error),
    );
    return () => leaving.abort();
  });
}
