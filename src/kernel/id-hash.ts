/**
 * Event and correlation ids as numbers, for an index that is compact: 53 bits, so that each is exact as a plain
 * number. Two ids may have the same one; whoever finds something by it compares the ids themselves.
 */

/** Of the empty id. Something else's may be it too. */
export const NO_ID = 0;

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Another odd number for the second half, so that the halves are not the same twice. */
const OTHER_PRIME = 0x85ebca6b;
/** Bits of the upper half that a safe integer has room for. */
const UPPER_BITS = 0x1fffff;
const TWO_32 = 2 ** 32;

/** The number of the id whose UTF-8 bytes these are. It is stored, so it must stay what it is. */
export function idHashOfBytes(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NO_ID;
  let lower = FNV_OFFSET;
  let upper = end - start;
  for (let i = start; i < end; i++) {
    // Inside the bounds that were given.
    const byte = bytes[i] as number;
    lower = Math.imul(lower ^ byte, FNV_PRIME);
    upper = Math.imul(upper ^ byte ^ (upper >>> 15), OTHER_PRIME);
  }
  return (mixed(upper) & UPPER_BITS) * TWO_32 + (mixed(lower) >>> 0);
}

export function idHash(id: string): number {
  const bytes = Buffer.from(id);
  return idHashOfBytes(bytes, 0, bytes.length);
}

/** Every bit of the result depends on every one of the input. */
function mixed(n: number): number {
  let h = n;
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  h = Math.imul(h ^ (h >>> 16), 0x45d9f3b);
  return h ^ (h >>> 16);
}
