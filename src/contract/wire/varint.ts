/**
 * Varints, the numbers of protobuf, written straight into a Buffer. Plain functions, since the
 * server's event encoder lays out whole batches by itself and wants no object in between.
 * The caller has made sure that there is room.
 */

/** 2^7, 2^14, 2^21 …: a number below the i-th of them takes i + 1 bytes. */
const SEVEN_BITS = 0x80;
const TWO_TO_28 = 0x1000_0000;
const TWO_TO_32 = 0x1_0000_0000;

/** Bytes of a varint that fills all 64 bits, which every negative number does. */
export const MAX_VARINT_BYTES = 10;

/** Bytes that a safe, non-negative integer takes. */
export function varintLength(n: number): number {
  if (n < 0x80) return 1;
  if (n < 0x4000) return 2;
  if (n < 0x20_0000) return 3;
  if (n < TWO_TO_28) return 4;
  let length = 5;
  for (let rest = Math.floor(n / TWO_TO_28 / SEVEN_BITS); rest > 0; rest = Math.floor(rest / SEVEN_BITS)) length++;
  return length;
}

/** Writes a safe, non-negative integer; returns the position after it. */
export function writeVarint(buffer: Buffer, pos: number, n: number): number {
  let rest = n;
  while (rest >= TWO_TO_28) {
    buffer[pos++] = (rest % SEVEN_BITS) | 0x80;
    rest = Math.floor(rest / SEVEN_BITS);
  }
  while (rest > 0x7f) {
    buffer[pos++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[pos++] = rest;
  return pos;
}

/** Bytes that a safe integer of either sign takes as an int64. */
export const signedVarintLength = (n: number): number => (n < 0 ? MAX_VARINT_BYTES : varintLength(n));

/** Writes a safe integer of either sign as an int64, in two's complement; returns the position after it. */
export function writeSignedVarint(buffer: Buffer, pos: number, n: number): number {
  if (n >= 0) return writeVarint(buffer, pos, n);
  let low = n >>> 0;
  let high = Math.floor(n / TWO_TO_32) >>> 0;
  for (let i = 1; i < MAX_VARINT_BYTES; i++) {
    buffer[pos++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  buffer[pos++] = low;
  return pos;
}
