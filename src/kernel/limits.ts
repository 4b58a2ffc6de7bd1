/**
 * Every limit of the contract in one place, with its unit and its reason.
 * The server holds them, the client checks them before it sends, docs/limits.md explains them.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

export const LIMITS = {
  /** Characters of a store's, namespace's or sequence's name: a database's name (`annals+<store>+<namespace>`) must stay under MongoDB's 64 bytes. */
  nameLength: 24,

  /** Characters of an event id. Long enough for any id scheme or URN, short enough for a unique index. */
  eventIdLength: 200,

  /** Characters of an event type's name. */
  eventTypeLength: 200,

  /** Characters of an event source id: it is the first half of an index key. */
  eventSourceIdLength: 400,

  /** Characters of a correlation id, a causation id or an identity's id. */
  metadataIdLength: 200,

  /** Characters of an identity's subject or name: a token's `sub` has up to 255, a distinguished name more. */
  identityTextLength: 400,

  /** Former descriptions that are kept of one identity: it is one document, and beyond it the oldest goes. */
  formerIdentities: 100,

  /** Identities in one page of a list. */
  identitiesPerPage: 1_000,

  /** Tags of one event: each is an index entry. */
  tagsPerEvent: 32,

  /** Characters of one tag. */
  tagLength: 200,

  /** Bytes of one event's content, as BSON. A generation more or a compensation must still fit a 16 MiB document. */
  contentBytes: 1 * MIB,

  /** Levels of nesting in content. MongoDB allows 100 for BSON that its own tools can show, and the event's document takes some. */
  contentDepth: 90,

  /** Bytes of one event's document, with its content in all generations and its compensations: MongoDB's limit is 16 MiB. */
  eventBytes: 15 * MIB,

  /** Compensations of one event: each is kept in its document. */
  compensationsPerEvent: 100,

  /** Characters of the reason of a compensation, a redaction, or leaving out a held event. */
  reasonLength: 1_000,

  /** Violations that one answer tells: nobody reads more. */
  violationsTold: 100,

  /** Events of one append call: it is one transaction, and MongoDB wants those short. */
  eventsPerAppend: 2_000,

  /** Bytes of one append call's events, as documents. */
  appendBytes: 16 * MIB,

  /** Appends in one message of an AppendStream: two bytes on the wire become some hundred in memory. */
  appendsPerMessage: 4_096,

  /** Expectations of one append call: each may cost a query. */
  expectationsPerAppend: 32,

  /** Alternatives of one read's or subscription's filter. */
  filtersPerRead: 32,

  /** Values in one list of a filter (types, sources, tags): the database gets them as one query. */
  valuesPerFilter: 256,

  /** Types whose generation one read, subscription or observer names: as many as a filter can name. */
  generationsWanted: 256,

  /** Types in one registration: it is one transaction, and all of GitHub's webhooks have 344. */
  typesPerRegister: 500,

  /** Bytes of one type's definition, with all its generations and migrations: it is one document. */
  typeBytes: 8 * MIB,

  /** Events of one `PreviewMigration`: each is shown before and after. */
  eventsPerPreview: 1_000,

  /** Bytes of one generation's JSON Schema: those of real webhooks with all that they refer to have some 30 KB. */
  schemaBytes: 512 * KIB,

  /** Schemas within one schema, for properties, elements and so on: each becomes code that is compiled when it is first needed. */
  schemaParts: 10_000,

  /** Levels of nesting in a schema, and of schemas that refer to each other about the same value: compiling is recursive. */
  schemaDepth: 100,

  /** Generations of one type: content is stored in each of them. */
  generationsPerType: 32,

  /** Steps of one migration: each walks the content once. */
  stepsPerMigration: 64,

  /** Characters of a property's path in a migration. */
  propertyPathLength: 200,

  /** Characters of an expression in a migration: its cost for each element of an array grows with it. */
  expressionLength: 1_000,

  /** Bytes of a value or a separator that a migration puts into content. */
  stepValueBytes: 64 * KIB,

  /** Characters of a description. */
  descriptionLength: 10_000,

  /** Characters of a constraint's name: it is part of every claim's key. */
  constraintNameLength: 63,

  /** Constraints of one store: every append of a type that they name is held against each. */
  constraintsPerStore: 64,

  /** Types that claim under one constraint, and types that release what is held under it. */
  typesPerConstraint: 64,

  /** Properties that make one value of a constraint. */
  propertiesPerClaim: 8,

  /** Nodes in one page of a trace, or in the effects of an event: some MB of messages. */
  nodesPerTrace: 10_000,

  /** Causes up and effects down from an event. */
  traceDepth: 10_000,

  /** Other servers that one lookup of causes asks besides those that its links name. */
  peersPerTrace: 16,

  /** Servers that may be behind each other in a lookup of causes. */
  hopsPerTrace: 32,

  /** Namespaces in one `Stores.Ensure`: each is a database with its collections. */
  namespacesPerEnsure: 64,

  /** Characters of an ordered sequence's id: ids of events are made of it. */
  sequenceIdLength: 200,

  /** Characters of the name of an ordered sequence or its definition, and of its source's id and name. */
  sequenceNameLength: 200,

  /** Characters of a definition's version: semver leaves it open. */
  sequenceVersionLength: 64,

  /** Tags of an ordered sequence, each with a value. */
  sequenceTags: 32,

  /** Events of one ordered sequence: its state is one document, written anew after each change. */
  sequenceEvents: 1_000,

  /** Bytes of an ordered sequence's document, as BSON with its defaults: it is the content of the event that begins it. */
  sequenceDocumentBytes: 768 * KIB,

  /** Ordered sequences in one page of a list. */
  sequencesPerPage: 1_000,

  /** Ordered sequences that cause each other in a row: more are most likely a circle. */
  sequenceDepth: 16,

  /** Compensating events of one ordered sequence: they are rendered at once and recorded as one event. */
  compensatingEvents: 100,

  /** Bytes of the contents that one rollback renders, as BSON: with the ids around them they are the content of one event. */
  renderedBytes: 512 * KIB,

  /** Bytes of one template, as JSON. */
  templateBytes: 64 * KIB,

  /** Levels of nesting in a template. */
  templateDepth: 32,

  /** Expressions in one template. */
  templateExpressions: 100,

  /** Names and indexes in one expression of a template. */
  templateSteps: 32,

  /** Bytes of a step's output, as JSON: it is for templates, and is kept with the sequence. */
  stepOutputBytes: 64 * KIB,

  /** Retries of one step: each attempt is on the log. */
  maxRetries: 1_000,

  /** Seconds between two attempts at a step: a week. What waits longer waits for a person. */
  retryIntervalSeconds: 604_800,

  /** What a wait is multiplied by for the next one. */
  retryCoefficient: 100,

  /** Seconds that one attempt at a step may take: thirty days. */
  stepTimeoutSeconds: 2_592_000,
} as const;

/**
 * Bytes of one gRPC message that the server takes in. Above `appendBytes`, so that a call that is
 * somewhat too large is told which limit it broke, and bounded, so that one that is far too large
 * costs no memory.
 */
export const MAX_MESSAGE_BYTES = 2 * LIMITS.appendBytes;

/** The earliest date that can be stored: MongoDB's and protobuf's 0001-01-01T00:00:00Z, in ms since 1970. */
export const MIN_DATE_MS = -62_135_596_800_000;

/** The latest date that can be stored: 9999-12-31T23:59:59.999Z, in ms since 1970. */
export const MAX_DATE_MS = 253_402_300_799_999;

/** Where a server listens unless told otherwise. */
export const DEFAULT_ADDRESS = '127.0.0.1:4400';
