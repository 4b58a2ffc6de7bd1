import { AnnalsError } from '../../kernel/annals-error';
import { Cancellation } from '../cancellation';
import type { Link } from '../link';
import type { OwnerLinks } from '../owner-links';
import { Backoff, pause } from '../retry';
import { afterEnd } from './after-end';
import type { RegisteredStream } from './stream';

/** A program that serves the server, stream after stream: registers at the owner, and again when it must, until it is stopped. */

export interface Life {
  readonly owners: OwnerLinks;
  /** What the owner is remembered by. */
  readonly owned: string;
  /** Begins a stream. @param registered is called once the server has taken us. */
  readonly begin: (link: Link, registered: () => void) => RegisteredStream;
  /** A stream is over; what came over it is no longer ours. */
  readonly over: () => void;
  /** `waiting`: others must leave first. */
  readonly interrupted: (state: 'waiting' | 'reconnecting', reason: AnnalsError) => void;
  /** Whether an end that others must leave for is waited out. */
  readonly waits: boolean;
}

/** Returns when the signal is aborted; throws what ends it otherwise. */
export async function stayRegistered(life: Life, signal: AbortSignal): Promise<void> {
  const { owners, owned } = life;
  const backoff = new Backoff();
  let followed = false;
  for (;;) {
    const link = await owners.ready(owned, signal);
    if (signal.aborted) return;
    const cause = await oneStream(life, link, backoff);
    life.over();
    if (signal.aborted) return;
    const { error, next } = afterEnd(cause);
    if (next === 'end') throw error;
    if (next === 'wait' && !life.waits) throw error;
    if (next === 'elsewhere') {
      // Two servers that name each other are both wrong for a moment: no haste after the first time.
      const further = followed;
      followed = true;
      if (owners.follow(owned, error) && !further) continue;
    } else {
      followed = false;
    }
    if (next === 'reconnect') owners.lost(owned, link);
    life.interrupted(next === 'wait' ? 'waiting' : 'reconnecting', error);
    await pause(backoff.next(), signal);
  }
}

/** Resolves with what ended it. */
async function oneStream(life: Life, link: Link, backoff: Backoff): Promise<unknown> {
  let stream: RegisteredStream;
  try {
    stream = life.begin(link, () => {
      backoff.reset();
    });
  } catch (error) {
    return error;
  }
  return stream.over;
}

/** Waits for `promise`, but not longer than this and not after the signal. */
export async function atMost(ms: number, promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const limit = new Cancellation(signal);
  limit.cancelAfter(ms, () => new AnnalsError('CANCELLED'));
  await Promise.race([
    promise,
    new Promise<void>((resolve) => {
      if (limit.signal.aborted) resolve();
      limit.signal.addEventListener('abort', () => resolve(), { once: true });
    }),
  ]);
  limit.release();
}
