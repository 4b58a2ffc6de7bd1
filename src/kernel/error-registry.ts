/**
 * The registry of errors: every way in which Annals says no, with its gRPC status, what it means
 * and what to do about it. docs/errors.md lists the same, and a test holds the two together.
 */

/** gRPC status codes, by their numbers in the gRPC specification, so that the kernel needs no gRPC library. */
export const Status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type StatusCode = (typeof Status)[keyof typeof Status];

/** How an error reaches the caller: by a gRPC status, as data in a response, or before any call (at start, in the client). */
export type Channel = 'status' | 'violation' | 'local';

export interface ErrorEntry {
  readonly status: StatusCode;
  readonly channel: Channel;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence: what to do next. */
  readonly remedy: string;
}

const entry = (channel: Channel, status: StatusCode, meaning: string, remedy: string): ErrorEntry => ({
  channel,
  status,
  meaning,
  remedy,
});

export const ERRORS = {
  // What is wrong with the call itself.
  INVALID_NAME: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'A store, namespace or sequence name is outside the rule `[a-z0-9][a-z0-9-]{0,23}`.',
    'Use 1 to 24 lower-case letters, digits and hyphens, starting with a letter or digit.',
  ),
  INVALID_FIELD: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'A field is missing, too long, or not of its form.',
    'Correct the field that is named; the message gives its limit.',
  ),
  INVALID_UTF8: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'A text field or JSON content is not valid UTF-8.',
    'Encode text as UTF-8; send binary data as BSON binary or base64.',
  ),
  MALFORMED_REQUEST: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'The bytes of the request are not the protobuf message that the call takes.',
    'Generate the client from the protos of this version of the contract.',
  ),
  INVALID_CONTENT: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'Content is not one JSON object or BSON document that can come back the same.',
    'Send one object without duplicate keys, non-finite numbers, or NUL in a key, at most 90 levels deep.',
  ),
  CONTENT_TOO_LARGE: entry(
    'status',
    Status.INVALID_ARGUMENT,
    "An event's content is over 1 MiB as BSON.",
    'Keep large payloads in a store made for them and record a reference.',
  ),
  CALL_TOO_LARGE: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'An append call is over 16 MiB or 2,000 events.',
    'Split it into several calls; each of them is all or nothing.',
  ),
  DATE_OUT_OF_RANGE: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'A date is outside 0001-01-01 to 9999-12-31.',
    'Send a date within the range, or leave the field out for its default.',
  ),
  DUPLICATE_EVENT_ID_IN_CALL: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'The same event id stands twice in one append call.',
    'Give each event its own id, or none for the server to make one.',
  ),
  EXPECTATION_AHEAD_OF_TAIL: entry(
    'status',
    Status.OUT_OF_RANGE,
    'An expectation names a number that the sequence has not reached.',
    'Check that the number was read from this store, namespace and sequence.',
  ),
  UNKNOWN_GENERATION: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'An event names a generation that its type does not have.',
    'Use one that it has (`annals types show TYPE`), 0 for the latest, or register the generation first.',
  ),
  INVALID_EVENT_TYPE: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'The definition of an event type is not of its form.',
    'Correct the field that is named; generations count from 1, with a migration each way between neighbours.',
  ),
  INVALID_SCHEMA: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'A generation’s schema is not a JSON Schema that can be used here.',
    'Send JSON Schema 2020-12 or draft-07 that refers to nothing outside itself, with patterns that RE2 knows.',
  ),
  INVALID_MIGRATION: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'A migration is not of its form, or fails on an example of the content that it is for.',
    'Correct the step that is named; `PreviewMigration` shows what a migration does to content.',
  ),
  INCOMPATIBLE_SCHEMA: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'The type is registered, and events that are recorded already could not follow the change.',
    'Leave the generations that there are as they are, and register a new one with its migrations.',
  ),
  UNKNOWN_EVENT_TYPE: entry(
    'status',
    Status.NOT_FOUND,
    'The store has no registered event type of this name.',
    'Look at `annals types list`; a type is registered with `EventTypes.Register`.',
  ),
  UNKNOWN_JOB: entry(
    'status',
    Status.NOT_FOUND,
    'There is no such job.',
    'Jobs that ended more than a week ago are gone; `Jobs.List` shows those that there are.',
  ),
  INVALID_CONSTRAINT: entry(
    'status',
    Status.INVALID_ARGUMENT,
    'The definition of a constraint is not of its form.',
    'Correct the field that is named; the message gives its limit.',
  ),
  RESERVED_SEQUENCE: entry(
    'status',
    Status.PERMISSION_DENIED,
    'Only the server itself records on this sequence.',
    'Append to `event-log`, `outbox`, `inbox` or a sequence of your own.',
  ),
  UNKNOWN_STORE: entry(
    'status',
    Status.NOT_FOUND,
    'There is no such store.',
    'Make it with `Stores.Ensure` (`annals stores ensure NAME`), or correct its name.',
  ),
  UNKNOWN_NAMESPACE: entry(
    'status',
    Status.NOT_FOUND,
    'The store has no such namespace.',
    'Make it with `Stores.Ensure` (`annals stores ensure STORE --namespace NAME`), or correct its name.',
  ),
  EVENT_NOT_FOUND: entry(
    'status',
    Status.NOT_FOUND,
    'No event has this number or id.',
    "Look at the sequence's tail with `GetTail`; an id is unique in its own sequence only.",
  ),
  NOT_COMPENSABLE: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'The event announces what happened to another one; it has no content of its own to replace or take away.',
    'Name the event that it is about; the announcement gives its number.',
  ),

  UNKNOWN_OBSERVER: entry(
    'status',
    Status.NOT_FOUND,
    'There is no such observer in this namespace.',
    'An observer is made when a client first observes under its id; `annals observers list` shows those that there are.',
  ),
  OWNED_ELSEWHERE: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'Another server owns the observer or the link at this moment.',
    'Call the server at the address in `owner`; the TypeScript client does so by itself.',
  ),
  UNKNOWN_LINK: entry(
    'status',
    Status.NOT_FOUND,
    'There is no such link into this namespace.',
    '`annals links list` shows those that there are; `annals links add` makes one.',
  ),
  LINK_EXISTS: entry(
    'status',
    Status.ALREADY_EXISTS,
    'There is a link under this id with another definition.',
    'Remove it first, or add the new one under another id; nothing was changed.',
  ),
  LINK_CANNOT_WORK: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'The two ends of the link do not fit: nothing could ever be relayed, or not told apart.',
    'Read what stands against it in the message, and change the link or one of its ends.',
  ),
  SOURCE_UNREACHABLE: entry(
    'status',
    Status.UNAVAILABLE,
    'The source of the link does not answer, or refuses the question.',
    'Check its address, and that its server runs and has the store; the message says what came back.',
  ),
  PARTITION_NOT_HELD: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'The partition of the link is not held, or does not stand at this event.',
    'Look at `annals links held ID` for the partitions that are held and where.',
  ),
  DEFINITION_IN_USE: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'Clients are connected under the observer with another definition.',
    'Stop them first, or observe under another id; nothing of theirs was changed.',
  ),
  CONSTRAINT_IN_USE: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'The constraint is in force, or is being changed, with another definition.',
    'Remove it first, or register the new definition under another name; nothing was changed.',
  ),
  PARTITION_NOT_FAILED: entry(
    'status',
    Status.FAILED_PRECONDITION,
    'The partition has not failed, or does not stand at this event.',
    'Look at `annals observers failed ID` for the partitions that are held and where.',
  ),
  NOTHING_TO_REPLAY: entry(
    'status',
    Status.OUT_OF_RANGE,
    'The range of the replay is empty, or beyond what the observer has handled.',
    'Give a range below the observer’s position; what lies beyond is delivered anyway.',
  ),

  // What the server cannot do at this moment.
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
    'The client of an observer has not been heard of for three heartbeats; its partitions went to others.',
    'Send heartbeats also while events are handled; the TypeScript client does so by itself.',
  ),
  LEASE_LOST: entry(
    'status',
    Status.ABORTED,
    'This server has lost the observer or the link to another one.',
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

  // What a rule refuses: data in the response.
  CONCURRENCY_CONFLICT: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'An event that matches an expectation was recorded after the last one that the caller had seen.',
    'Read on from there, decide again, and append with the new number.',
  ),
  EVENT_ID_REUSED: entry(
    'violation',
    Status.ALREADY_EXISTS,
    'The event id is recorded with another type, source or content.',
    'Give the new event an id of its own.',
  ),
  PARTIAL_DUPLICATE: entry(
    'violation',
    Status.ALREADY_EXISTS,
    'Some event ids of the call are recorded and some are not, or not as one call.',
    'Send exactly the call that was sent first, or give the new events new ids.',
  ),
  SCHEMA_VIOLATION: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'Content does not fit the schema of its generation, or would not fit that of another one once it is cast.',
    'Correct the content at the place that is named; `annals types show TYPE` shows the schema.',
  ),
  MIGRATION_FAILED: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'Content cannot be cast to another generation of its type.',
    'Correct the content, or register a migration that takes it; `annals types preview TYPE` tries one.',
  ),
  UNREGISTERED_TYPE: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'The store takes events of registered types alone, and this type is not registered.',
    'Register it (`annals types register FILE`), or make the store accept any (`annals stores configure STORE --no-strict`).',
  ),
  ANOTHER_TYPE: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'The compensation names another type than its event has.',
    'Check the number or id; to replace an event by one of another type, append a new event that says so.',
  ),
  EVENT_REDACTED: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'The content of the event was redacted: it is gone for good and cannot be replaced.',
    'Append a new event with what holds now.',
  ),
  COMPENSATIONS_FULL: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'The event has as many compensations, or as many bytes with them, as one document can hold.',
    'Append a new event with what holds now.',
  ),
  ORIGINAL_NOT_RELAYED: entry(
    'violation',
    Status.FAILED_PRECONDITION,
    'A compensation or redaction was relayed of an event that this inbox does not have.',
    'Relay the event first (`annals links redrive`), or skip what follows it with a reason.',
  ),
  ORIGIN_REUSED: entry(
    'violation',
    Status.ALREADY_EXISTS,
    'The inbox has another event from the same place of the source.',
    'The source was restored from an old backup and gave the number out again: skip the event with a reason, or append it anew at the source.',
  ),
  CONSTRAINT_VIOLATION: entry(
    'violation',
    Status.ALREADY_EXISTS,
    'A constraint stands against the event: another one holds the value.',
    'Choose another value, or release, compensate or redact the event that is named.',
  ),
  CONSTRAINT_VALUE_NOT_SCALAR: entry(
    'violation',
    Status.INVALID_ARGUMENT,
    'A constraint is over a property that has an object or an array here.',
    'Send a single value (text, number, boolean, date, id) there, or none.',
  ),

  // What stands against starting, and what the client says by itself.
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

export type ErrorCode = keyof typeof ERRORS;

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
