/**
 * A service with its state in a MongoDB of its own: orders, each with the list of its changes, and an event for each
 * change. The state says what the log has to have. Every step on the way can be met by a test.
 */
import type { MongoClient } from 'mongodb';
import {
  transactionalOutbox,
  type EventSequence,
  type OutboxCollection,
  type OutboxDatabase,
  type PumpOptions,
  type TransactionalOutbox,
} from '../../src/client';

/** Where something can be killed, in the order in which it happens. */
export const STEPS = [
  'before the state',
  'before the counter',
  'before the row',
  'before the commit',
  'after the commit',
  'before the append',
  'after the append',
  'after the removal',
] as const;
export type Step = (typeof STEPS)[number];

/** Met each time that a step is come to. */
export type Meet = (step: Step) => Promise<void> | void;

interface Order {
  readonly _id: string;
  readonly changes: number[];
}

export class OrderService {
  readonly outbox: TransactionalOutbox;
  readonly #meet: Meet;

  constructor(
    private readonly mongodb: MongoClient,
    private readonly name: string,
    meet: Meet = () => undefined,
  ) {
    this.#meet = meet;
    this.outbox = transactionalOutbox(watched(mongodb.db(name), meet));
  }

  /** One change of one order: state and event. */
  async change(id: string, change: number, type = 'order.changed'): Promise<void> {
    await this.mongodb.withSession(async (session) => {
      await session.withTransaction(async () => {
        await this.#meet('before the state');
        await this.#orders.updateOne({ _id: id }, { $push: { changes: change } }, { session, upsert: true });
        await this.outbox.add(session, { type, eventSourceId: id, content: { change } });
        await this.#meet('before the commit');
      });
      await this.#meet('after the commit');
    });
  }

  pump(sequence: EventSequence, options: PumpOptions = {}) {
    return this.outbox.pump(watchedSequence(sequence, this.#meet), options);
  }

  /** What the state says: by order, its changes. */
  async state(): Promise<Record<string, number[]>> {
    const orders = await this.#orders.find().toArray();
    return Object.fromEntries(orders.map(({ _id, changes }) => [_id, changes]));
  }

  get #orders() {
    return this.mongodb.db(this.name).collection<Order>('orders');
  }
}

/** What the log says: by source, the changes. */
export async function told(sequence: EventSequence): Promise<Record<string, unknown[]>> {
  const bySource: Record<string, unknown[]> = {};
  for await (const { eventSourceId, content } of sequence.read()) {
    (bySource[eventSourceId] ??= []).push(content['change']);
  }
  return bySource;
}

/** The database, with steps. */
function watched(db: OutboxDatabase, meet: Meet): OutboxDatabase {
  return {
    collection: (name) => {
      const collection = db.collection(name);
      const isRows = !name.endsWith('.sources') && !name.endsWith('.pump');
      // Only what the steps are about is another method; the rest is the driver's.
      const steps: Partial<OutboxCollection> = {
        findOneAndUpdate: async (...args) => {
          await meet('before the counter');
          return collection.findOneAndUpdate(...args);
        },
        insertMany: async (...args) => {
          await meet('before the row');
          return collection.insertMany(...args);
        },
        deleteMany: async (...args) => {
          const deleted = await collection.deleteMany(...args);
          if (isRows) await meet('after the removal');
          return deleted;
        },
      };
      return new Proxy(collection, {
        get: (target, method: keyof OutboxCollection) => steps[method] ?? target[method].bind(target),
      });
    },
  };
}

function watchedSequence(sequence: EventSequence, meet: Meet): EventSequence {
  const appendWire: EventSequence['appendWire'] = async (...args) => {
    await meet('before the append');
    const result = await sequence.appendWire(...args);
    await meet('after the append');
    return result;
  };
  // The sequence in everything but this.
  return Object.create(sequence, { appendWire: { value: appendWire } }) as EventSequence;
}
