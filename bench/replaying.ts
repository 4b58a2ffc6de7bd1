/** An observer that replays a log again and again, as a neighbour for what is measured. */
import type { Annals } from '../src/client';
import { OBSERVER_PREFIX } from './observing';

const ID = `${OBSERVER_PREFIX}replaying`;

/** Works while another observer replays the log of `events`. */
export async function besideReplay<T>(
  annals: Annals,
  sequence: string,
  events: number,
  work: () => Promise<T>,
): Promise<T> {
  let handled = 0;
  let wanted = events;
  let enough: () => void = () => undefined;
  const through = (more: number): Promise<void> =>
    new Promise((resolve) => {
      wanted = handled + more;
      enough = resolve;
    });
  const handle = (): void => {
    if (++handled === wanted) enough();
  };
  const caughtUp = through(events);
  const observation = annals.observe(ID, { sequence, handle });
  let over = false;
  const replayAgain = async (): Promise<void> => {
    await annals.observers.waitFor(ID, events - 1);
    while (!over) {
      const done = through(events);
      await annals.observers.replay(ID);
      await Promise.race([done, stopped]);
    }
  };
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  await Promise.race([caughtUp, observation.done]);
  const replaying = replayAgain();
  try {
    return await Promise.race([work(), replaying.then(() => Promise.reject(new Error('the replay ended')))]);
  } finally {
    over = true;
    stop();
    await replaying.catch(() => undefined);
    await annals.observers.cancelReplay(ID);
    await observation.stop();
  }
}
