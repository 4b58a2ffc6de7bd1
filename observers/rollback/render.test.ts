import fc from 'fast-check';
import { calculateObjectSize } from 'bson';
import { LIMITS } from '../../src/kernel/limits';
import type { Json } from '../../src/contract/sequence-document';
import { render, renderBudget, renderText } from './render';
import type { TemplateScope } from './scope';

const invoice = {
  invoice_id: 'inv-7',
  total: 12.5,
  paid: false,
  note: null,
  lines: [{ sku: 'a' }, { sku: 'b' }],
  __proto: 1,
};

const scope = (payload: Json = invoice): TemplateScope => ({
  events: [
    { eventId: 'e0', status: 'processed', payload, type: 'InvoiceEvents.created', eventSourceId: 'inv-7' },
    { eventId: 'e1', status: 'pending' },
  ],
  error: { message: 'ledger closed', code: 'ledger.closed', step: 1, eventId: 'e1' },
  sequence: { sequenceId: 's', name: 'Invoices', version: '1.0.0', description: '' },
  metadata: { correlationId: 'c', causationId: '', source: { type: 'workflow', id: 'w', name: '' }, tags: { a: 'b' } },
});

const rendered = (template: Json, from = scope()): Json => {
  const result = render(template, from, 'template');
  if ('faults' in result) throw new Error(result.faults.join('\n'));
  return result.value;
};
const faults = (template: Json, from = scope()): readonly string[] => {
  const result = render(template, from, 'template');
  return 'faults' in result ? result.faults : [];
};

test('alone in a string a value keeps its type', () => {
  const template = {
    id: '${events[0].payload.invoice_id}',
    total: '${events[0].payload.total}',
    paid: '${events[0].payload.paid}',
    note: '${events[0].payload.note}',
    all: '${events[0].payload.lines}',
    second: '${events[0].payload.lines[1]}',
    tags: '${metadata.tags}',
    step: '${error.step}',
  };
  expect(rendered(template)).toEqual({
    id: 'inv-7',
    total: 12.5,
    paid: false,
    note: null,
    all: [{ sku: 'a' }, { sku: 'b' }],
    second: { sku: 'b' },
    tags: { a: 'b' },
    step: 1,
  });
});

test('inside text a scalar becomes text, at any depth', () => {
  const template = { a: [[{ b: 'Sequence failure: ${error.message} (${events[0].payload.total}/${error.step})' }]] };
  expect(rendered(template)).toEqual({ a: [[{ b: 'Sequence failure: ledger closed (12.5/1)' }]] });
  expect(rendered('$${error.message} is ${events[0].payload.paid}')).toBe('${error.message} is false');
});

test('what a value holds is not rendered again', () => {
  expect(rendered('${events[0].payload.x}', scope({ x: '${error.message}' }))).toBe('${error.message}');
});

test('every expression that finds nothing is told, and then there is no value', () => {
  expect(
    faults({
      id: '${events[0].payload.number}',
      'odd key': ['${events[1].payload.id}'],
      out: '${events[0].output}',
      text: 'x ${events[0].payload.lines[2]} ${events[0].payload.invoice_id.length}',
      other: '${events[0].payload.lines.length}',
      fine: '${error.code}',
    }),
  ).toEqual([
    'template.id: ${events[0].payload.number} finds nothing: events[0].payload has no number',
    'template["odd key"][0]: ${events[1].payload.id} finds nothing: events[1] is not on the log, or its content is gone',
    'template.out: ${events[0].output} finds nothing: events[0] handed nothing back',
    'template.text: ${events[0].payload.lines[2]} finds nothing: events[0].payload.lines has no [2]',
    'template.text: ${events[0].payload.invoice_id.length} finds nothing: events[0].payload.invoice_id has no length',
    'template.other: ${events[0].payload.lines.length} finds nothing: events[0].payload.lines has no length',
  ]);
});

test.each([
  ['${events[0].payload.lines}', 'an array'],
  ['${metadata.tags}', 'an object'],
  ['${events[0].payload.note}', 'null'],
])('inside text %s is a fault', (expression, what) => {
  expect(faults(`text ${expression}`)).toEqual([
    `template: ${expression} is ${what}, which does not stand inside text`,
  ]);
});

