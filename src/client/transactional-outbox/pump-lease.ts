/**
 * Which of several pumps works: one at a time, by the database's clock. It saves the others the work; that
 * nothing is appended twice or out of order hangs on the event ids and on the rows, not on this.
 */
import { AnnalsError } from '../../kernel/annals-error';
import { newId } from '../../kernel/ids';
import { READING, WRITING, type OutboxCollection, type OutboxDatabase } from './database';

const LEASE = 'pump';

/** A lease is renewed after this share of it, and an append may take as long as the next two: it ends within the lease. */
const RENEWED_AFTER = 1 / 3;
const FOR_AN_APPEND = 1 / 2;

export class PumpLease {
  readonly #leases: OutboxCollection;
  readonly #me = newId();
  #made = false;
  #renewed = -Infinity;
  #asking: Promise<boolean> | undefined;

  /** @param target where the rows go: one place, or each pump would take some elsewhere. @param forMs how long it lasts. */
  constructor(
    db: OutboxDatabase,
    private readonly collection: string,
    private readonly target: string,
    private readonly forMs: number,
  ) {
    this.#leases = db.collection(`${collection}.pump`);
  }

  /** How long an append may take that is begun with the lease, in ms. */
  get appendMs(): number {
    return this.forMs * FOR_AN_APPEND;
  }

  /** How often to ask for one that somebody else has, in ms. */
  get askEveryMs(): number {
    return this.forMs * RENEWED_AFTER;
  }

  /** Takes or renews it when it is time. False: somebody else has it. @throws AnnalsError INVALID_FIELD: the rows go elsewhere */
  async keep(): Promise<boolean> {
    if (performance.now() - this.#renewed < this.forMs * RENEWED_AFTER) return true;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(): Promise<boolean> {
    const began = performance.now();
    this.#renewed = -Infinity;
    const { target } = this;
    if (!this.#made) {
      const initial = { target, owner: '', expires: new Date(0) };
      await this.#leases.updateOne({ _id: LEASE }, { $setOnInsert: initial }, { ...WRITING, upsert: true });
      this.#made = true;
    }
    const { matchedCount } = await this.#leases.updateOne(
      { _id: LEASE, target, $or: [{ owner: this.#me }, { $expr: { $lt: ['$expires', '$$NOW'] } }] },
      [{ $set: { owner: { $literal: this.#me }, expires: { $add: ['$$NOW', this.forMs] } } }],
      WRITING,
    );
    if (matchedCount === 1) {
      this.#renewed = began;
      return true;
    }
    for await (const lease of this.#leases.find({ _id: LEASE }, READING)) {
      if (lease['target'] !== target) throw goesElsewhere(this.collection, String(lease['target']), target);
    }
    return false;
  }

  async release(): Promise<void> {
    if (!this.#made) return;
    this.#renewed = -Infinity;
    await this.#leases.updateOne(
      { _id: LEASE, owner: this.#me },
      { $set: { owner: '', expires: new Date(0) } },
      WRITING,
    );
  }
}

const goesElsewhere = (collection: string, there: string, here: string): AnnalsError =>
  new AnnalsError(
    'INVALID_FIELD',
    `the rows of ${collection} go to ${there}, and not to ${here}: give each target a collection of its own`,
    { field: 'sequence' },
  );
