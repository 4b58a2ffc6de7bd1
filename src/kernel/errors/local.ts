/** What stands against starting, and what the client says by itself: it never comes over the wire. */
import { entry, Status, type ErrorEntry } from './entry';

export const LOCAL = {
  STANDALONE_MONGODB: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'The MongoDB is a standalone server: it has no majority and no transactions.',
    'Start it as a replica set (one member is enough): `mongod --replSet rs0`, then `rs.initiate()`.',
  ),
  WEAK_WRITE_CONCERN: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'The connection string or the deployment asks for a write concern under `w: majority, j: true`.',
    'Take `w`, `j` and `journal` out of the URL, or pass `--unsafe` and accept that acknowledged events can be lost.',
  ),
  MONGODB_UNREACHABLE: entry(
    'local',
    Status.UNAVAILABLE,
    'No MongoDB answers at the URL, or it has no primary.',
    'Check the URL, the credentials and the network, and that the replica set has elected a primary.',
  ),
  MONGOD_NOT_FOUND: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'No `mongod` was found and none could be fetched.',
    'Set ANNALS_MONGODB_URL to a replica set, set ANNALS_MONGOD to a binary, or run `docker compose up`.',
  ),
  MONGOD_FAILED: entry(
    'local',
    Status.INTERNAL,
    'The embedded `mongod` did not start.',
    "Read its last lines in the message; check the data folder's disk and permissions.",
  ),
  DATA_FOLDER_IN_USE: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'Another Annals server runs on the data folder.',
    'Stop that one, or give this one a folder of its own with `--data`.',
  ),
  ADDRESS_IN_USE: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'Another program listens on the address.',
    'Stop it, or choose another with `--listen HOST:PORT`.',
  ),
  INVALID_CONFIGURATION: entry(
    'local',
    Status.INVALID_ARGUMENT,
    'An option or environment variable is not of its form.',
    'Correct the option that is named; `annals start --help` shows each.',
  ),
  INVALID_CONNECTION_STRING: entry(
    'local',
    Status.INVALID_ARGUMENT,
    "The client's connection string is not of the form `annals://host:port[,host:port]/store?namespace=…`.",
    'Correct the part that is named.',
  ),
  SERVER_UNREACHABLE: entry(
    'local',
    Status.UNAVAILABLE,
    'No server answered in time at any address of the connection string.',
    'Check that the server runs (`annals diagnose`) and that the address is right.',
  ),
  REBUILD_UNDER_WAY: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'Another program is rebuilding the read model, or was a moment ago.',
    'Wait until it is done; one that has died is taken over after 15 seconds.',
  ),
  JOB_FAILED: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'A job that was waited for failed, or was cancelled.',
    'Look at its message and findings: `annals jobs show ID`.',
  ),
  CONSTRAINT_REFUSED: entry(
    'local',
    Status.FAILED_PRECONDITION,
    'What is recorded breaks the constraint, so it is not in force.',
    'Compensate or redact the events that are named, or change the constraint, and register it again.',
  ),
  CLIENT_CLOSED: entry('local', Status.CANCELLED, 'The client was closed.', 'Make a new one, or close it later.'),
  CANCELLED: entry('local', Status.CANCELLED, 'The caller cancelled the call.', 'Nothing; it was asked for.'),
} as const satisfies Record<string, ErrorEntry>;
