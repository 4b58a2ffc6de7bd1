import fc from 'fast-check';
import { LIMITS } from '../../src/kernel/limits';
import { parseTemplate } from './template';

const parts = (text: string) => {
  const parsed = parseTemplate(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  return parsed.parts.map((part) => (typeof part === 'string' ? part : part.steps));
};
const problem = (text: string) => {
  const parsed = parseTemplate(text);
  return 'problem' in parsed ? parsed.problem : undefined;
};

test('an expression is a way of names and indexes through what a template may see', () => {
  expect(parts('${events[0].payload.invoice_id}')).toEqual([['events', 0, 'payload', 'invoice_id']]);
  expect(parts('${events[12].output["line items"][3]}')).toEqual([['events', 12, 'output', 'line items', 3]]);
  expect(parts('${metadata.tags["a\\"b]}"]}')).toEqual([['metadata', 'tags', 'a"b]}']]);
});

test('text around expressions stays as it is', () => {
  expect(parts('Sequence failure: ${error.message}')).toEqual(['Sequence failure: ', ['error', 'message']]);
  expect(parts('${error.code}${error.step}!')).toEqual([['error', 'code'], ['error', 'step'], '!']);
  expect(parts('')).toEqual([]);
  expect(parts('5 $ and {6}')).toEqual(['5 $ and {6}']);
});

test('$${ is a plain ${, and what follows it is text', () => {
  expect(parts('write $${error.message} for ${error.code}')).toEqual([
    'write ${error.message} for ',
    ['error', 'code'],
  ]);
  expect(parts('$$${x}')).toEqual(['$${x}']);
});

test.each([
  ['${}', 'no name here'],
  ['${ error.message }', 'no name here'],
  ['${error.message', 'does not end'],
  ['${error.', 'does not end'],
  ['${error message}', "neither '.', '[' nor '}'"],
  ['${1 + 1}', 'no name here'],
  ['${error.message()}', "neither '.', '[' nor '}'"],
  ['${events[-1].payload}', 'neither a number nor a name'],
  ['${events[0}', "no ']'"],
  ['${events[12345678]}', 'digits'],
  ['${events["a}', 'do not end'],
  ['${events["\\x"]}', 'not JSON text'],
  ['${events[0].payload.__proto__}', 'names __proto__'],
  ['${constructor}', 'names constructor'],
  ['${events["prototype"]}', 'names prototype'],
  ['${events["\\u005f_proto__"]}', 'names __proto__'],
  [`\${a${'.b'.repeat(LIMITS.templateSteps)}}`, `more than ${LIMITS.templateSteps}`],
])('%s is refused', (text, reason) => {
  expect(problem(text)).toContain(reason);
});

test('any text is parsed or refused, never thrown at', () => {
  const piece = fc.constantFrom('${', '$${', '}', '.', '[', ']', '"', '\\', '0', 'events', '$', ' ', 'é');
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string()), { maxLength: 30 }), (pieces) => {
      const parsed = parseTemplate(pieces.join(''));
      expect('parts' in parsed || parsed.problem.startsWith('has the expression ${')).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test('text without a dollar sign comes back whole', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('$') && text !== ''),
      (text) => expect(parts(text)).toEqual([text]),
    ),
  );
});
