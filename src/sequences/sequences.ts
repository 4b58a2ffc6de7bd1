/** The event sequences that this server has open: for each its tail, its sequencer, and its place in the database. */
import { LRUCache } from 'lru-cache';
import type { MongoClient } from 'mongodb';
import type { AppendRequest, AppendResponse } from '../contract/messages';
import type { FenceOutcome, FencePlan, Fences } from '../constraints/activation';
import type { ConstraintKeeper } from '../constraints/constraint-keeper';
import type { TypeSource, TypesOfStore } from '../event-types/types-of-store';
import { AnnalsError } from '../kernel/annals-error';
import {
  addressKey,
  checkName,
  RESERVED_SEQUENCES,
  SYSTEM_SEQUENCE,
  WELL_KNOWN_SEQUENCES,
  type SequenceAddress,
} from '../kernel/names';
import type { Catalogue } from '../storage/catalogue';
import { ensureEventCollection } from '../storage/event-collections';
import { namespaceDatabase, sequenceCollection, sequenceOfCollection } from '../storage/names';
import { admission, type AdmittedAppend } from './admission';
import { act } from './audit';
import { compensate, type CompensateRequest, type CompensateResponse } from './compensation';
import { claimsUnder } from './constrained';
import { putFence } from './fence';
import type { OpenSequence } from './open-sequence';
import { QueueBudget } from './queue-budget';
import { redact, type RedactRequest, type RedactResponse } from './redaction';
import { relay, type Checkpoint, type RelayedEvent, type RelayOutcome } from './relay-append';
import { Sequencer, type SequencerLogger } from './sequencer';
import { lastNumber } from './reader';
import type { Steps } from '../kernel/steps';
import { Tail } from './tail';
import { TUNING } from './tuning';
import { InTurns, TurnBudget, type Held } from './turns';

/** What may stand against an append at this moment for the server as a whole: a full disk. */
export type AppendGate = () => AnnalsError | undefined;

export interface SequencesOptions {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly types: TypeSource;
  readonly constraints: (address: SequenceAddress) => ConstraintKeeper;
  readonly logger: SequencerLogger;
  readonly gate: AppendGate;
}

export class Sequences implements Fences {
  readonly #budget = new QueueBudget(TUNING.allQueuesBytes);
  readonly #turnBudget = new TurnBudget();
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

  /**
   * The sequence at an address of an existing namespace. A sequence itself exists from its first event.
   * @param deadline how long to wait for a database that is away, on the clock of `performance.now()`; absent: not.
   */
  async open(address: SequenceAddress, deadline?: number): Promise<OpenSequence> {
    checkName(address.store, 'sequence.store');
    checkName(address.namespace, 'sequence.namespace');
    checkName(address.sequence, 'sequence.sequence');
    const { catalogue, types } = this.options;
    if (!catalogue.knows(address.store, address.namespace)) await catalogue.require(address.store, address.namespace);
    if (types.known(address.store) === undefined) await types.load(address.store, deadline);
    return this.#opened(address);
  }

  /**
   * Appends for a client: content is held against its type.
   * @param deadline on the clock of `performance.now()`, in ms.
   */
  async append(address: SequenceAddress, request: AppendRequest, deadline: number): Promise<AppendResponse> {
    const sequence = this.#writable(address) ?? (await this.open(address, deadline));
    return this.#byTypes(address.store, deadline, (types) => checkAndSubmit(request, sequence, types, deadline));
  }

  /** Appends for the server itself, to `system` too. Its own events have no types that are registered. */
  async record(address: SequenceAddress, request: AppendRequest, deadline: number): Promise<AppendResponse> {
    this.#refuseClosed();
    const sequence = this.#ready(address) ?? (await this.open(address, deadline));
    return checkAndSubmit(request, sequence, undefined, deadline);
  }

  /** Replaces an event's content. @param deadline on the clock of `performance.now()`, in ms. */
  async compensate(
    address: SequenceAddress,
    request: CompensateRequest,
    deadline: number,
  ): Promise<CompensateResponse> {
    const sequence = this.#writable(address) ?? (await this.open(address, deadline));
    return this.#byTypes(address.store, deadline, (types) => compensate(sequence, request, types, deadline));
  }

