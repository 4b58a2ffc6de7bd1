/** Where bytes stop being UTF-8. */

/** The offset of the first byte that is not UTF-8, or the length when all are. For errors only: it copies. */
export function utf8FaultAt(bytes: Buffer): number {
  const mended = Buffer.from(bytes.toString('utf8'));
  let i = 0;
  while (i < bytes.length && bytes[i] === mended[i]) i++;
  return i;
}
