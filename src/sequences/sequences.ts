/** The event sequences that this server has open: for each its tail, its sequencer, and its place in the database. */
import { LRUCache } from 'lru-cache';
import type { Db, MongoClient } from 'mongodb';
import type { AppendRequest, AppendResponse } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';
import { addressKey, checkName, SYSTEM_SEQUENCE, WELL_KNOWN_SEQUENCES, type SequenceAddress } from '../kernel/names';
import type { Catalogue } from '../storage/catalogue';
import { ensureEventCollection } from '../storage/event-collections';
import { namespaceDatabase, sequenceCollection, sequenceOfCollection } from '../storage/names';
import { admit } from './admission';
import { act } from './audit';
import { QueueBudget } from './queue-budget';
import { Sequencer, type SequencerLogger } from './sequencer';
import { lastNumber } from './reader';
import { Tail } from './tail';
import { TUNING } from './tuning';

export interface OpenSequence {
  readonly address: SequenceAddress;
  readonly db: Db;
  readonly collection: string;
  readonly tail: Tail;
  readonly sequencer: Sequencer;
}

/** What may stand against an append at this moment for the server as a whole: a full disk. */
export type AppendGate = () => AnnalsError | undefined;

export interface SequencesOptions {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly logger: SequencerLogger;
  readonly gate: AppendGate;
}

export class Sequences {
  readonly #budget = new QueueBudget(TUNING.allQueuesBytes);
  readonly #open: LRUCache<string, OpenSequence>;
  /** Those that fell out of the cache: somebody may still use them, and a second copy would not share their state. */
  readonly #evicted = new Map<string, OpenSequence>();
  #stopping = false;

  constructor(private readonly options: SequencesOptions) {
    this.#open = new LRUCache({
      max: TUNING.openSequences,
      dispose: (sequence, key, reason) => {
        if (reason === 'evict') this.#evicted.set(key, sequence);
      },
    });
  }

  /** The sequence at an address of an existing namespace. A sequence itself exists from its first event. */
  async open(address: SequenceAddress): Promise<OpenSequence> {
    checkName(address.store, 'sequence.store');
    checkName(address.namespace, 'sequence.namespace');
    checkName(address.sequence, 'sequence.sequence');
    const { catalogue } = this.options;
    if (!catalogue.knows(address.store, address.namespace)) await catalogue.require(address.store, address.namespace);
    return this.#opened(address);
  }

  /**
   * Appends for a client. @param deadline on the clock of `performance.now()`, in ms.
   */
  async append(address: SequenceAddress, request: AppendRequest, deadline: number): Promise<AppendResponse> {
    if (address.sequence === SYSTEM_SEQUENCE) {
      throw new AnnalsError('RESERVED_SEQUENCE', undefined, { field: 'sequence.sequence' });
    }
    return this.record(address, request, deadline);
  }

  /** Appends for the server itself, to `system` too. */
  async record(address: SequenceAddress, request: AppendRequest, deadline: number): Promise<AppendResponse> {
    if (this.#stopping) throw new AnnalsError('SHUTTING_DOWN');
    const closed = this.options.gate();
    if (closed !== undefined) throw closed;
    // Checked before anything is waited for, so that calls reach the queue in the order in which they came.
    const admitted = admit(request, Date.now());
    const { store, namespace } = address;
    const sequence = this.options.catalogue.knows(store, namespace) ? this.#opened(address) : await this.open(address);
    return sequence.sequencer.submit(admitted, deadline);
  }

  /** Records an administrative act on the namespace's `system` sequence, unless it is there. */
  async recordAct(
    store: string,
    namespace: string,
    type: string,
    subject: Readonly<Record<string, string>>,
  ): Promise<void> {
    const address = { store, namespace, sequence: SYSTEM_SEQUENCE };
    const request = { sequence: address, events: [act(type, subject)], expectations: [] };
    await this.record(address, request, performance.now() + TUNING.appendDeadlineMs);
  }

  /** All event sequences of a namespace that have been made, with the number of each one's last event. */
  async list(store: string, namespace: string): Promise<{ name: string; tail: number | undefined }[]> {
    const { client, catalogue } = this.options;
    await catalogue.require(checkName(store, 'store'), checkName(namespace, 'namespace'));
    const db = client.db(namespaceDatabase(store, namespace));
    const collections = await db.listCollections({}, { nameOnly: true }).toArray();
    const names = collections.flatMap(({ name }) => sequenceOfCollection(name) ?? []);
    const order = (name: string) => {
      const place = (WELL_KNOWN_SEQUENCES as readonly string[]).indexOf(name);
      return place === -1 ? WELL_KNOWN_SEQUENCES.length : place;
    };
    names.sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
    return Promise.all(
      names.map(async (name) => ({ name, tail: await lastNumber({ db, collection: sequenceCollection(name) }, []) })),
    );
  }

  /** Somebody else may have recorded in this collection: look, when anybody follows it here. */
  async noticed(database: string, collection: string): Promise<void> {
    for (const sequence of this.#all()) {
      if (sequence.db.databaseName === database && sequence.collection === collection) await refreshFollowed(sequence);
    }
  }

  /** The safety net: looks at every sequence that is followed here. Called regularly; lets go of memory too. */
  async poll(): Promise<void> {
    this.#trimRings();
    for (const [key, sequence] of this.#evicted) if (!inUse(sequence)) this.#evicted.delete(key);
    for (const sequence of this.#all()) await refreshFollowed(sequence);
  }

  /** Takes no more appends and answers those that wait, at the latest after `patience` ms. */
  async drain(patience: number): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#all()].map((sequence) => sequence.sequencer.drain(patience)));
  }

  #opened(address: SequenceAddress): OpenSequence {
    const key = addressKey(address);
    const known = this.#open.get(key) ?? this.#evicted.get(key);
    if (known !== undefined) {
      if (this.#evicted.delete(key)) this.#open.set(key, known);
      return known;
    }
    checkName(address.sequence, 'sequence.sequence');
    const opened = this.#make(address);
    this.#open.set(key, opened);
    return opened;
  }

  #make(address: SequenceAddress): OpenSequence {
    const { client, logger } = this.options;
    const db = client.db(namespaceDatabase(address.store, address.namespace));
    const collection = sequenceCollection(address.sequence);
    const tail = new Tail(db, collection);
    const prepare = async () => {
      const { store, namespace, sequence: name } = address;
      // The well-known ones were made with their namespace.
      if (collection === name) return;
      await ensureEventCollection(db, name);
      await this.recordAct(store, namespace, 'SequenceCreated', { store, namespace, sequence: name });
    };
    const sequencer = new Sequencer({ client, db, collection, tail, budget: this.#budget, prepare, logger });
    return { address, db, collection, tail, sequencer };
  }

  *#all(): Iterable<OpenSequence> {
    yield* this.#open.values();
    yield* this.#evicted.values();
  }

  /** Keeps the rings of all sequences together within their budget: those quiet longest lose theirs. */
  #trimRings(): void {
    let bytes = 0;
    // From the most recently used on.
    for (const sequence of this.#open.values()) {
      bytes += sequence.tail.ring.bytes;
      if (bytes > TUNING.allRingsBytes) {
        bytes -= sequence.tail.ring.bytes;
        sequence.tail.ring.clear();
      }
    }
  }
}

/** A sequence with followers or appends under way has state that a second copy would not share. */
const inUse = (sequence: OpenSequence): boolean => sequence.tail.followed || !sequence.sequencer.idle;

async function refreshFollowed({ tail }: OpenSequence): Promise<void> {
  if (tail.followed) await tail.refresh();
}
