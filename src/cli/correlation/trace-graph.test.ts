/** A trace for drawing programs: whatever an event says stays a label. */
import fc from 'fast-check';
import { identity, node, sighting } from '../../client/correlation/trace-node.testing';
import { traceDot, traceMermaid } from './trace-graph';

const gaps = [{ where: 'annals://mail:4400', reason: 'nobody\nanswers' }];
const nodes = [
  node('a', '', { type: 'order.placed', occurred: new Date(0), sightings: [sighting('event-log', 12)] }),
  node('gone', 'a', { kind: 'missing' }),
  node('b', 'a', { failures: [{ observer: 'mailer', attempts: 1, message: 'no', quarantined: false, at: undefined }] }),
];

it('Graphviz: an element a node, an arrow from cause to effect', () => {
  expect(traceDot(nodes, gaps)).toEqual([
    'digraph trace {',
    '  node [fontname="sans-serif"];',
    '  // could not look at annals://mail:4400: nobody\\u000aanswers',
    '  n0 [label="order.placed\\nevent-log 12\\n1970-01-01 00:00:00.000", shape=box, tooltip="a"];',
    '  n1 [label="missing gone", shape=box, style=dashed, tooltip="gone"];',
    '  n2 [label="type-b\\nmailer failed 1 time: no", shape=box, color=red, tooltip="b"];',
    '  n0 -> n1;',
    '  n0 -> n2;',
    '}',
  ]);
});

it('Mermaid: the same as a flowchart', () => {
  expect(traceMermaid(nodes, gaps)).toEqual([
    'flowchart TD',
    '  %% could not look at annals://mail:4400: nobody#92;u000aanswers',
    '  n0["order.placed<br/>event-log 12<br/>1970-01-01 00:00:00.000"]',
    '  n1["missing gone"]:::missing',
    '  n2["type-b<br/>mailer failed 1 time: no"]',
    '  n0 --> n1',
    '  n0 --> n2',
    '  class n2 bad',
    '  classDef missing stroke-dasharray: 5 5',
    '  classDef bad stroke:red',
  ]);
});

it('quotes, backslashes and markup are taken out of force', () => {
  const hostile = [node('q', '', { type: '"]; x["\\N', eventSourceId: '`<b>&#34;' })];
  expect(traceDot(hostile, [])[2]).toBe('  n0 [label="\\"]; x[\\"\\\\N\\n`<b>&#34;", shape=box, tooltip="q"];');
  expect(traceMermaid(hostile, [])[1]).toBe('  n0["#34;#93;#59; x#91;#34;#92;N<br/>#96;#60;b#62;#38;#35;34#59;"]');
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('"', '\\', '\\"', '\n', '"]', '%%'),
);

it('whatever it says: a line each, one quoted label that ends where it should', () => {
  fc.assert(
    fc.property(anyText, anyText, anyText, (type, id, name) => {
      const one = [node(id, '', { type, eventSourceId: name, causedBy: identity(name, { name: type }) })];
      const dot = traceDot(one, []);
      expect(dot).toHaveLength(4);
      expect(dot[2]).toMatch(
        /^ {2}n0 \[label="(?:[^"\\\n\r]|\\.)*", shape=box(?:, tooltip="(?:[^"\\\n\r]|\\.)*")?\];$/u,
      );
      const mermaid = traceMermaid(one, []);
      expect(mermaid).toHaveLength(4);
      expect(mermaid[1]).toMatch(/^ {2}n0\["(?:[^"#&<>`\\[\]{}\n\r]|#\d+;|<br\/>)*"\]$/u);
    }),
    { numRuns: 200 },
  );
});

it('a node whose cause is not shown has no arrow', () => {
  expect(traceDot([node('b', 'elsewhere')], []).some((line) => line.includes('->'))).toBe(false);
});
