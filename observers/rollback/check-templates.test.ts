import { LIMITS } from '../../src/kernel/limits';
import type { Json, RollbackStrategy } from '../../src/contract/sequence-document';
import { checkTemplate, checkTemplates } from './check-templates';

const EVENTS = 3;
const problems = (template: Json) => checkTemplate(template, EVENTS, 'template').map(({ problem }) => problem);

function nested(levels: number): Json {
  let value: Json = 'inside';
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
}

test.each([
  '${events[0].payload}',
  '${events[2].payload.lines[7]["unit price"]}',
  '${events[1].output.id}',
  '${events[0].eventId} ${events[0].type} ${events[0].eventSourceId} ${events[0].sequenceNumber} ${events[0].status}',
  '${error.message} ${error.code} ${error.step} ${error.eventId}',
  '${sequence.sequenceId} ${sequence.name} ${sequence.version} ${sequence.description}',
  '${metadata.correlationId} ${metadata.causationId} ${metadata.source.name} ${metadata.tags["any tag"]}',
  '$${nothing[at all}',
])('%s can be rendered', (template) => {
  expect(problems(template)).toEqual([]);
});

test.each([
  ['${invoice.id}', 'unknown invoice; templates see events, error, sequence, metadata'],
  ['${toString}', 'unknown toString'],
  ['${events}', 'told by their place'],
  ['${events["0"].payload}', 'told by their place'],
  ['${events[3].payload.id}', 'there are 3 events, counted from 0'],
  ['${events[0]}', 'name a field of it'],
  ['${events[0].content.id}', 'unknown content'],
  ['${events[0].hasOwnProperty}', 'unknown hasOwnProperty'],
  ['${events[0].eventId.length}', 'eventId is one value'],
  ['${error.stack}', 'unknown stack'],
  ['${error[0]}', 'unknown 0'],
  ['${metadata}', 'name a field of it'],
  ['${events[0].payload.__proto__.x}', 'names __proto__'],
])('%s can never find anything', (template, reason) => {
  expect(problems(template)).toEqual([expect.stringContaining(reason)]);
});

test('every fault is told with its place', () => {
  const strategy: RollbackStrategy = {
    type: 'compensating_events',
    max_retries: 0,
    compensating_events: [
      { eventId: 'A', payload_template: { fine: '${error.code}' } },
      {
        eventId: 'B',
        payload_template: { lines: [{ text: 'no ${events[9].payload}' }], 'odd key': '${nope}', '${error.code}': 1 },
        event_source_id: '${error.message',
      },
    ],
  };
  const faults = checkTemplates(strategy, EVENTS, 'document.rollback_strategy');
  expect(faults.map(({ field }) => field.replace('document.rollback_strategy.compensating_events', ''))).toEqual([
    '[1].payload_template.lines[0].text',
    '[1].payload_template["odd key"]',
    '[1].payload_template["${error.code}"]',
    '[1].event_source_id',
  ]);
});

test.each<Json>(['text', 'Invoice ${error.code}', 7, null, ['${error.code}']])(
  'an event’s content is an object, which %j never becomes',
  (payload_template) => {
    const compensating_events = [{ eventId: 'A', payload_template }];
    expect(checkTemplates({ type: 'manual', max_retries: 0, compensating_events }, EVENTS, 's')).toEqual([
      { field: 's.compensating_events[0].payload_template', problem: expect.stringContaining('not an object') },
    ]);
  },
);

test('depth, bytes and expressions have limits', () => {
  expect(problems(nested(LIMITS.templateDepth))).toEqual([]);
  expect(checkTemplate(nested(LIMITS.templateDepth + 1), EVENTS, 't')).toMatchObject([
    { field: 't', limit: LIMITS.templateDepth, actual: LIMITS.templateDepth + 1 },
  ]);
  expect(checkTemplate(nested(80), EVENTS, 't')).toMatchObject([{ limit: LIMITS.templateDepth }]);
  expect(checkTemplate('x'.repeat(LIMITS.templateBytes - 2), EVENTS, 't')).toEqual([]);
  expect(checkTemplate('x'.repeat(LIMITS.templateBytes), EVENTS, 't')).toMatchObject([{ limit: LIMITS.templateBytes }]);
  expect(problems('${error.code}'.repeat(LIMITS.templateExpressions))).toEqual([]);
  expect(checkTemplate('${error.code}'.repeat(LIMITS.templateExpressions + 1), EVENTS, 't')).toMatchObject([
    { limit: LIMITS.templateExpressions, actual: LIMITS.templateExpressions + 1 },
  ]);
});
