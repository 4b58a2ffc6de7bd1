/**
 * Two observers over the history that was just recorded, without a word of output: one keeps a read
 * model and is killed in the middle, one fails and is healed by hand.
 */
import type { Annals, RecordedEvent } from '../src/client';
import type { Check } from './checks';
import { healByHand, type Healing } from './healed-by-hand';
import { killAndRestart, type Killing } from './killed-and-restarted';

export interface ObserversStory {
  readonly killing: Killing;
  readonly healing: Healing;
  readonly checks: readonly Check[];
}

export async function tellObserversStory(
  annals: Annals,
  where: { readonly address: string; readonly dataFolder: string },
  events: readonly RecordedEvent[],
  signal: AbortSignal,
): Promise<ObserversStory> {
  const killing = await killAndRestart(annals, where, events, signal);
  const healing = await healByHand(annals, events);
  return { killing, healing, checks: [...killing.checks, ...healing.checks] };
}

/** For programs. */
export function observersFacts({ killing, healing }: ObserversStory) {
  const { checks: _killed, repositories, ...killed } = killing;
  const { checks: _healed, ...healed } = healing;
  return { killed: { ...killed, repositories: repositories.length }, healed };
}
