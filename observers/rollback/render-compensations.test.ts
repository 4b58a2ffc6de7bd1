import { encodeBson } from '../../src/kernel/content/decode-content';
import { LIMITS } from '../../src/kernel/limits';
import { invoiceIds, invoiceSequence } from '../../test/support/invoice-sequence';
import { fold } from '../ordered-sequences/fold';
import { parseDocument } from '../ordered-sequences/parse-document';
import type { SequenceEntry } from '../ordered-sequences/log-entry';
import type { CompensatingEvent, Json, SequenceDocument } from '../../src/contract/sequence-document';
import type { SequenceState } from '../ordered-sequences/sequence-state';
import { planCompensations } from './compensation-plan';
import { renderCompensations } from './render-compensations';
import { payloadsRead, scopeOf } from './scope';

const ids = invoiceIds('123');
const PAYLOADS = new Map<number, Json>([
  [0, { invoice_id: 'INV-1', total: 99 }],
  [1, { entry_id: 4711 }],
]);

const folded = (document: SequenceDocument, ...entries: SequenceEntry[]): SequenceState =>
  entries.reduce(
    (state, entry, i) => fold(state, entry, { number: i + 1, at: i + 1 }),
    fold(undefined, { type: 'SequenceCreated', document, depth: 0 }, { number: 0, at: 0 }),
  );

const arrived = (step: number, eventId: string, eventSourceId: string): SequenceEntry => ({
  type: 'StepArrived',
  step,
  eventId,
  sequenceNumber: step,
  eventType: 'T',
  eventSourceId,
  correlationId: ids.correlationId,
});
const processed = (step: number, output: Json = null): SequenceEntry => ({
  type: 'StepProcessed',
  step,
  attempt: 1,
  doneWhen: 'processed',
  by: 'p',
  output,
});
const failed: SequenceEntry = {
  type: 'SequenceFailed',
  step: 1,
  code: 'ledger.closed',
  message: 'the ledger is closed',
  then: 'rollback',
};

const invoice = parseDocument(Buffer.from(invoiceSequence('compensating_events')));
const compensating = (...compensating_events: CompensatingEvent[]): SequenceDocument => ({
  ...invoice,
  rollback_strategy: { ...invoice.rollback_strategy, compensating_events },
});
/** The invoice is made; booking it has failed for good. */
const bookingFailed = (document: SequenceDocument): SequenceState =>
  folded(document, arrived(0, ids.created, 'invoice-1'), processed(0), arrived(1, ids.booked, 'ledger-9'), failed);
const rendered = (state: SequenceState, payloads = PAYLOADS) => renderCompensations(state, scopeOf(state, payloads));

test('the invoice sequence is rolled back with its two templates, in listed order', () => {
  const common = { sequence: 'event-log', correlationId: ids.correlationId, causationId: ids.booked };
  expect(rendered(bookingFailed(invoice))).toEqual({
    type: 'RollbackRendered',
    left: [],
    compensations: [
      {
        entry: 0,
        eventType: 'InvoiceEvents.cancelled',
        eventId: `${ids.sequenceId}/rollback/0`,
        eventSourceId: 'ledger-9',
        content: { invoice_id: 'INV-1', reason: 'Sequence failure: the ledger is closed' },
        ...common,
      },
      {
        entry: 1,
        eventType: 'AccountingEvents.reverse_entry',
        eventId: `${ids.sequenceId}/rollback/1`,
        eventSourceId: 'ledger-9',
        content: { entry_id: 4711, reason: 'Sequence failure: the ledger is closed' },
        ...common,
      },
    ],
  });
});

test('an expression that finds nothing stops all of it, and says everything that is in the way', () => {
  expect(rendered(bookingFailed(invoice), new Map([[1, {}]]))).toEqual({
    type: 'RollbackStopped',
    entry: 0,
    faults: [
      'compensating_events[0].payload_template.invoice_id: ${events[0].payload.invoice_id} finds nothing: events[0] is not on the log, or its content is gone',
      'compensating_events[1].payload_template.entry_id: ${events[1].payload.entry_id} finds nothing: events[1].payload has no entry_id',
    ],
  });
});

test('the largest rollback and the longest fault are still one event', () => {
  const wide = (characters: number): string => '\u{10348}'.repeat(characters);
  const source = wide(LIMITS.eventSourceIdLength);
  const entries = Array.from({ length: LIMITS.compensatingEvents }, () => ({
    eventId: wide(LIMITS.eventTypeLength),
    payload_template: { filler: '${events[0].payload.filler}', ['n'.repeat(2000)]: '${events[0].payload.n}' },
    event_source_id: source,
  }));
  // What is left of the budget for each, beside its source and that long name.
  const filler = 'x'.repeat(LIMITS.renderedBytes / LIMITS.compensatingEvents - Buffer.byteLength(source) - 2100);
  const state = bookingFailed({ ...compensating(...entries), sequenceId: wide(LIMITS.sequenceIdLength) });
  const done = rendered(state, new Map([[0, { filler, n: 1 }]]));
  const stopped = rendered(state, new Map([[0, { filler: 'x'.repeat(LIMITS.renderedBytes) }]]));
  expect([done.type, stopped.type]).toEqual(['RollbackRendered', 'RollbackStopped']);
  for (const entry of [done, stopped]) expect(encodeBson(entry).length).toBeLessThan(LIMITS.contentBytes);
});

