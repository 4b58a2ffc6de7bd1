import fc from 'fast-check';
import { AnnalsError } from '../../src/kernel/annals-error';
import { LIMITS } from '../../src/kernel/limits';
import { invoiceSequence } from '../../test/support/invoice-sequence';
import { documentJson, sameDocument } from './document-json';
import { parseDocument } from './parse-document';
import { STRATEGIES, type Json, type SequenceDocument } from '../../src/contract/sequence-document';

type Loose = Record<string, unknown>;

const parse = (value: unknown): SequenceDocument =>
  parseDocument(typeof value === 'string' ? Buffer.from(value) : Buffer.from(JSON.stringify(value)));

function refusal(value: unknown): AnnalsError {
  try {
    parse(value);
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

/** The least that a document says. */
const LEAST = { sequenceId: 's-1', name: 'Least', events: [{ eventId: 'e-1', order: 1 }] };
const event = (more: Loose, eventId = 'e-1'): Loose => ({ eventId, order: 1, ...more });
const events = (...all: Loose[]): Loose => ({ ...LEAST, events: all });
const strategy = (more: Loose): Loose => ({ ...LEAST, rollback_strategy: { type: 'retry', max_retries: 1, ...more } });
const compensating = (more: Loose): Loose =>
  strategy({ compensating_events: [{ eventId: 'Undone', payload_template: {}, ...more }] });
const processing = (more: Loose): Loose => events(event({ processing: more }));
const matching = (more: Loose): Loose => events(event({ matches: { event_type: 'T', by: 'property', ...more } }));
const DONE = { status: 'processed', processingTimestamp: '2026-03-01T10:00:00Z' };

describe('a document goes in and comes out in its author’s form', () => {
  test.each(STRATEGIES)('the invoice sequence with the strategy %s', (type) => {
    const text = invoiceSequence(type);
    const out = documentJson(parse(text)).toString();
    expect(out).toBe(JSON.stringify(JSON.parse(text)));
    expect(sameDocument(parse(out), parse(text))).toBe(true);
  });

  test('in the schema’s order of fields, however it was sent', () => {
    const reversed = (value: Json): Json => {
      if (Array.isArray(value)) return value.map(reversed);
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, inner]) => [key, reversed(inner)]),
      );
    };
    const text = invoiceSequence('retry');
    const out = JSON.parse(documentJson(parse(reversed(JSON.parse(text) as Json))).toString()) as Loose;
    expect(Object.keys(out)).toEqual(Object.keys(JSON.parse(text) as Loose));
    expect(out).toEqual(JSON.parse(text));
  });

  test('with what we add only where it was given', () => {
    const added = {
      ...LEAST,
      events: [
        event({ order: 2, processing: { done_when: 'observed', observer: 'ledger', timeout: 1.5, max_retries: 7 } }),
        event({ matches: { event_type: 'T', by: 'property', property: 'a.b', value: '7' } }, 'e-2'),
        event({ processing: { done_when: 'followed', followed_by: 'U' } }, 'e-3'),
      ],
      rollback_strategy: {
        type: 'retry',
        max_retries: 5,
        compensating_events: [
          { eventId: 'X', payload_template: { a: 1 }, compensates: 2, event_source_id: '${sequence.name}' },
          { eventId: 'Y', payload_template: '${events[0].payload}', event_sequence: 'outbox' },
        ],
        initial_interval: 0.5,
        coefficient: 1.5,
        maximum_interval: 30,
        jitter: 0,
        on_exhausted: 'manual',
      },
      event_sequence: 'my-events',
      continue_past_failure: true,
    };
    expect(JSON.parse(documentJson(parse(added)).toString())).toMatchObject(added);
    const plain = JSON.parse(documentJson(parse(LEAST)).toString()) as Loose;
    expect(plain).not.toHaveProperty('event_sequence');
    expect(Object.keys((plain['events'] as Loose[])[0] ?? {})).toHaveLength(5);
    expect(Object.keys(plain['rollback_strategy'] as Loose)).toHaveLength(3);
  });
});

test('what is left out has a default', () => {
  expect(parse(LEAST)).toEqual({
    sequenceId: 's-1',
    name: 'Least',
    description: '',
    version: '1.0.0',
    status: 'created',
    events: [{ eventId: 'e-1', order: 1, required: true, status: 'pending', processingTimestamp: null }],
    metadata: {
      correlationId: 's-1',
      causationId: '',
      source: { type: 'external', id: '', name: '' },
      tags: {},
    },
    created_at: null,
    updated_at: null,
    completed_at: null,
    rollback_strategy: { type: 'manual', max_retries: 0, compensating_events: [] },
  });
});

