/** Looks at what the server stands on: its MongoDB, the disk, the clocks. */
import type { Finding } from '../api/server';
import type { Deployment } from '../storage/deployment';
import { findDatabaseTime } from '../storage/database-time';
import type { DiskGuard } from './disk-guard';

/** How far the server's clock may be from the database's, in ms. Nothing is ordered by it, but people compare times. */
const CLOCK_TOLERANCE_MS = 2_000;

/** How long a transaction that nobody goes on with may be kept before it is worth a word, in s: ours take milliseconds. */
const MAX_TRANSACTION_LIFETIME_S = 10;

/** Warn when the free room falls below this many times what closes the log. */
const DISK_WARNING_FACTOR = 4;

const GB = 1e9;
const gigabytes = (bytes: number): string => `${(bytes / GB).toFixed(1)} GB`;

export async function diagnose(deployment: Deployment, guard: DiskGuard, minFreeBytes: number): Promise<Finding[]> {
  const checks = {
    mongodb: mongodb(deployment),
    transactions: transactions(deployment),
    disk: disk(guard, minFreeBytes),
    clock: clock(deployment),
  };
  return Promise.all(
    Object.entries(checks).map(async ([subject, check]) => ({
      subject,
      ...(await check.catch((error: unknown) => unanswered(error))),
    })),
  );
}

type Result = Omit<Finding, 'subject'>;

const ok = (message: string): Result => ({ health: 'ok', message, remedy: '' });

const unanswered = (error: unknown): Result => ({
  health: 'failing',
  message: `MongoDB does not answer: ${error instanceof Error ? error.message : String(error)}`,
  remedy: 'See that mongod runs and that its replica set has a primary: mongosh, then rs.status()',
});

async function mongodb({ client, replicaSet, version }: Deployment): Promise<Result> {
  const hello = (await client.db('admin').command({ hello: 1 })) as { hosts?: string[]; primary?: string };
  if (replicaSet === '') {
    return {
      health: 'warning',
      message: `MongoDB ${version} is a standalone server; acknowledged events can be lost (--unsafe)`,
      remedy: 'Start it as a replica set: mongod --replSet rs0, then rs.initiate()',
    };
  }
  const members = hello.hosts?.length ?? 1;
  return ok(`MongoDB ${version}, replica set ${replicaSet} of ${members}, primary ${hello.primary ?? 'unknown'}`);
}

/**
 * A server that is killed in the middle of a transaction leaves it open, and what it holds holds up
 * every append to that log until the database ends it.
 */
async function transactions({ client }: Deployment): Promise<Result> {
  const name = 'transactionLifetimeLimitSeconds';
  const reply = await client
    .db('admin')
    .command({ getParameter: 1, [name]: 1 })
    .catch(() => undefined);
  const seconds = reply?.[name] as number | undefined;
  if (seconds === undefined) return ok('this deployment does not tell how long a transaction may stay open');
  const message = `MongoDB ends a transaction that nobody goes on with after ${seconds} s`;
  if (seconds <= MAX_TRANSACTION_LIFETIME_S) return ok(message);
  return {
    health: 'warning',
    message: `${message}; so long appends can wait after a server was killed`,
    remedy: `Start mongod with --setParameter ${name}=5`,
  };
}

async function disk(guard: DiskGuard, minFreeBytes: number): Promise<Result> {
  const room = await guard.check();
  if (room === undefined) return ok('this deployment does not tell how much room its disk has');
  const message = `${gigabytes(room.free)} of ${gigabytes(room.total)} free; appends stop below ${gigabytes(minFreeBytes)}`;
  const remedy = 'Make room on the disk or give MongoDB a larger one';
  if (room.free < minFreeBytes) return { health: 'failing', message, remedy };
  return room.free < DISK_WARNING_FACTOR * minFreeBytes ? { health: 'warning', message, remedy } : ok(message);
}

async function clock({ client }: Deployment): Promise<Result> {
  const asked = Date.now();
  const database = await findDatabaseTime(client);
  // The database read its clock somewhere between question and answer.
  const between = (asked + Date.now()) / 2;
  const offset = Math.round(between - database.getTime());
  const message = `the server's clock is ${Math.abs(offset)} ms ${offset < 0 ? 'behind' : 'ahead of'} MongoDB's`;
  if (Math.abs(offset) <= CLOCK_TOLERANCE_MS) return ok(message);
  return { health: 'warning', message, remedy: 'Synchronise the clocks of both machines (NTP)' };
}
