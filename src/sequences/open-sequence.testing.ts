/** An event sequence on a real database as one server has it open, for tests of what is done to it without an api. */
import type { MongoClient } from 'mongodb';
import { MongoConstraintKeeper } from '../constraints/keeper';
import { ContentType, type AppendResponse, type NewEvent } from '../contract/messages';
import type { EventTypeDefinition } from '../event-types/definition';
import { KnownTypes } from '../event-types/known-types';
import { ensureEventCollection } from '../storage/event-collections';
import { namespaceDatabase, sequenceCollection } from '../storage/names';
import type { AdmittedAppend } from './admission';
import { admit } from './admit.testing';
import { compensate, type CompensateRequest, type CompensateResponse } from './compensation';
import { QueueBudget } from './queue-budget';
import { redact, type RedactRequest, type RedactResponse } from './redaction';
import { Sequencer } from './sequencer';
import type { OpenSequence } from './open-sequence';
import { Tail } from './tail';
import { TUNING } from './tuning';
import { InTurns, TurnBudget } from './turns';

/** How long anything may take, in ms: a test that hangs fails by name. */
const PATIENCE_MS = 20_000;

const NO_FIELDS = { correlationId: '', causationId: '', causedBy: '' };

/** Types as a store has them that registered them at once. */
export function typesOf(...definitions: readonly EventTypeDefinition[]): KnownTypes {
  const dates = { registered: new Date(0), changed: new Date(0) };
  return KnownTypes.none({ revision: 0, strict: false }).with(
    { revision: 1, strict: false },
    definitions.map((definition) => ({ type: definition.type, definition, revision: 1, ...dates })),
  );
}

export class OpenForTest {
  readonly sequence: OpenSequence;

  private constructor(client: MongoClient, name: string, types: KnownTypes) {
    const address = { store: 'test', namespace: 'default', sequence: name };
    const db = client.db(namespaceDatabase(address.store, address.namespace));
    const collection = sequenceCollection(name);
    const constraints = new MongoConstraintKeeper({ db, sequence: name, collection, cast: () => undefined });
    const tail = new Tail(db, collection, async () => constraints.reload());
    const budget = new QueueBudget(TUNING.allQueuesBytes);
    const sequencer = new Sequencer({
      client,
      db,
      collection,
      tail,
      constraints,
      budget,
      // `open` has made the collection.
      prepare: async () => Promise.resolve(),
      logger: { warn: () => undefined },
    });
    const turns = new InTurns(new TurnBudget(), budget);
    const loadTypes = async () => Promise.resolve(types);
    this.sequence = { address, db, collection, tail, constraints, sequencer, turns, types: () => types, loadTypes };
  }

  /** As often as there are to be servers that have it open. */
  static async open(client: MongoClient, name: string, types = typesOf()): Promise<OpenForTest> {
    await ensureEventCollection(client.db(namespaceDatabase('test', 'default')), name);
    return new OpenForTest(client, name, types);
  }

  get deadline(): number {
    return performance.now() + PATIENCE_MS;
  }

  admitted(...events: readonly Partial<NewEvent>[]): AdmittedAppend {
    const request = { sequence: this.sequence.address, events: events.map(newEvent), expectations: [] };
    return admit(request, Date.now(), this.sequence.types());
  }

  async append(...events: readonly Partial<NewEvent>[]): Promise<AppendResponse> {
    return this.sequence.sequencer.submit(this.admitted(...events), this.deadline);
  }

  async compensate(key: number | string, fields: Partial<CompensateRequest> = {}): Promise<CompensateResponse> {
    const request: CompensateRequest = {
      ...NO_FIELDS,
      key,
      compensationId: undefined,
      type: '',
      generation: 0,
      content: json({ corrected: true }),
      contentType: ContentType.JSON,
      occurred: undefined,
      validFrom: undefined,
      reason: 'it was wrong',
      ...fields,
    };
    return compensate(this.sequence, request, await this.sequence.loadTypes(), this.deadline);
  }

  async redact(target: RedactRequest['target'], fields: Partial<RedactRequest> = {}): Promise<RedactResponse> {
    const request = { ...NO_FIELDS, target, reason: 'it was asked for', dryRun: false, ...fields };
    return redact(this.sequence, request, this.deadline);
  }

  /** All documents as they are stored, by their numbers. */
  async stored(): Promise<Buffer[]> {
    const { db, collection } = this.sequence;
    return db
      .collection(collection)
      .find<Buffer>({}, { raw: true, sort: { _id: 1 } })
      .toArray();
  }
}

export const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

const newEvent = (fields: Partial<NewEvent>): NewEvent => ({
  ...NO_FIELDS,
  eventId: undefined,
  type: 'noted',
  generation: 0,
  eventSourceId: 'source',
  tags: [],
  occurred: undefined,
  validFrom: undefined,
  content: json({ first: true }),
  contentType: ContentType.JSON,
  traceParent: '',
  ...fields,
});
