/** A trace in the languages of drawing programs: Graphviz and Mermaid. Pure; whatever an event says stays a label. */
import type { TraceGap, TraceNode } from '../../client';
import { shortTime } from '../event-lines';
import { printable } from '../terminal';
import { failureOf, gapOf, remarksOf, servicesOf, subjectOf, titleOf, whereOf, whoOf } from './trace-words';

interface Element {
  /** A name of our own: an event id may be anything. */
  readonly name: string;
  readonly node: TraceNode;
  readonly label: readonly string[];
  readonly bad: boolean;
  /** The element that caused it. */
  readonly cause: string | undefined;
}

function elementsOf(nodes: readonly TraceNode[]): Element[] {
  const names = new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
  const several = servicesOf(nodes) > 1;
  return nodes.map((node, i) => {
    const remarks = remarksOf(node);
    const facts = [
      titleOf(node),
      subjectOf(node),
      whereOf(node, several),
      node.occurred === undefined ? '' : shortTime(node.occurred),
      whoOf(node),
      ...remarks.map(({ text }) => text),
      ...node.failures.map(failureOf),
    ];
    return {
      name: `n${i}`,
      node,
      label: facts.filter((fact) => fact !== ''),
      bad: node.failures.length > 0 || remarks.some(({ bad }) => bad),
      cause: node.parentId === '' ? undefined : names.get(node.parentId),
    };
  });
}

const DOT_SHAPES: Readonly<Record<TraceNode['kind'], string>> = {
  unspecified: 'shape=box',
  event: 'shape=box',
  missing: 'shape=box, style=dashed',
  'ordered-sequence': 'shape=component',
  step: 'shape=box, style=rounded',
};

/** For `dot -Tsvg`. */
export function traceDot(nodes: readonly TraceNode[], gaps: readonly TraceGap[]): string[] {
  const elements = elementsOf(nodes);
  return [
    'digraph trace {',
    '  node [fontname="sans-serif"];',
    ...gaps.map((gap) => `  // ${gapOf(gap)}`),
    ...elements.map(({ name, node, label, bad }) => {
      const tooltip = node.eventId === '' ? '' : `, tooltip=${dotText([printable(node.eventId)])}`;
      const color = bad ? ', color=red' : '';
      return `  ${name} [label=${dotText(label)}, ${DOT_SHAPES[node.kind]}${color}${tooltip}];`;
    }),
    ...elements.flatMap(({ name, cause }) => (cause === undefined ? [] : [`  ${cause} -> ${name};`])),
    '}',
  ];
}

/** A quoted string of DOT, in which a quote ends it and a backslash begins an escape of its own. */
const dotText = (lines: readonly string[]): string =>
  `"${lines.map((line) => line.replace(/["\\]/g, '\\$&')).join('\\n')}"`;

const MERMAID_SHAPES: Readonly<Record<TraceNode['kind'], readonly [string, string]>> = {
  unspecified: ['[', ']'],
  event: ['[', ']'],
  missing: ['[', ']:::missing'],
  'ordered-sequence': ['[[', ']]'],
  step: ['([', '])'],
};

/** For Markdown that draws it, or `mmdc`. */
export function traceMermaid(nodes: readonly TraceNode[], gaps: readonly TraceGap[]): string[] {
  const elements = elementsOf(nodes);
  return [
    'flowchart TD',
    ...gaps.map((gap) => `  %% ${mermaidText(gapOf(gap))}`),
    ...elements.map(({ name, node, label }) => {
      const [open, close] = MERMAID_SHAPES[node.kind];
      return `  ${name}${open}"${label.map(mermaidText).join('<br/>')}"${close}`;
    }),
    ...elements.flatMap(({ name, cause }) => (cause === undefined ? [] : [`  ${cause} --> ${name}`])),
    ...elements.flatMap(({ name, bad }) => (bad ? [`  class ${name} bad`] : [])),
    '  classDef missing stroke-dasharray: 5 5',
    '  classDef bad stroke:red',
  ];
}

/** What Mermaid, its Markdown or the HTML behind it would take for their own, as `#<code point>;`. */
const MERMAID_OWN = /["#&<>;`*_~\\{}[\]|%$']/g;

const mermaidText = (line: string): string => line.replace(MERMAID_OWN, (sign) => `#${sign.charCodeAt(0)};`);