test('without a failure there is no error to speak of', () => {
  const { error: _, ...calm } = scope();
  expect(faults('${error.message}', calm)).toEqual(['template: ${error.message} finds nothing: nothing has failed']);
});

test('nothing but own properties is found', () => {
  for (const name of ['toString', 'hasOwnProperty', 'valueOf', 'length', '__defineGetter__']) {
    expect(faults(`\${events[0].payload.${name}}`)).toHaveLength(1);
    expect(faults(`\${${name}}`)).toHaveLength(1);
  }
  expect(faults('${events[0].payload["__proto__"]}')).toEqual([expect.stringContaining('no template may')]);
});

test('a key such as __proto__ is a key like any other, and changes no prototype', () => {
  const template = JSON.parse('{"__proto__":{"polluted":"${error.code}"},"constructor":1}') as Json;
  const value = rendered(template);
  expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":"ledger.closed"},"constructor":1}');
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  expect('polluted' in {}).toBe(false);
});

test('text is made also of an expression that stands alone', () => {
  expect(renderText('${events[0].payload.total}', scope(), 't')).toEqual({ value: '12.5' });
  expect(renderText('${metadata.tags}', scope(), 't')).toMatchObject({ faults: [expect.any(String)] });
});

describe('what is rendered is bounded', () => {
  const half = 'x'.repeat(LIMITS.renderedBytes / 2 - 100);

  test('in bytes, over all renderings that share a budget', () => {
    const budget = renderBudget();
    expect(render({ a: half }, scope(), 'first', budget)).toEqual({ value: { a: half } });
    expect(render({ a: half }, scope(), 'second', budget)).toEqual({ value: { a: half } });
    expect(render({ a: half }, scope(), 'third', budget)).toEqual({ faults: [expect.stringContaining('third.a: ')] });
  });

  test('also when a large value is asked for many times, alone or in text', () => {
    const large = scope({ text: half, list: [half] });
    const alone = Array.from({ length: 1000 }, () => '${events[0].payload.list}');
    expect(faults({ alone }, large)).toEqual([expect.stringContaining('template.alone[2]: what is rendered')]);
    expect(faults('${events[0].payload.text}'.repeat(100), large)).toHaveLength(1);
  });

  test('in depth', () => {
    let deep: Json = 1;
    for (let level = 0; level < LIMITS.contentDepth - 2; level++) deep = [deep];
    expect(faults({ a: '${events[0].payload}' }, scope(deep))).toEqual([expect.stringContaining('levels deep')]);
    expect(faults([[[deep]]])).toEqual([expect.stringContaining('levels deep')]);
  });
});

/** JSON without `${`, whose numbers come back the same. */
const plainText = fc.string().map((text) => text.replaceAll('$', 'S'));
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    plainText,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(plainText, fc.constantFrom('__proto__', 'constructor', 'toString')), tie('json'), {
      maxKeys: 4,
    }),
  ),
}));

test('a template without expressions is rendered as it is, whatever JSON it is', () => {
  fc.assert(fc.property(json, (template) => expect(JSON.stringify(rendered(template))).toBe(JSON.stringify(template))));
});

test('any value that is found alone is that value, with its type', () => {
  fc.assert(
    fc.property(json, (value) => expect(rendered(['${events[0].payload.v}'], scope({ v: value }))).toEqual([value])),
  );
});

test('no more bytes are written than were counted', () => {
  fc.assert(
    fc.property(json, json, (template, payload) => {
      const budget = renderBudget();
      const result = render({ template, found: '${events[0].payload}' }, scope(payload), 't', budget);
      if ('faults' in result) throw new Error(result.faults.join());
      const spent = LIMITS.renderedBytes - budget.left;
      expect(calculateObjectSize(result.value as object)).toBeLessThanOrEqual(spent);
    }),
  );
});

test('any template is rendered or refused, never thrown at', () => {
  const expression = fc.constantFrom(
    '${',
    '${events[0]',
    '.payload',
    '["__proto__"]',
    '.toString',
    '}',
    '$${',
    'a',
    '[0]',
  );
  const text = fc.array(expression, { maxLength: 8 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(fc.dictionary(text, fc.oneof(text, fc.array(text))), json, (template, payload) => {
      const result = render(template, scope(payload), 't');
      expect('value' in result || result.faults.length > 0).toBe(true);
      expect('polluted' in {}).toBe(false);
    }),
    { numRuns: 200 },
  );
});