test('times are taken in any zone, and kept in UTC with milliseconds', () => {
  expect(parse({ ...LEAST, created_at: '2026-03-01T10:30:00+01:00' }).created_at).toBe('2026-03-01T09:30:00.000Z');
});

test('orders may have gaps, and equal ones go in parallel', () => {
  const document = parse(events(event({ order: 10 }), event({ order: 3 }, 'e-2'), event({ order: 3 }, 'e-3')));
  expect(document.events.map(({ order }) => order)).toEqual([10, 3, 3]);
});

test('one on its way, or over, is taken as it is', () => {
  const [first, second] = [event(DONE), event({ order: 2 }, 'e-2')];
  expect(parse({ ...events(first, second), status: 'in_progress' })).toMatchObject({
    status: 'in_progress',
    events: [{ status: 'processed', processingTimestamp: '2026-03-01T10:00:00.000Z' }, { status: 'pending' }],
  });
  const failed = event({ ...DONE, status: 'failed', required: false });
  expect(parse({ ...events(failed, second), status: 'in_progress' }).events[0]?.status).toBe('failed');
  const over = { ...events(first), status: 'completed', completed_at: '2026-03-01T11:00:00Z' };
  expect(parse(over).completed_at).toBe('2026-03-01T11:00:00.000Z');
});

