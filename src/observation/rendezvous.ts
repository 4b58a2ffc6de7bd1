/**
 * Spreads partitions over clients so that each sticks to one, and only the partitions of a client
 * that comes or goes change hands: every client is given a score for the partition, the highest wins.
 * Highest random weight hashing: Thaler and Ravishankar, 1996.
 */

/** FNV-1a over both strings, with a final mix so that keys that differ at the end alone spread too. */
function score(key: string, id: string): number {
  let hash = 0x811c9dc5;
  for (const text of [id, key]) {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

/** The candidate for a key; the same one as long as it is among them. */
export function rendezvous<Candidate extends { readonly id: string }>(
  key: string,
  candidates: readonly Candidate[],
): Candidate | undefined {
  let best: Candidate | undefined;
  let highest = -1;
  for (const candidate of candidates) {
    const s = score(key, candidate.id);
    if (s > highest) {
      highest = s;
      best = candidate;
    }
  }
  return best;
}
