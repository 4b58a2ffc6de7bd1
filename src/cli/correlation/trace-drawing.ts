/** A trace as a person sees it: a tree with the time of each event before it. Pure. */
import { traceTree, type TraceBranch, type TraceGap, type TraceNode } from '../../client';
import { shortTime } from '../event-lines';
import { plural, printable, type Colors } from '../terminal';
import { failureOf, gapOf, remarksOf, servicesOf, subjectOf, titleOf, whereOf, whoOf } from './trace-words';

/** Levels that are drawn, each three signs wide; beyond them a node says how deep it is. */
const LEVELS_DRAWN = 24;
/** Of `2026-03-01 12:00:00.000`. */
const TIME_SIGNS = 23;

export interface DrawingOptions {
  readonly colors: Colors;
  /** The event that was asked about, which is marked. */
  readonly asked?: string | undefined;
  /** Event ids at the end of each line. */
  readonly ids?: boolean | undefined;
}

interface Place {
  readonly branch: TraceBranch;
  readonly level: number;
  /** What stands before its own arm: the arms of those above it. */
  readonly before: string;
  readonly isLast: boolean;
}

/** The lines of the tree, then what it comes to and where nobody could look. */
export function traceDrawing(
  nodes: readonly TraceNode[],
  gaps: readonly TraceGap[],
  options: DrawingOptions,
): readonly string[] {
  const { colors } = options;
  const services = servicesOf(nodes);
  const lines: string[] = [];
  // A chain may have thousands of levels, so nothing here calls itself.
  const open: Place[] = traceTree(nodes)
    .map((branch) => ({ branch, level: 0, before: '', isLast: true }))
    .reverse();
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const { branch, level, before, isLast } = place;
    const { node, children } = branch;
    const under = level === 0 || level > LEVELS_DRAWN ? before : before + (isLast ? '   ' : '│  ');
    lines.push(`${timeOf(node, colors)}  ${armOf(place)}${wordsOf(node, services > 1, options)}`);
    const beside = children.length > 0 ? '│  ' : '   ';
    for (const failure of node.failures) {
      lines.push(`${' '.repeat(TIME_SIGNS)}  ${under}${beside}${colors.red(`✗ ${failureOf(failure)}`)}`);
    }
    const places = children.map((child, i) => ({
      branch: child,
      level: level + 1,
      before: under,
      isLast: i === children.length - 1,
    }));
    open.push(...places.reverse());
  }
  return [...lines, colors.dim(summaryOf(nodes, services)), ...gaps.map((gap) => colors.yellow(`! ${gapOf(gap)}`))];
}

function armOf({ level, before, isLast }: Place): string {
  if (level === 0) return '';
  const arm = isLast ? '└─ ' : '├─ ';
  return level > LEVELS_DRAWN ? `${before}${arm}(level ${level}) ` : before + arm;
}

const timeOf = ({ occurred }: TraceNode, colors: Colors): string =>
  colors.dim((occurred === undefined ? '' : shortTime(occurred)).padEnd(TIME_SIGNS));

function wordsOf(node: TraceNode, several: boolean, { colors, asked, ids }: DrawingOptions): string {
  const title = titleOf(node);
  const painted = node.kind === 'missing' ? colors.yellow(title) : isSequence(node) ? title : colors.cyan(title);
  const isAsked = asked !== undefined && node.eventId === asked && !isSequence(node);
  const words = [
    isAsked ? `${colors.bold(painted)} ◀` : painted,
    colors.green(subjectOf(node)),
    colors.dim(whereOf(node, several)),
    whoOf(node),
    ...remarksOf(node).map(({ text, bad }) => (bad ? colors.red(text) : colors.yellow(text))),
    ids === true && node.kind === 'event' ? colors.dim(printable(node.eventId)) : '',
  ];
  return words.filter((text) => text !== '').join('  ');
}

const isSequence = ({ kind }: TraceNode): boolean => kind === 'ordered-sequence' || kind === 'step';

/** `12 events, 1 missing, 2 services`. */
function summaryOf(nodes: readonly TraceNode[], services: number): string {
  const of = (...kinds: readonly TraceNode['kind'][]): number =>
    nodes.filter(({ kind }) => kinds.includes(kind)).length;
  const missing = of('missing');
  const sequences = of('ordered-sequence');
  return [
    plural(of('event', 'unspecified'), 'event'),
    ...(missing === 0 ? [] : [`${missing} missing`]),
    ...(sequences === 0 ? [] : [plural(sequences, 'ordered sequence')]),
    ...(services > 1 ? [plural(services, 'service')] : []),
  ].join(', ');
}
