import fc from 'fast-check';
import { BSON } from 'mongodb';
import type { CompiledType } from '../event-types/types-of-store';
import { ContentType, type AppendRequest, type NewEvent } from '../contract/messages';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS, MAX_DATE_MS, MIN_DATE_MS } from '../kernel/limits';
import { admit } from './admit.testing';
import { checkFilters } from './field-checks';

const NOW = 1_700_000_000_000;

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const event = (fields: Partial<NewEvent> = {}): NewEvent => ({
  eventId: undefined,
  type: 'typed',
  generation: 0,
  eventSourceId: 'source',
  tags: [],
  correlationId: '',
  causationId: '',
  causedBy: '',
  traceParent: '',
  occurred: undefined,
  validFrom: undefined,
  content: Buffer.from('{}'),
  contentType: ContentType.JSON,
  ...fields,
});

const request = (events: NewEvent[], rest: Partial<AppendRequest> = {}): AppendRequest => ({
  sequence: { store: '', namespace: '', sequence: '' },
  events,
  expectations: [],
  ...rest,
});

/** The error of what must be refused. */
function refused(work: () => unknown): AnnalsError {
  try {
    work();
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was admitted');
}

const FILTER = { types: [], eventSourceIds: [], tags: [], correlationId: undefined };

describe('defaults', () => {
  it('are an id for each event, one correlation id for the call, now, and always', () => {
    const { drafts, madeIds } = admit(request([event(), event({ eventId: 'mine', occurred: 5, validFrom: 6 })]), NOW);
    expect(madeIds).toBe(true);
    expect(drafts[0]).toMatchObject({
      occurred: NOW,
      validFrom: MIN_DATE_MS,
      generation: 1,
      causationId: '',
      causedBy: '',
    });
    expect(drafts[1]).toMatchObject({ eventId: 'mine', occurred: 5, validFrom: 6 });
    expect(drafts[0]?.eventId).toMatch(/^[0-9a-f-]{36}$/);
    expect(drafts[0]?.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(drafts[1]?.correlationId).toBe(drafts[0]?.correlationId);
  });

  it('leave what was given as it is', () => {
    const ids = { eventId: 'i', correlationId: 'c', causationId: 'd', causedBy: 'e', traceParent: TRACE };
    const given = event({ ...ids, tags: ['t', 't'] });
    const { drafts, madeIds } = admit(request([given]), NOW);
    expect(madeIds).toBe(false);
    expect(drafts[0]).toMatchObject({
      eventId: 'i',
      correlationId: 'c',
      causationId: 'd',
      causedBy: 'e',
      traceParent: TRACE,
      tags: ['t', 't'],
    });
  });

  it('the bytes are those of the documents together', () => {
    const { documents, bytes } = admit(request([event(), event({ content: Buffer.from('{"a":1}') })]), NOW);
    expect(bytes).toBe(documents.reduce((sum, document) => sum + document.length, 0));
  });
});

describe('limits, exactly at them and one beyond', () => {
  const characters = fc.constantFrom('x', 'é', '事', '😀');
  const fields: [
    keyof NewEvent & ('eventId' | 'type' | 'eventSourceId' | 'correlationId' | 'causationId' | 'causedBy'),
    string,
    number,
  ][] = [
    ['eventId', 'event_id', LIMITS.eventIdLength],
    ['type', 'type', LIMITS.eventTypeLength],
    ['eventSourceId', 'event_source_id', LIMITS.eventSourceIdLength],
    ['correlationId', 'correlation_id', LIMITS.metadataIdLength],
    ['causationId', 'causation_id', LIMITS.metadataIdLength],
    ['causedBy', 'caused_by', LIMITS.metadataIdLength],
  ];

  it.each(fields)('%s counts characters, of whatever kind', (field, wire, limit) => {
    fc.assert(
      fc.property(characters, (character) => {
        expect(admit(request([event({ [field]: character.repeat(limit) })]), NOW).drafts).toHaveLength(1);
        const over = () => admit(request([event(), event({ [field]: character.repeat(limit + 1) })]), NOW);
        expect(refused(over)).toMatchObject({
          code: 'INVALID_FIELD',
          field: `events[1].${wire}`,
          metadata: { limit: String(limit), actual: String(limit + 1), unit: 'characters' },
        });
      }),
    );
  });

  it('tags: how many, how long, and none empty', () => {
    const tags = (count: number, length = 1) => event({ tags: Array<string>(count).fill('x'.repeat(length)) });
    expect(admit(request([tags(LIMITS.tagsPerEvent, LIMITS.tagLength)]), NOW).drafts).toHaveLength(1);
    expect(refused(() => admit(request([tags(LIMITS.tagsPerEvent + 1)]), NOW)).field).toBe('events[0].tags');
    expect(refused(() => admit(request([tags(2, LIMITS.tagLength + 1)]), NOW)).field).toBe('events[0].tags[0]');
    expect(refused(() => admit(request([tags(2, 0)]), NOW)).field).toBe('events[0].tags[0]');
  });

  it('events in a call: one at least, and so many at most', () => {
    const of = (count: number) => request(Array.from({ length: count }, () => event()));
    expect(refused(() => admit(of(0), NOW))).toMatchObject({ code: 'INVALID_FIELD', field: 'events' });
    expect(admit(of(LIMITS.eventsPerAppend), NOW).documents).toHaveLength(LIMITS.eventsPerAppend);
    expect(refused(() => admit(of(LIMITS.eventsPerAppend + 1), NOW))).toMatchObject({
      code: 'CALL_TOO_LARGE',
      metadata: { limit: String(LIMITS.eventsPerAppend), actual: String(LIMITS.eventsPerAppend + 1) },
    });
  });

  it('bytes of a call, as documents', () => {
    const content = Buffer.from(BSON.serialize({ text: 'x'.repeat(LIMITS.contentBytes - 20) }));
    const of = (count: number) =>
      request(Array.from({ length: count }, () => event({ content, contentType: ContentType.BSON })));
    expect(admit(of(15), NOW).bytes).toBeLessThanOrEqual(LIMITS.appendBytes);
    expect(refused(() => admit(of(16), NOW))).toMatchObject({
      code: 'CALL_TOO_LARGE',
      field: 'events',
      metadata: { limit: String(LIMITS.appendBytes), unit: 'bytes' },
    });
  });

  it('bytes of a call in all generations, before more of them are made', () => {
    const generations = [1, 2, 3, 4, 5];
    let asked = 0;
    const type: CompiledType = {
      name: 'typed',
      generations,
      latest: 5,
      validate: () => {
        asked++;
        return [];
      },
      cast: (content) => ({ content }),
    };
    const types = { revision: 1, strict: false, empty: false, type: () => type };
    const content = Buffer.from(JSON.stringify({ text: 'x'.repeat(LIMITS.contentBytes - 30) }));
    const many = request(Array.from({ length: 16 }, () => event({ content })));
    expect(refused(() => admit(many, NOW, types))).toMatchObject({ code: 'CALL_TOO_LARGE', field: 'events' });
    expect(asked).toBeLessThanOrEqual(4 * generations.length);
  });

  it.each(['occurred', 'validFrom'] as const)('%s is from the minimum date to the maximum date', (field) => {
    for (const ms of [MIN_DATE_MS, MAX_DATE_MS])
      expect(admit(request([event({ [field]: ms })]), NOW).drafts[0]?.[field]).toBe(ms);
    for (const ms of [MIN_DATE_MS - 1, MAX_DATE_MS + 1, Number.NaN, Number.NEGATIVE_INFINITY]) {
      expect(refused(() => admit(request([event({ [field]: ms })]), NOW)).code).toBe('DATE_OUT_OF_RANGE');
    }
  });

  it('expectations, filters and the values in them', () => {
    const many = (count: number) => Array.from({ length: count }, (_, i) => String(i));
    const expecting = (count: number) =>
      request([event()], { expectations: many(count).map(() => ({ filter: FILTER, lastSeen: undefined })) });
    expect(admit(expecting(LIMITS.expectationsPerAppend), NOW).expectations).toHaveLength(LIMITS.expectationsPerAppend);
    expect(refused(() => admit(expecting(LIMITS.expectationsPerAppend + 1), NOW)).field).toBe('expectations');
    const filters = (count: number) => many(count).map(() => FILTER);
    expect(checkFilters(filters(LIMITS.filtersPerRead), 'filters')).toHaveLength(LIMITS.filtersPerRead);
    expect(refused(() => checkFilters(filters(LIMITS.filtersPerRead + 1), 'filters')).field).toBe('filters');
    const long = { ...FILTER, tags: many(LIMITS.valuesPerFilter + 1) };
    expect(refused(() => checkFilters([FILTER, long], 'filters')).field).toBe('filters[1].tags');
  });
});

describe('what is wrong with the call itself', () => {
  it('an id that comes twice is told at its second place', () => {
    const ids = ['a', 'b', 'c', 'b'].map((eventId) => event({ eventId }));
    expect(refused(() => admit(request(ids), NOW))).toMatchObject({
      code: 'DUPLICATE_EVENT_ID_IN_CALL',
      field: 'events[3].event_id',
      message: expect.stringContaining('events[1].event_id'),
    });
  });

  it('a trace context that is none, of whatever length, is told in part', () => {
    for (const traceParent of [TRACE.toUpperCase(), TRACE.replace('00-', '01-'), 'x'.repeat(1_000_000)]) {
      const error = refused(() => admit(request([event({ traceParent: TRACE }), event({ traceParent })]), NOW));
      expect(error).toMatchObject({ code: 'INVALID_FIELD', field: 'events[1].trace_parent' });
      expect(error.message.length).toBeLessThan(400);
    }
  });

  it('a generation that the type has not', () => {
    expect(admit(request([event({ generation: 1 })]), NOW).drafts[0]?.generation).toBe(1);
    expect(refused(() => admit(request([event({ generation: 2 })]), NOW))).toMatchObject({
      code: 'UNKNOWN_GENERATION',
      field: 'events[0].generation',
    });
  });

  it('no content, in either encoding', () => {
    for (const contentType of [ContentType.JSON, ContentType.BSON, ContentType.UNSPECIFIED]) {
      const empty = event({ content: Buffer.alloc(0), contentType });
      expect(refused(() => admit(request([empty]), NOW))).toMatchObject({
        code: 'INVALID_CONTENT',
        field: 'events[0].content',
      });
    }
  });

  it('the first fault is told, and nothing of the call is admitted', () => {
    const bad = request([event(), event({ type: '' }), event({ eventSourceId: '' })]);
    expect(refused(() => admit(bad, NOW)).field).toBe('events[1].type');
  });
});
