/**
 * Brings a replica set of ours to a primary: initiates it on its first start, and on a later one gives
 * it its hosts again, since a member whose address is not in the configuration takes no part in it.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { MongoClient, MongoNetworkError, MongoServerError, type Db, type Document } from 'mongodb';

/** An election of one takes a few tenths of a second; this is how finely that is noticed. */
const LOOK_EVERY_MS = 25;

/** A `mongod` that listens answers at once; when it doesn't, the loop asks again. */
const ANSWERS_WITHIN_MS = 5_000;

/** MongoDB's error codes. */
const NOT_YET_INITIALIZED = 94;
const ALREADY_INITIALIZED = 23;

export interface ReplicaSetPlan {
  readonly name: string;
  /** `host:port` of each member; the first is the one that is asked. */
  readonly hosts: readonly [string, ...string[]];
  /** Settings for the first start, such as `electionTimeoutMillis`. */
  readonly settings?: Readonly<Record<string, number>>;
  readonly signal: AbortSignal;
}

/** Resolves when the set has a primary. Rejects when the signal aborts. */
export async function reachPrimary(plan: ReplicaSetPlan): Promise<void> {
  const client = new MongoClient(`mongodb://${plan.hosts[0]}/?directConnection=true`, {
    serverSelectionTimeoutMS: ANSWERS_WITHIN_MS,
    monitorCommands: false,
  });
  try {
    const admin = client.db('admin');
    for (;;) {
      plan.signal.throwIfAborted();
      if (await isReady(admin, plan)) return;
      await delay(LOOK_EVERY_MS, undefined, { signal: plan.signal });
    }
  } finally {
    await client.close();
  }
}

/** One look, and what it calls for. A member that changes its state closes its connections: that is no fault. */
async function isReady(admin: Db, plan: ReplicaSetPlan): Promise<boolean> {
  try {
    const hello = await admin.command({ hello: 1 });
    if (hasPrimary(hello)) return true;
    // Without its name it is new, still loading its configuration, or not in it.
    if (hello['setName'] === undefined) await configure(admin, plan);
  } catch (error) {
    if (!(error instanceof MongoNetworkError)) throw error;
  }
  return false;
}

/** A member that is about to be primary names itself already, and takes no writes yet. */
const hasPrimary = (hello: Document): boolean =>
  hello['isWritablePrimary'] === true || (hello['primary'] !== undefined && hello['primary'] !== hello['me']);

async function configure(admin: Db, plan: ReplicaSetPlan): Promise<void> {
  const config = await currentConfig(admin);
  if (config === undefined) return initiate(admin, plan);
  const wanted = members(plan);
  const same = config.members.map((member) => member.host).join() === wanted.map((member) => member.host).join();
  if (same) return;
  await admin.command({
    replSetReconfig: {
      ...config,
      version: config.version + 1,
      members: wanted.map((member, index) => ({ ...config.members[index], ...member })),
    },
    force: true,
  });
}

const members = (plan: ReplicaSetPlan) => plan.hosts.map((host, index) => ({ _id: index, host }));

async function initiate(admin: Db, plan: ReplicaSetPlan): Promise<void> {
  const config = { _id: plan.name, members: members(plan), settings: plan.settings ?? {} };
  try {
    await admin.command({ replSetInitiate: config });
  } catch (error) {
    // It had a configuration after all and was still loading it.
    if (!hasCode(error, ALREADY_INITIALIZED)) throw error;
  }
}

interface StoredConfig extends Document {
  readonly version: number;
  readonly members: readonly { readonly host: string }[];
}

async function currentConfig(admin: Db): Promise<StoredConfig | undefined> {
  try {
    const answer = await admin.command({ replSetGetConfig: 1 });
    return answer['config'] as StoredConfig; // the documented form of the answer
  } catch (error) {
    if (hasCode(error, NOT_YET_INITIALIZED)) return undefined;
    throw error;
  }
}

const hasCode = (error: unknown, code: number): boolean => error instanceof MongoServerError && error.code === code;
