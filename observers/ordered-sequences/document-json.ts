/** A document in its author's form: fields in the order of the schema, what we add only where it was given. */
import { isDeepStrictEqual } from 'node:util';
import type {
  CompensatingEvent,
  RollbackStrategy,
  SequenceDocument,
  SequenceEvent,
  SequenceMetadata,
  StepMatch,
  StepProcessing,
} from '../../src/contract/sequence-document';

/** The order of an object's fields. That none is forgotten is seen by the compiler. */
type Order<T> = Readonly<Record<keyof T, true>>;

const DOCUMENT: Order<SequenceDocument> = {
  sequenceId: true,
  name: true,
  description: true,
  version: true,
  status: true,
  events: true,
  metadata: true,
  created_at: true,
  updated_at: true,
  completed_at: true,
  rollback_strategy: true,
  event_sequence: true,
  continue_past_failure: true,
};

const EVENT: Order<SequenceEvent> = {
  eventId: true,
  order: true,
  required: true,
  status: true,
  processingTimestamp: true,
  processing: true,
  matches: true,
};

const PROCESSING: Order<StepProcessing> = {
  done_when: true,
  observer: true,
  followed_by: true,
  timeout: true,
  max_retries: true,
};

const MATCH: Order<StepMatch> = { event_type: true, by: true, property: true, value: true };

const METADATA: Order<SequenceMetadata> = { correlationId: true, causationId: true, source: true, tags: true };

const SOURCE: Order<SequenceMetadata['source']> = { type: true, id: true, name: true };

const STRATEGY: Order<RollbackStrategy> = {
  type: true,
  max_retries: true,
  compensating_events: true,
  initial_interval: true,
  coefficient: true,
  maximum_interval: true,
  jitter: true,
  on_exhausted: true,
};

const COMPENSATING: Order<CompensatingEvent> = {
  eventId: true,
  payload_template: true,
  compensates: true,
  event_source_id: true,
  event_sequence: true,
};

/** The same object with its fields in this order, without those that it does not have. */
function inOrder<T extends object>(value: T, order: Order<T>): T {
  const ordered: Record<string, unknown> = {};
  for (const key in order) if (Object.hasOwn(value, key)) ordered[key] = Reflect.get(value, key);
  // The keys are T's own, so what is picked by them is a T again.
  return ordered as T;
}

/** The document with every field in the schema's order, wherever it was kept in between. */
export const orderlyDocument = (document: SequenceDocument): SequenceDocument =>
  inOrder(
    {
      ...document,
      events: document.events.map(orderlyEvent),
      metadata: inOrder({ ...document.metadata, source: inOrder(document.metadata.source, SOURCE) }, METADATA),
      rollback_strategy: orderlyStrategy(document.rollback_strategy),
    },
    DOCUMENT,
  );

const orderlyEvent = (event: SequenceEvent): SequenceEvent =>
  inOrder(
    {
      ...event,
      ...(event.processing === undefined ? {} : { processing: orderlyProcessing(event.processing) }),
      ...(event.matches === undefined ? {} : { matches: inOrder(event.matches, MATCH) }),
    },
    EVENT,
  );

export const orderlyProcessing = (processing: StepProcessing): StepProcessing => inOrder(processing, PROCESSING);

export const orderlySource = (source: SequenceMetadata['source']): SequenceMetadata['source'] =>
  inOrder(source, SOURCE);

export const orderlyStrategy = (strategy: RollbackStrategy): RollbackStrategy =>
  inOrder(
    {
      ...strategy,
      compensating_events: strategy.compensating_events.map((entry) => inOrder(entry, COMPENSATING)),
    },
    STRATEGY,
  );

/** The document as JSON (UTF-8), as `parseDocument` takes it. */
export const documentJson = (document: SequenceDocument): Buffer =>
  Buffer.from(JSON.stringify(orderlyDocument(document)));

/** Whether two documents say the same: the order of fields, tags among them, says nothing. */
export const sameDocument = (a: SequenceDocument, b: SequenceDocument): boolean => isDeepStrictEqual(a, b);
