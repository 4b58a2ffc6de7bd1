/**
 * Who the ids in `caused_by` stand for, where many nodes of a trace name the same few. Remembered for a moment,
 * those that nobody described too: a trace of ten thousand events by one person asks once.
 */
import { LRUCache } from 'lru-cache';
import type { Identities, IdentityRecord } from '../../src/storage/identities';

/** How long an answer is good for, in ms: what was erased at another server may be shown so much longer. */
const REMEMBERED_MS = 2_000;

/** Answers kept at most: some MB where every name is as long as may be. */
const REMEMBERED = 10_000;

/** `undefined` would be no entry. */
const NOBODY = Symbol('nobody described it');

export class IdentityLookup {
  readonly #remembered = new LRUCache<string, IdentityRecord | typeof NOBODY>({ max: REMEMBERED, ttl: REMEMBERED_MS });

  constructor(private readonly identities: Pick<Identities, 'find'>) {}

  /** Those of the ids that were ever described. The empty id is nobody's. */
  async find(store: string, ids: Iterable<string>): Promise<Map<string, IdentityRecord>> {
    const known = new Map<string, IdentityRecord>();
    const asked: string[] = [];
    for (const id of new Set(ids)) {
      const remembered = this.#remembered.get(keyOf(store, id));
      if (remembered === undefined) {
        if (id !== '') asked.push(id);
      } else if (remembered !== NOBODY) known.set(id, remembered);
    }
    if (asked.length === 0) return known;
    const found = await this.identities.find(store, asked);
    for (const id of asked) {
      const record = found.get(id);
      this.#remembered.set(keyOf(store, id), record ?? NOBODY);
      if (record !== undefined) known.set(id, record);
    }
    return known;
  }

  /** It is another from now on. */
  forget(store: string, id: string): void {
    this.#remembered.delete(keyOf(store, id));
  }
}

/** No store's name can hold a slash. */
const keyOf = (store: string, id: string): string => `${store}/${id}`;
