/**
 * The growing buffer that a codec writes into before it knows how long its result will be. Each
 * codec keeps one for its lifetime, so that a call allocates nothing but its result.
 */

/** Bytes to begin with: most events fit, and a codec that is never used costs little. */
const FIRST_BYTES = 64 * 1024;

/** Bytes above which a buffer is not kept after the call: one huge event must not cost memory for ever. */
const KEPT_BYTES = 4 * 1024 * 1024;

export class Scratch {
  bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** The same bytes, for numbers at any offset. */
  view = new DataView(this.bytes.buffer);

  /** Makes it at least `size` bytes long and keeps the first `used`. */
  grow(size: number, used: number): void {
    const grown = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.bytes.length));
    this.bytes.copy(grown, 0, 0, used);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  /** The first `size` bytes as a Buffer of their own. Gives up what only a huge event needed. */
  take(size: number): Buffer {
    const taken = Buffer.allocUnsafe(size);
    this.bytes.copy(taken, 0, 0, size);
    this.release();
    return taken;
  }

  /** Gives up what only a huge event needed. */
  release(): void {
    if (this.bytes.length <= KEPT_BYTES) return;
    this.bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }
}