test('what compensates for a step comes first, latest order first, and only if the step was processed', () => {
  const document = compensating(
    { eventId: 'Last', payload_template: {} },
    { eventId: 'UndoFirst', payload_template: {}, compensates: 1 },
    { eventId: 'UndoFirstToo', payload_template: {}, compensates: 1 },
    { eventId: 'UndoSecond', payload_template: {}, compensates: 2 },
    { eventId: 'UndoThird', payload_template: {}, compensates: 3 },
  );
  expect(planCompensations(bookingFailed(document))).toEqual({
    emit: [
      { entry: 1, step: 0 },
      { entry: 2, step: 0 },
      { entry: 0, step: null },
    ],
    left: [
      { entry: 3, why: 'no step of order 2 was processed' },
      { entry: 4, why: 'no step of order 3 was processed' },
    ],
  });
  const further = folded(document, processed(0), processed(1), processed(2));
  expect(planCompensations(further).emit.map(({ entry }) => entry)).toEqual([4, 3, 1, 2, 0]);
});

test('an entry that a person went past stays left out, with the reason', () => {
  const stopped = folded(
    invoice,
    processed(0),
    failed,
    { type: 'RollbackStopped', entry: 1, faults: ['x'] },
    {
      type: 'SequenceResolved',
      action: 'skip',
      step: null,
      entry: 1,
      who: 'ada',
      why: 'no entry was made',
      output: null,
      consequences: [],
    },
  );
  expect(planCompensations(stopped)).toEqual({
    emit: [{ entry: 0, step: null }],
    left: [{ entry: 1, why: 'no entry was made' }],
  });
});

test('the event source is the compensated event’s, the failed one’s, or the first that came', () => {
  const document = compensating(
    { eventId: 'Undo', payload_template: {}, compensates: 1 },
    { eventId: 'Tell', payload_template: {} },
    { eventId: 'Own', payload_template: {}, event_source_id: 'customer-${events[0].payload.total}' },
  );
  const sources = (state: SequenceState) => {
    const result = rendered(state);
    return result.type === 'RollbackRendered' ? result.compensations.map((each) => each.eventSourceId) : result.faults;
  };
  expect(sources(bookingFailed(document))).toEqual(['invoice-1', 'ledger-9', 'customer-99']);
  const bookingNeverCame = folded(document, arrived(0, ids.created, 'invoice-1'), processed(0), failed);
  expect(sources(bookingNeverCame)).toEqual(['invoice-1', 'invoice-1', 'customer-99']);
  expect(sources(folded(document, failed))).toEqual([ids.sequenceId, 'customer-99']);
});

test('an event source or a content that no event can have stops it', () => {
  const long = 'x'.repeat(LIMITS.eventSourceIdLength + 1);
  const stopped = (entry: CompensatingEvent, payload: Json) =>
    rendered(bookingFailed(compensating(entry)), new Map([[0, payload]]));
  const ofSource = { eventId: 'A', payload_template: {}, event_source_id: '${events[0].payload.to}' };
  for (const to of [long, '']) expect(stopped(ofSource, { to })).toMatchObject({ type: 'RollbackStopped', entry: 0 });
  const ofContent = { eventId: 'A', payload_template: '${events[0].payload.all}' };
  expect(stopped(ofContent, { all: [1] })).toMatchObject({ faults: [expect.stringContaining('becomes no object')] });
  expect(stopped(ofContent, { all: { a: 1 } })).toMatchObject({ compensations: [{ content: { a: 1 } }] });
});

test('outputs, ids and the failure are seen by templates as the sequence knows them', () => {
  const payload_template = {
    output: '${events[0].output.pdf}',
    was: '${events[0].status} ${events[0].type} ${events[0].sequenceNumber} ${events[1].eventId}',
    error: '${error.code} ${error.step} ${error.eventId}',
    of: '${sequence.name} ${metadata.tags.priority}',
  };
  const document = compensating({ eventId: 'A', payload_template });
  const state = folded(document, arrived(0, ids.created, 'invoice-1'), processed(0, { pdf: 'a.pdf' }), failed);
  expect(rendered(state)).toMatchObject({
    compensations: [
      {
        content: {
          output: 'a.pdf',
          was: `processed T 0 ${ids.booked}`,
          error: `ledger.closed 1 ${ids.booked}`,
          of: 'Invoice creation high',
        },
      },
    ],
  });
});

test('a rollback with nothing to append is rendered too', () => {
  expect(rendered(bookingFailed(compensating()))).toEqual({ type: 'RollbackRendered', compensations: [], left: [] });
});

test('only contents that templates read need to be fetched', () => {
  const templates = invoice.rollback_strategy.compensating_events.map((entry) => entry.payload_template);
  expect(payloadsRead(templates)).toEqual([0, 1]);
  expect(payloadsRead(['${events[2].payload.a} ${events[2].payload.b}', { a: '${events[0].output}' }])).toEqual([2]);
});