  /** Takes the content of events away. @param deadline on the clock of `performance.now()`, in ms. */
  async redact(address: SequenceAddress, request: RedactRequest, deadline: number): Promise<RedactResponse> {
    return redact(this.#writable(address) ?? (await this.open(address, deadline)), request, deadline);
  }

  /** Records events of another store's sequence, each once for ever. @param deadline on the clock of `performance.now()`, in ms. */
  async relay(
    address: SequenceAddress,
    events: readonly RelayedEvent[],
    checkpoint: Checkpoint,
    deadline: number,
  ): Promise<RelayOutcome> {
    const sequence = this.#writable(address) ?? (await this.open(address, deadline));
    return relay(this.options.client, sequence, events, checkpoint, deadline);
  }

  /** Puts a constraint into force at an exact place of the log. */
  async fence(address: SequenceAddress, plan: FencePlan): Promise<FenceOutcome> {
    const deadline = performance.now() + TUNING.appendDeadlineMs;
    return putFence(this.#writable(address) ?? (await this.open(address, deadline)), plan, deadline);
  }

  /** Checks content by the store's types: by the newest when the ones at hand do not know a type or generation. */
  async #byTypes<Answer extends AppendResponse | CompensateResponse>(
    store: string,
    deadline: number,
    attempt: (types: TypesOfStore) => Promise<Answer>,
  ): Promise<Answer> {
    const { types } = this.options;
    // What was known a moment ago may have become too old to go by; nothing is recorded unchecked for that.
    const known = types.known(store) ?? (await types.load(store, deadline));
    let answer: Answer | undefined;
    try {
      answer = await attempt(known);
    } catch (error) {
      if (!isOfUnknownType(error)) throw error;
    }
    if (answer !== undefined && !refusesUnknownType(answer)) return answer;
    // It may have been registered through another server a moment ago.
    const now = await types.refresh(store);
    return answer === undefined || now.revision !== known.revision ? attempt(now) : answer;
  }

  /**
   * The sequence, when clients may write to it at this moment and nothing needs asking first. Whoever gets it
   * does not wait, so that calls keep their order.
   */
  #writable(address: SequenceAddress): OpenSequence | undefined {
    if (RESERVED_SEQUENCES.includes(address.sequence)) {
      throw new AnnalsError('RESERVED_SEQUENCE', undefined, { field: 'sequence.sequence' });
    }
    this.#refuseClosed();
    return this.#ready(address);
  }

  #refuseClosed(): void {
    if (this.#stopping) throw new AnnalsError('SHUTTING_DOWN');
    const closed = this.options.gate();
    if (closed !== undefined) throw closed;
  }

  /** The sequence, when nothing needs asking first. */
  #ready(address: SequenceAddress): OpenSequence | undefined {
    const { catalogue, types } = this.options;
    const { store, namespace } = address;
    return catalogue.knows(store, namespace) && types.known(store) !== undefined ? this.#opened(address) : undefined;
  }

  /** Records an administrative act on the namespace's `system` sequence, unless it is there. */
  async recordAct(
    store: string,
    namespace: string,
    type: string,
    subject: Readonly<Record<string, string>>,
    facts?: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const address = { store, namespace, sequence: SYSTEM_SEQUENCE };
    const request = { sequence: address, events: [act(type, subject, facts)], expectations: [] };
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
    const constraints = this.options.constraints(address);
    const tail = new Tail(db, collection, async () => constraints.reload());
    const prepare = async () => {
      const { store, namespace, sequence: name } = address;
      // The well-known ones were made with their namespace.
      if (collection === name) return;
      await ensureEventCollection(db, name);
      await this.recordAct(store, namespace, 'SequenceCreated', { store, namespace, sequence: name });
    };
    const sequencer = new Sequencer({
      client,
      db,
      collection,
      tail,
      constraints,
      budget: this.#budget,
      prepare,
      logger,
    });
    const types = () => this.options.types.known(address.store);
    const loadTypes = async () => this.options.types.load(address.store);
    const turns = new InTurns(this.#turnBudget, this.#budget);
    return { address, db, collection, tail, constraints, sequencer, turns, types, loadTypes };
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

/**
 * Checks an append and queues it, in the order in which those of its sequence came. Promises are handed on as they
 * are, here and in what calls it: each one more around them is a cost of every append there is.
 */
const checkAndSubmit = (
  request: AppendRequest,
  sequence: OpenSequence,
  types: TypesOfStore | undefined,
  deadline: number,
): Promise<AppendResponse> =>
  sequence.turns.run(
    prepared(request, sequence, types),
    () => heldBy(request),
    (append) => sequence.sequencer.submit(append, deadline),
    isLight(request, sequence, types),
  );

/** Few events that nothing is held against: checking them takes some microseconds. */
const isLight = ({ events }: AppendRequest, { constraints }: OpenSequence, types: TypesOfStore | undefined): boolean =>
  events.length <= TUNING.checkAtOnceEvents &&
  constraints.idle &&
  (types === undefined || (types.empty && !types.strict));

/** What an append holds in memory before it is admitted, beside what little each event takes. */
const heldBy = ({ events }: AppendRequest): Held => ({
  events: events.length,
  bytes: events.reduce((sum, { content }) => sum + content.length, 0),
});

/** A sequence with followers or appends under way has state that a second copy would not share. */
const inUse = (sequence: OpenSequence): boolean => sequence.tail.followed || !sequence.sequencer.idle;

async function refreshFollowed({ tail }: OpenSequence): Promise<void> {
  if (tail.followed) await tail.refresh();
}

const isOfUnknownType = (error: unknown): boolean =>
  error instanceof AnnalsError && error.code === 'UNKNOWN_GENERATION';

const refusesUnknownType = (answer: AppendResponse | CompensateResponse): boolean =>
  'refused' in answer && answer.refused.violations.some(({ code }) => code === 'UNREGISTERED_TYPE');

/** Everything about an append that can be done before its turn to be committed comes. */
function* prepared(
  request: AppendRequest,
  { constraints }: OpenSequence,
  types: TypesOfStore | undefined,
): Steps<AdmittedAppend> {
  const admitted = yield* admission(request, Date.now(), types);
  const claims = yield* claimsUnder(constraints, admitted.drafts);
  return claims === undefined ? admitted : { ...admitted, claims };
}
