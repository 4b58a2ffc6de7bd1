/** What a rule refuses: data in the response. */
import { entry, Status, type ErrorEntry } from './entry';

export const REFUSALS = {
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
} as const satisfies Record<string, ErrorEntry>;
