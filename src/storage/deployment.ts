/**
 * The connection to MongoDB, refused at the door when it could lose what was acknowledged:
 * a standalone server has no majority, and a weaker write concern acknowledges what can be rolled back.
 */
import { MongoClient, MongoError, type Document } from 'mongodb';
import { AnnalsError } from '../kernel/annals-error';

/** How long one command may take before its connection is given up, in ms. A commit is found out about by event id then. */
export const COMMAND_PATIENCE_MS = 5_000;

/** How long to look for a primary before a command fails, in ms: longer than an election, shorter than a caller waits. */
const SERVER_SELECTION_MS = 5_000;

/**
 * How long an insert, or a look-up of many ids, may take with all that the driver does for it, in ms. The patience
 * above ends a wait for an answer, but not one for the socket to take a large command: the driver waits for its
 * 'drain', which never comes once the connection is closed (mongodb 7.9), and one such command would hold the log for
 * ever.
 */
const COMMAND_GIVEN_UP_MS = COMMAND_PATIENCE_MS + 1_000;

/** Works with a signal that gives the command up when it takes too long; its connection is closed then. */
export async function givenUpInTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(new MongoError('the command was given up')), COMMAND_GIVEN_UP_MS);
  try {
    return await work(giveUp.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Connections at most: each event sequence commits one group at a time, and readers need few. */
const POOL_SIZE = 50;

export interface Deployment {
  readonly client: MongoClient;
  readonly version: string;
  readonly replicaSet: string;
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly url: string;
  /** Accept a standalone server or a weaker write concern: acknowledged events can be lost. */
  readonly unsafe: boolean;
}

/** Connects, and refuses with STANDALONE_MONGODB, WEAK_WRITE_CONCERN or MONGODB_UNREACHABLE. */
export async function connectDeployment({ url, unsafe }: ConnectOptions): Promise<Deployment> {
  const client = newClient(url);
  try {
    if (!unsafe) refuseWeakWriteConcern(client);
    const hello = await greet(client, url);
    const replicaSet = hello['setName'] as string | undefined;
    if (replicaSet === undefined && hello['msg'] !== 'isdbgrid' && !unsafe) {
      throw new AnnalsError('STANDALONE_MONGODB', undefined, { field: '--mongodb' });
    }
    const { version } = (await client.db('admin').command({ buildInfo: 1 })) as { version: string };
    return { client, version, replicaSet: replicaSet ?? '', close: () => client.close() };
  } catch (error) {
    await client.close();
    throw error;
  }
}

function newClient(url: string): MongoClient {
  try {
    return new MongoClient(url, {
      appName: 'annals',
      serverSelectionTimeoutMS: SERVER_SELECTION_MS,
      connectTimeoutMS: SERVER_SELECTION_MS,
      socketTimeoutMS: COMMAND_PATIENCE_MS,
      maxPoolSize: POOL_SIZE,
      // Reading what was just acknowledged needs the primary.
      readPreference: 'primary',
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AnnalsError('INVALID_CONFIGURATION', `--mongodb is not a MongoDB URL: ${reason}`, {
      field: '--mongodb',
      cause,
    });
  }
}

/** Asks the primary who it is; the driver waits for an election as long as it looks for a server. */
async function greet(client: MongoClient, url: string): Promise<Document> {
  try {
    await client.connect();
    return await client.db('admin').command({ hello: 1 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AnnalsError('MONGODB_UNREACHABLE', `no MongoDB with a primary at ${withoutPassword(url)}: ${reason}`, {
      field: '--mongodb',
      cause,
    });
  }
}

function refuseWeakWriteConcern(client: MongoClient): void {
  const concern = client.options.writeConcern;
  if (concern === undefined) return;
  const asked = [
    ...(concern.w !== undefined && concern.w !== 'majority' ? [`w=${String(concern.w)}`] : []),
    ...(concern.journal === false ? ['journal=false'] : []),
  ];
  if (asked.length === 0) return;
  throw new AnnalsError(
    'WEAK_WRITE_CONCERN',
    `the MongoDB URL asks for ${asked.join(' and ')}; Annals writes with w=majority and journal=true`,
    {
      field: '--mongodb',
      metadata: { asked: asked.join(',') },
    },
  );
}

/** A URL that can be shown and logged. */
export const withoutPassword = (url: string): string => url.replace(/\/\/([^:@/]*):[^@/]*@/, '//$1:***@');
