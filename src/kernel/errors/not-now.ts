/** Errors that say what the server cannot do at this moment. */
import { entry, Status, type ErrorEntry } from './entry';

export const NOT_NOW = {
  OVERLOADED: entry(
    'status',
    Status.RESOURCE_EXHAUSTED,
    'The queue of appends is full. Nothing of this call was recorded.',
    'Send it again after a pause, or send fewer at once.',
  ),
  DISK_FULL: entry(
    'status',
    Status.RESOURCE_EXHAUSTED,
    "The database's disk has less room than the server keeps free. Nothing of this call was recorded.",
    'Make room or give it a larger disk; reads go on, and appends do again by themselves.',
  ),
  DATABASE_UNAVAILABLE: entry(
    'status',
    Status.UNAVAILABLE,
    'The database did not answer in time. Nothing of this call was recorded.',
    'Send it again with the same event ids; look at `annals diagnose` when it stays so.',
  ),
  OUTCOME_UNKNOWN: entry(
    'status',
    Status.UNAVAILABLE,
    'The database did not say in time whether the append was recorded: the outcome is unknown.',
    'Send the same event ids again: what was recorded is answered as a duplicate, what was not is recorded then.',
  ),
  SHUTTING_DOWN: entry(
    'status',
    Status.UNAVAILABLE,
    'The server is stopping and takes nothing new. Nothing of this call was recorded.',
    'Send it again, to another server or to this one once it is back.',
  ),
  CLIENT_SILENT: entry(
    'status',
    Status.DEADLINE_EXCEEDED,
    'The client of an observer, or a processor of steps, has not been heard of for three heartbeats; what it had went to others.',
    'Send heartbeats also while events are handled; the TypeScript client does so by itself.',
  ),
  LEASE_LOST: entry(
    'status',
    Status.ABORTED,
    'This server has lost the observer, the link or the ordered sequences to another one.',
    'Observe again; the TypeScript client does so by itself. What was acknowledged too late comes again, flagged.',
  ),
  DATABASE_REFUSED: entry(
    'status',
    Status.INTERNAL,
    'The database refused the write for a reason that is not the caller’s.',
    "Look at the server's log and at `annals diagnose`.",
  ),
  INTERNAL: entry(
    'status',
    Status.INTERNAL,
    'Something went wrong that the server did not foresee.',
    "Look at the server's log for the request's time, and report it.",
  ),
} as const satisfies Record<string, ErrorEntry>;
