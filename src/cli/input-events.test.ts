import { eventReader, type EventOptions } from './input-events';

const read = (text: string, options: EventOptions = {}) => {
  const { json, ...event } = { json: undefined, ...eventReader(options)({ bytes: Buffer.from(text), line: 7 }) };
  return { ...event, json: Buffer.from(json ?? '').toString() };
};

describe('a whole event', () => {
  it('keeps the bytes of its content', () => {
    expect(read('{"type":"t","content": {"b":1, "a":12345678901234567890},"eventSourceId":"s"}')).toEqual({
      type: 't',
      eventSourceId: 's',
      json: ' {"b":1, "a":12345678901234567890}',
    });
  });

  it('may say everything that an event has', () => {
    const event = read(
      JSON.stringify({
        type: 't',
        eventSourceId: 's',
        content: {},
        eventId: 'e',
        generation: 1,
        tags: ['x'],
        correlationId: 'c',
        causationId: 'k',
        causedBy: 'u',
        traceParent: 'p',
        occurred: '2026-01-02T03:04:05Z',
        validFrom: '2025-01-01T00:00:00Z',
      }),
    );
    expect(event).toEqual({
      type: 't',
      eventSourceId: 's',
      json: '{}',
      eventId: 'e',
      generation: 1,
      tags: ['x'],
      correlationId: 'c',
      causationId: 'k',
      causedBy: 'u',
      traceParent: 'p',
      occurred: new Date('2026-01-02T03:04:05Z'),
      validFrom: new Date('2025-01-01T00:00:00Z'),
    });
  });

  it('may come from `annals read --json`: what the server recorded about it is passed over', () => {
    const event = read(
      '{"sequenceNumber":4,"recorded":"2026-01-01T00:00:00Z","type":"t","eventSourceId":"s","content":{}}',
    );
    expect(event).toEqual({ type: 't', eventSourceId: 's', json: '{}' });
  });

  it('takes from the options what it does not say itself', () => {
    const options = { tag: ['mine'], correlation: 'c', causedBy: 'me', traceParent: 'p' };
    expect(read('{"type":"t","eventSourceId":"s","tags":["its"],"content":{}}', options)).toMatchObject({
      tags: ['its'],
      correlationId: 'c',
      causedBy: 'me',
      traceParent: 'p',
    });
  });

  it.each([
    ['{"type":"t","content":{}}', 'line 7: the event has no eventSourceId'],
    ['{"type":"t","eventSourceId":"s"}', 'line 7: the event has no content'],
    ['{"type":"t","eventSourceId":"s","content":{},"tag":"x"}', 'line 7: an event has no field "tag"'],
    ['{"type":5,"eventSourceId":"s","content":{}}', 'line 7: type must be a string'],
    ['{"type":"t","eventSourceId":"s","content":{},"tags":"x"}', 'line 7: tags must be an array of strings'],
    ['{"type":"t","eventSourceId":"s","content":{},"occurred":"soon"}', 'line 7: occurred must be a date'],
    ['{"type":"t","eventSourceId":"s","content":{},"generation":1.5}', 'line 7: generation must be a whole number'],
    ['{"type":"t",}', 'line 7: not JSON'],
  ])('is refused with its line: %s', (text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

describe('a plain payload', () => {
  it('is content, with type and source from the options', () => {
    expect(read('{"total":42}', { type: 't', source: 's' })).toEqual({
      type: 't',
      eventSourceId: 's',
      json: '{"total":42}',
    });
  });

  it('gives type, source and event id by its properties', () => {
    const options = { typeProperty: 'kind', sourceProperty: 'order.id', eventIdProperty: 'id' };
    expect(read('{"kind":"t","order":{"id":17},"id":"e"}', options)).toMatchObject({
      type: 't',
      eventSourceId: '17',
      eventId: 'e',
    });
  });

  it('without the property is refused with its line', () => {
    expect(() => read('{"a":{}}', { type: 't', sourceProperty: 'a.b' })).toThrow('line 7: no text at a.b');
    expect(() => read('{}', { type: 't', sourceProperty: 'constructor.name' })).toThrow(
      'line 7: no text at constructor.name',
    );
  });
});

describe('options that do not go together are refused', () => {
  it.each([
    [{ type: 't' }, 'plain payloads need an event source'],
    [{ source: 's' }, 'options about plain payloads without their type'],
    [{ eventIdProperty: 'id' }, 'options about plain payloads without their type'],
  ])('%j', (options, message) => {
    expect(() => eventReader(options)).toThrow(message);
  });
});