describe('bad input is refused with its place', () => {
  test.each<[unknown, field: string, problem: string]>([
    ['[]', 'document', 'one JSON object'],
    ['{"a":1,"a":2}', 'document.a', 'duplicate key'],
    ['{"events":[{"order":1e999}]}', 'document.events[0].order', 'too large'],
    ['{"sequenceId":"s"', 'document.sequenceId', 'the text ends'],
    [{}, 'document.sequenceId', 'missing'],
    [{ ...LEAST, sequenceId: '' }, 'document.sequenceId', 'empty'],
    [{ ...LEAST, sequenceId: 7 }, 'document.sequenceId', 'is 7, not text'],
    [{ ...LEAST, sequenceId: 'a\nb' }, 'document.sequenceId', 'control character'],
    [{ ...LEAST, name: null }, 'document.name', 'is null, not text'],
    [{ ...LEAST, nmae: 'x' }, 'document.nmae', 'no field of it; there are sequenceId, name'],
    [{ ...LEAST, version: '1.0' }, 'document.version', 'not semver'],
    [{ ...LEAST, version: '01.0.0' }, 'document.version', 'not semver'],
    [{ ...LEAST, version: '1.0.0-rc.01' }, 'document.version', 'not semver'],
    [{ ...LEAST, status: 'done' }, 'document.status', 'one of created, in_progress, completed, failed'],
    [{ ...LEAST, created_at: '2026-03-01' }, 'document.created_at', 'not a time'],
    [{ ...LEAST, created_at: '2026-13-01T00:00:00Z' }, 'document.created_at', 'not a time'],
    [{ ...LEAST, event_sequence: 'Bad Name' }, 'document.event_sequence', 'is no name'],
    [{ ...LEAST, event_sequence: 'ordered-sequences' }, 'document.event_sequence', 'the server alone'],
    [{ ...LEAST, continue_past_failure: 'yes' }, 'document.continue_past_failure', 'neither true nor false'],

    [{ ...LEAST, events: {} }, 'document.events', 'is an object, not a list'],
    [{ ...LEAST, events: [] }, 'document.events', 'is empty'],
    [events(event({}), 7 as unknown as Loose), 'document.events[1]', 'is 7, not an object'],
    [events({ order: 1 }), 'document.events[0].eventId', 'missing'],
    [events({ eventId: 'e' }), 'document.events[0].order', 'missing'],
    [events(event({ order: 0 })), 'document.events[0].order', 'is 0; it is a whole number from 1'],
    [events(event({ order: -2 })), 'document.events[0].order', 'is -2'],
    [events(event({ order: 1.5 })), 'document.events[0].order', 'is 1.5, not a whole number'],
    [events(event({ order: '1' })), 'document.events[0].order', 'is "1", not a whole number'],
    [events(event({ order: 2 ** 31 })), 'document.events[0].order', 'to 2147483647'],
    [events(event({}), event({ order: 2 })), 'document.events[1].eventId', 'the same event as events[0]'],
    [events(event({ status: 'skipped' })), 'document.events[0].status', 'one of pending, processed, failed'],
    [events(event({ required: 1 })), 'document.events[0].required', 'neither true nor false'],
    [events(event({ retries: 1 })), 'document.events[0].retries', 'no field of it'],
    [events(event({ processingTimestamp: 'now' })), 'document.events[0].processingTimestamp', 'not a time'],

    [processing({ done_when: 'later' }), 'document.events[0].processing.done_when', 'one of processed, appended'],
    [processing({ done_when: 'observed' }), 'document.events[0].processing.observer', 'done_when observed needs it'],
    [processing({ done_when: 'followed' }), 'document.events[0].processing.followed_by', 'done_when followed needs it'],
    [processing({ observer: 'o' }), 'document.events[0].processing.observer', 'of done_when observed alone'],
    [processing({ timeout: 0 }), 'document.events[0].processing.timeout', 'from 0.001'],
    [processing({ max_retries: -1 }), 'document.events[0].processing.max_retries', 'from 0 to 1000'],
    [matching({ value: 'v' }), 'document.events[0].matches.property', 'is missing'],
    [matching({ value: 'v', property: 'a[].b' }), 'document.events[0].matches.property', 'through an array'],
    [matching({ value: 'v', property: 'a..b' }), 'document.events[0].matches.property', 'an empty part'],
    [matching({ property: 'a' }), 'document.events[0].matches.value', 'missing'],
    [matching({ value: 'v', by: 'tag' }), 'document.events[0].matches.by', 'one of correlation_id'],

    [{ ...LEAST, metadata: [] }, 'document.metadata', 'a list, not an object'],
    [{ ...LEAST, metadata: { correlationID: 'x' } }, 'document.metadata.correlationID', 'no field of it'],
    [{ ...LEAST, metadata: { source: { type: 'cron' } } }, 'document.metadata.source.type', 'one of workflow, task'],
    [{ ...LEAST, metadata: { tags: { 'a b': 1 } } }, 'document.metadata.tags["a b"]', 'is 1, not text'],
    [{ ...LEAST, metadata: { tags: ['a'] } }, 'document.metadata.tags', 'a list, not an object'],

    [strategy({ type: 'undo' }), 'document.rollback_strategy.type', 'one of compensating_events, retry, manual'],
    [strategy({ max_retries: -1 }), 'document.rollback_strategy.max_retries', 'is -1'],
    [strategy({ max_retries: 1e9 }), 'document.rollback_strategy.max_retries', 'from 0 to 1000'],
    [strategy({ coefficient: 0.5 }), 'document.rollback_strategy.coefficient', 'from 1 to 100'],
    [strategy({ jitter: 1.1 }), 'document.rollback_strategy.jitter', 'from 0 to 1'],
    [strategy({ initial_interval: 61 }), 'document.rollback_strategy.initial_interval', 'longer than the longest'],
    [
      strategy({ type: 'manual', on_exhausted: 'fail' }),
      'document.rollback_strategy.on_exhausted',
      'of the strategy retry',
    ],
    [
      compensating({ eventId: '$reserved' }),
      'document.rollback_strategy.compensating_events[0].eventId',
      'begin with $',
    ],
    [compensating({ compensates: 2 }), 'document.rollback_strategy.compensating_events[0].compensates', 'no step has'],
    [
      strategy({ compensating_events: [{ eventId: 'A' }] }),
      'document.rollback_strategy.compensating_events[0].payload_template',
      'missing',
    ],
    [
      compensating({ payload_template: { a: ['${events[1].payload.id}'] } }),
      'document.rollback_strategy.compensating_events[0].payload_template.a[0]',
      'there are 1 events, counted from 0',
    ],
    [
      compensating({ payload_template: { a: '${error.__proto__}' } }),
      'document.rollback_strategy.compensating_events[0].payload_template.a',
      'names __proto__',
    ],
    [
      compensating({ payload_template: { n: [9007199254740993n] } }),
      'document.rollback_strategy.compensating_events[0].payload_template.n[0]',
      'write it as text',
    ],

    [events(event(DONE)), 'document.events[0].status', "the sequence's is created"],
    [{ ...LEAST, completed_at: '2026-03-01T10:00:00Z' }, 'document.completed_at', 'status is created'],
    [{ ...LEAST, status: 'completed' }, 'document.events[0].status', 'is pending, the event is required'],
    [
      { ...events(event({ status: 'processed' })), status: 'in_progress' },
      'document.events[0].processingTimestamp',
      'is missing',
    ],
    [
      { ...events(event({}), event({ order: 2, ...DONE }, 'e-2')), status: 'in_progress' },
      'document.events[1].status',
      'a required event of order 1 is pending',
    ],
    [
      { ...LEAST, created_at: '2026-03-02T00:00:00Z', updated_at: '2026-03-01T00:00:00Z' },
      'document.updated_at',
      'before created_at',
    ],
  ])('%#: %j', (value, field, problem) => {
    const text =
      typeof value === 'string' ? value : JSON.stringify(value, bigintsAsNumbers).replace(/"#(\d+)#"/g, '$1');
    expect(refusal(text)).toMatchObject({ code: 'INVALID_DOCUMENT', field });
    expect(refusal(text).message).toContain(problem);
  });

  const bigintsAsNumbers = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `#${value}#` : value);

  test.each<[string, unknown, limit: number, actual: number]>([
    ['document.sequenceId', { ...LEAST, sequenceId: 'x'.repeat(201) }, LIMITS.sequenceIdLength, 201],
    ['document.events', many(10_000), LIMITS.sequenceEvents, 10_000],
    ['document.events[0].order', events(event({ order: 0 })), 1, 0],
    ['document.metadata.tags', { ...LEAST, metadata: { tags: tags(33) } }, LIMITS.sequenceTags, 33],
    [
      'document.rollback_strategy.compensating_events',
      strategy({ compensating_events: Array.from({ length: 101 }, () => ({})) }),
      LIMITS.compensatingEvents,
      101,
    ],
    ['document', ' '.repeat(LIMITS.sequenceDocumentBytes + 1), LIMITS.sequenceDocumentBytes, 786_433],
  ])('%s tells its limit', (field, value, limit, actual) => {
    const { metadata, ...error } = refusal(value);
    expect(error).toMatchObject({ code: 'INVALID_DOCUMENT', field });
    expect(metadata).toMatchObject({ limit: String(limit), actual: String(actual) });
  });

  test('all faults of one document are told, the first of them as its field', () => {
    const error = refusal({ ...LEAST, name: 7, events: [event({ order: 0 }), event({ order: -1, x: 1 }, 'e-2')] });
    expect(error.field).toBe('document.name');
    expect(error.metadata).toMatchObject({ faults: '4' });
    for (const place of ['document.name', 'events[0].order', 'events[1].x', 'events[1].order']) {
      expect(error.message).toContain(place);
    }
  });

  test('of very many faults the first twenty are told', () => {
    const error = refusal(events(...Array.from({ length: 1000 }, (_, i) => event({ order: 0 }, `e-${i}`))));
    expect(error.message).toContain('document.events[19].order');
    expect(error.message).not.toContain('document.events[20].order');
    expect(error.message).toMatch(/and 980 more$/);
  });

  test('however long its names are, the message stays short enough for the headers of an answer', () => {
    const long = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`${i}${'é'.repeat(50_000)}`, 1]));
    const error = refusal(compensating({ payload_template: { ...long, ...LEAST, a: '${b' }, ...long }));
    expect(error.message.length).toBeLessThan(3_500);
    expect(error.field?.length).toBeLessThan(300);
  });

  test('text that is not UTF-8', () => {
    expect(() => parseDocument(Buffer.from([0x7b, 0xff, 0x7d]))).toThrow(
      expect.objectContaining({ code: 'INVALID_UTF8', field: 'document' }),
    );
  });
});

function many(count: number): Loose {
  return events(...Array.from({ length: count }, (_, i) => ({ eventId: `e-${i}`, order: 1 })));
}

function tags(count: number): Loose {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, '']));
}

test('a thousand events are taken', () => {
  expect(parse(many(LIMITS.sequenceEvents)).events).toHaveLength(LIMITS.sequenceEvents);
});

test('any JSON is taken or refused as a document, never stumbled over', () => {
  const known = fc.constantFrom('sequenceId', 'name', 'events', 'metadata', 'rollback_strategy', 'status', '__proto__');
  const value = fc.jsonValue({ maxDepth: 3 });
  fc.assert(
    fc.property(fc.dictionary(known, fc.oneof(value, fc.array(fc.dictionary(known, value)))), (given) => {
      const outcome = (() => {
        try {
          parse(given);
          return 'taken';
        } catch (error) {
          return error instanceof AnnalsError ? error.code : error;
        }
      })();
      expect(['taken', 'INVALID_DOCUMENT']).toContain(outcome);
    }),
    { numRuns: 200 },
  );
});
