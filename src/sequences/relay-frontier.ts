/**
 * From which number of a source on an inbox has nothing, as far as this server knows: what lies beyond is
 * recorded without a look for it, which saves a batch two questions to the database. It is a guess that may be
 * wrong, since another link may fill the inbox too: the index over the origin finds that out.
 */
import { Origins, type OriginSource } from '../storage/origins';
import type { OpenSequence } from './open-sequence';

/** By inbox: by source, the number after the last one that it was seen to have. An inbox has few sources. */
const frontiers = new WeakMap<OpenSequence, Map<string, number>>();

const keyOf = ({ store, namespace, sequence }: OriginSource): string => `${store}/${namespace}/${sequence}`;

function ofInbox(inbox: OpenSequence): Map<string, number> {
  const known = frontiers.get(inbox) ?? new Map<string, number>();
  frontiers.set(inbox, known);
  return known;
}

/** Whether the inbox is thought to have nothing of the source from this number on. */
export async function isBeyond(inbox: OpenSequence, source: OriginSource, number: number): Promise<boolean> {
  const known = ofInbox(inbox);
  let frontier = known.get(keyOf(source));
  if (frontier === undefined) {
    frontier = ((await new Origins(inbox.db).last(source))?.origin ?? -1) + 1;
    known.set(keyOf(source), frontier);
  }
  return number >= frontier;
}

/** The inbox has the source's numbers up to this one, or some of them. */
export function reached(inbox: OpenSequence, source: OriginSource, last: number): void {
  const known = ofInbox(inbox);
  known.set(keyOf(source), Math.max(known.get(keyOf(source)) ?? 0, last + 1));
}

/** It is not so: whoever asks next looks. */
export function forget(inbox: OpenSequence, source: OriginSource): void {
  ofInbox(inbox).delete(keyOf(source));
}
