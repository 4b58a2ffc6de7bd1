import { AnnalsError } from '../../src/kernel/annals-error';
import { definitionJson, parseDefinition } from './definition';
import { instanceOf, tieOf } from './instance';
import type { Json } from '../../src/contract/sequence-document';

const parse = (value: object) => parseDefinition(Buffer.from(JSON.stringify(value)));

const INVOICING = {
  name: 'invoicing',
  version: '2.1.0',
  description: 'Makes an invoice, books it and tells the customer',
  event_sequence: 'billing',
  continue_past_failure: false,
  ties: { by: 'property', property: 'invoice.id' },
  starts: { event_type: 'InvoiceEvents.created' },
  steps: [
    { event_type: 'InvoiceEvents.created', order: 1, required: true },
    { event_type: 'AccountingEvents.booked', order: 2, required: true, processing: { timeout: 30 } },
    { event_type: 'CustomerEvents.noticed', order: 3, required: false },
  ],
  source: { type: 'workflow', id: 'wf_invoicing', name: 'Invoicing' },
  tags: { department: 'finance' },
  rollback_strategy: {
    type: 'compensating_events',
    max_retries: 2,
    compensating_events: [
      {
        eventId: 'InvoiceEvents.cancelled',
        payload_template: { id: '${events[0].payload.invoice.id}' },
        compensates: 1,
      },
    ],
  },
};
const LEAST = { name: 'least', steps: [{ event_type: 'T', order: 1 }] };

const refusal = (act: () => unknown): AnnalsError => {
  try {
    act();
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
};

describe('a definition', () => {
  test('goes in and comes out the same', () => {
    expect(definitionJson(parse(INVOICING)).toString()).toBe(JSON.stringify(INVOICING));
  });

  test('has defaults for what is left out', () => {
    expect(JSON.parse(definitionJson(parse(LEAST)).toString())).toEqual({
      name: 'least',
      version: '1.0.0',
      description: '',
      ties: { by: 'correlation_id' },
      steps: [{ event_type: 'T', order: 1, required: true }],
      source: { type: 'external', id: '', name: '' },
      tags: {},
      rollback_strategy: { type: 'manual', max_retries: 0, compensating_events: [] },
    });
  });

  test.each<[object, field: string]>([
    [{}, 'definition.name'],
    [{ ...LEAST, steps: [] }, 'definition.steps'],
    [{ ...LEAST, steps: [{ event_type: 'T', order: 0 }] }, 'definition.steps[0].order'],
    [{ ...LEAST, steps: [...LEAST.steps, { event_type: 'T', order: 2 }] }, 'definition.steps[1].event_type'],
    [{ ...LEAST, steps: [{ event_type: '$x', order: 1 }] }, 'definition.steps[0].event_type'],
    [{ ...LEAST, events: [] }, 'definition.events'],
    [{ ...LEAST, ties: { by: 'property' } }, 'definition.ties.property'],
    [{ ...LEAST, ties: { by: 'correlation_id', property: 'a' } }, 'definition.ties.property'],
    [{ ...LEAST, starts: {} }, 'definition.starts.event_type'],
    [
      {
        ...LEAST,
        rollback_strategy: { compensating_events: [{ eventId: 'A', payload_template: { a: '${events[1].payload}' } }] },
      },
      'definition.rollback_strategy.compensating_events[0].payload_template.a',
    ],
  ])('%j is refused at %s', (value, field) => {
    expect(refusal(() => parse(value))).toMatchObject({ code: 'INVALID_DOCUMENT', field });
  });
});

describe('an instance of it', () => {
  const definition = parse(INVOICING);

  test('waits for the first event of each step’s type that its key ties to it', () => {
    const match = { by: 'property', property: 'invoice.id', value: 'INV-1' };
    expect(instanceOf(definition, { key: 'INV-1' })).toMatchObject({
      sequenceId: 'invoicing/INV-1',
      name: 'invoicing',
      version: '2.1.0',
      status: 'created',
      event_sequence: 'billing',
      continue_past_failure: false,
      events: [
        { eventId: 'invoicing/INV-1/step/0', order: 1, matches: { event_type: 'InvoiceEvents.created', ...match } },
        { order: 2, processing: { timeout: 30 }, matches: { event_type: 'AccountingEvents.booked', ...match } },
        { order: 3, required: false, matches: { event_type: 'CustomerEvents.noticed', ...match } },
      ],
      metadata: {
        correlationId: 'invoicing/INV-1',
        causationId: '',
        source: INVOICING.source,
        tags: INVOICING.tags,
      },
      rollback_strategy: INVOICING.rollback_strategy,
    });
  });

  test('that an event began has this event as its step and its cause', () => {
    const startedBy = { eventId: 'evt-1', correlationId: 'corr-1' };
    const { events, metadata } = instanceOf(definition, { key: 'INV-1', startedBy });
    expect(events[0]).toEqual({
      eventId: 'evt-1',
      order: 1,
      required: true,
      status: 'pending',
      processingTimestamp: null,
    });
    expect(events[1]?.matches?.value).toBe('INV-1');
    expect(metadata).toMatchObject({ correlationId: 'corr-1', causationId: 'evt-1' });
  });

  test('that a correlation id ties runs under it', () => {
    const { metadata } = instanceOf(parse(LEAST), { key: 'corr-7', sequenceId: 'mine' });
    expect(metadata.correlationId).toBe('corr-7');
  });

  test('has the metadata that was given before that of its definition', () => {
    const metadata = Buffer.from('{"tags":{"vip":"yes"},"causationId":"cmd-1"}');
    expect(instanceOf(definition, { key: 'k', metadata }).metadata).toMatchObject({
      causationId: 'cmd-1',
      source: INVOICING.source,
      tags: { vip: 'yes' },
    });
  });

  test('is held to what holds for documents', () => {
    expect(refusal(() => instanceOf(definition, { key: '' }))).toMatchObject({
      code: 'INVALID_DOCUMENT',
      field: 'document.events[0].matches.value',
    });
    const metadata = Buffer.from('{"tag":{}}');
    expect(refusal(() => instanceOf(definition, { key: 'k', metadata })).field).toBe('document.metadata.tag');
    expect(refusal(() => instanceOf(definition, { key: 'k', metadata: Buffer.from('[]') })).field).toBe('metadata');
  });
});

describe('what ties an event to a sequence', () => {
  const event = (content: Json = {}) => ({ correlationId: 'corr', eventSourceId: 'src', content: () => content });

  test('is its correlation id, its event source, or a property of its content', () => {
    expect(tieOf({ by: 'correlation_id' }, event())).toBe('corr');
    expect(tieOf({ by: 'event_source_id' }, event())).toBe('src');
    const property = 'invoice.id';
    expect(tieOf({ by: 'property', property }, event({ invoice: { id: 'INV-1' } }))).toBe('INV-1');
    expect(tieOf({ by: 'property', property }, event({ invoice: { id: 17 } }))).toBe('17');
    expect(tieOf({ by: 'property', property }, event({ invoice: { id: false } }))).toBe('false');
  });

  test.each<[property: string, content: Json]>([
    ['id', {}],
    ['id', { id: null }],
    ['id', { id: '' }],
    ['id', { id: { a: 1 } }],
    ['a.b', { a: 'text' }],
    ['a.0', { a: ['x'] }],
    ['toString', {}],
    ['__proto__', {}],
  ])('the property %s of %j ties nothing', (property, content) => {
    expect(tieOf({ by: 'property', property }, event(content))).toBeUndefined();
  });
});
