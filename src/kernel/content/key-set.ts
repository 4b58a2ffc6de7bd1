/**
 * Finds a key that stands twice in one document, while the document goes by: one hash table for a
 * whole call, in which each entry names the document that it belongs to. Nothing is allocated for
 * a key and nothing is cleared between calls, since documents are numbered on and an entry of an
 * earlier call has a number below the first of this one.
 */
import { randomBytes } from 'node:crypto';

/** Slots to begin with, a power of two: a payload with 500 keys fits at the half that is allowed. */
const FIRST_SLOTS = 1024;

/** Slots above which a table is not kept after the call: 12 bytes each. */
const KEPT_SLOTS = 64 * 1024;

/** Documents are numbered from 1 again in the first call after this one, long before an int32 is full. */
const LAST_DOCUMENT = 2 ** 30;

const FNV_PRIME = 0x01000193;
/** Spreads a document's number over all bits (2^32 divided by the golden ratio). */
const GOLDEN = 0x9e3779b1;
/** Unknown to whoever sends keys, so that none can be chosen to fall into one slot. */
const SEED = randomBytes(4).readInt32LE();

export class KeySet {
  private slots = 0;
  private documents = new Int32Array(0);
  private hashes = new Int32Array(0);
  private offsets = new Int32Array(0);
  private first = 1;
  private last = 0;
  private used = 0;

  constructor() {
    this.allocate(FIRST_SLOTS);
  }

  /** A new call: what was added before is forgotten. */
  begin(): void {
    if (this.slots > KEPT_SLOTS) this.allocate(FIRST_SLOTS);
    if (this.last > LAST_DOCUMENT) {
      this.documents.fill(0);
      this.last = 0;
    }
    this.first = this.last + 1;
    this.used = 0;
  }

  /** A number for one more document of this call. */
  document(): number {
    return ++this.last;
  }

  /**
   * Adds the key `bytes[from, to)` to a document. False when it is there already. All keys of a
   * call lie in the same bytes, each followed by a NUL, and stay at their offsets.
   */
  add(document: number, bytes: Buffer, from: number, to: number): boolean {
    let hash = SEED ^ (to - from);
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), FNV_PRIME);
    hash = Math.imul(hash ^ (hash >>> 15), GOLDEN);
    const { documents, hashes, offsets, first } = this;
    const mask = this.slots - 1;
    let slot = this.slotOf(document, hash);
    while ((documents[slot] ?? 0) >= first) {
      if (hashes[slot] === hash && documents[slot] === document && sameKey(bytes, offsets[slot] ?? 0, from, to))
        return false;
      slot = (slot + 1) & mask;
    }
    documents[slot] = document;
    hashes[slot] = hash;
    offsets[slot] = from;
    if (++this.used * 2 > this.slots) this.double();
    return true;
  }

  private slotOf(document: number, hash: number): number {
    const mixed = hash ^ Math.imul(document, GOLDEN);
    return (mixed ^ (mixed >>> 16)) & (this.slots - 1);
  }

  private double(): void {
    const { documents, hashes, offsets, first } = this;
    this.allocate(2 * this.slots);
    const mask = this.slots - 1;
    for (let old = 0; old < documents.length; old++) {
      const document = documents[old] ?? 0;
      if (document < first) continue;
      let slot = this.slotOf(document, hashes[old] ?? 0);
      while ((this.documents[slot] ?? 0) >= first) slot = (slot + 1) & mask;
      this.documents[slot] = document;
      this.hashes[slot] = hashes[old] ?? 0;
      this.offsets[slot] = offsets[old] ?? 0;
    }
  }

  private allocate(slots: number): void {
    this.slots = slots;
    this.documents = new Int32Array(slots);
    this.hashes = new Int32Array(slots);
    this.offsets = new Int32Array(slots);
  }
}

function sameKey(bytes: Buffer, at: number, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[at++] !== bytes[i]) return false;
  return bytes[at] === 0;
}
