/**
 * What is recorded together: something that happened and all that is decided because of it, so that one append does
 * where several would do the same one after the other.
 */
import { fold } from './fold';
import { next, type World } from './next';
import type { SequenceEntry } from './log-entry';
import type { SequenceState } from './sequence-state';

/**
 * These entries and every one that `next` wants recorded after them; empty when neither is any. The numbers that they
 * get are not known yet, so the state is folded anew once they are recorded.
 */
export function onward(
  state: SequenceState,
  happened: readonly SequenceEntry[],
  world: World,
): readonly SequenceEntry[] {
  const entries: SequenceEntry[] = [];
  let after = state;
  let more = happened;
  do {
    for (const entry of more) {
      entries.push(entry);
      // Any number beyond the last will do.
      after = fold(after, entry, { number: after.handling.last + 1, at: world.now });
    }
    const wanted = next(after, world);
    more = wanted.kind === 'record' ? wanted.entries : [];
  } while (more.length > 0);
  return entries;
}
