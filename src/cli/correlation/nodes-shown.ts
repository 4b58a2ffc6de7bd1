/** What `trace`, `causes` and `effects` have in common: how far they look, and in which form they show what they find. */
import type { Command } from 'commander';
import { AnnalsError, type ReachOptions, type Trace, type TraceGap, type TraceNode } from '../../client';
import { addStoreOptions, collect, positiveNumber, type StoreOptions } from '../connection-options';
import { UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { traceDrawing } from './trace-drawing';
import { traceDot, traceMermaid } from './trace-graph';
import { gapOf } from './trace-words';

export interface NodesOptions extends StoreOptions {
  readonly local?: boolean;
  readonly peer?: readonly string[];
  readonly hops?: number;
  readonly dot?: boolean;
  readonly mermaid?: boolean;
  readonly ids?: boolean;
}

export const addNodesOptions = (command: Command): Command =>
  addStoreOptions(
    command
      .option('--local', 'stay in the namespace: follow no link')
      .option(
        '--peer <connection>',
        'ask this server too, which may have taken from here: annals://host:port (again for others)',
        collect,
      )
      .option('--hops <number>', 'servers that may be behind each other (default 8)', positiveNumber)
      .option('--ids', 'show event ids too')
      .option('--dot', 'write a graph for Graphviz')
      .option('--mermaid', 'write a flowchart for Mermaid'),
  );

/** How the forms are told apart, for a verb's help. */
export const FORMS_HELP = `
--json writes a node a line, then a line with what could not be looked at. What was named as a cause and is found nowhere
is shown as missing. --server is asked first and follows the links of its namespaces, to other servers too; those that
take from it are not known to it, so that --peer names them, with /STORE?namespace=… for one namespace alone.`;

/** @throws UsageError when more than one form is asked for */
export function checkForm({ json = false, dot = false, mermaid = false }: NodesOptions): void {
  if ([json, dot, mermaid].filter((wanted) => wanted).length > 1) {
    throw new UsageError('--json, --dot and --mermaid stand beside each other', 'Give one of them.');
  }
}

export const reachOf = ({ local, peer, hops }: NodesOptions): ReachOptions => ({ local, peers: peer, hops });

/** A trace whose first nodes were taken from it. */
export interface Begun {
  readonly trace: Trace;
  readonly head: readonly TraceNode[];
}

/** What a trace begins with; where it has nothing but what was asked about, and that is missing, where nobody could look. */
export async function begun(trace: Trace): Promise<Begun | { readonly gaps: readonly TraceGap[] }> {
  const head: TraceNode[] = [];
  try {
    for (let next = await trace.next(); next.done !== true; next = await trace.next()) {
      head.push(next.value);
      if (head.length === 2) return { trace, head };
    }
  } catch (error) {
    if (!(error instanceof AnnalsError) || error.code !== 'EVENT_NOT_FOUND') throw error;
  }
  const [only] = head;
  return only === undefined || only.kind === 'missing' ? { gaps: trace.gaps } : { trace, head };
}

/** @param what such as `no event has the id`. */
export const notFound = (what: string, id: string, gaps: readonly TraceGap[]): AnnalsError =>
  new AnnalsError('EVENT_NOT_FOUND', [`${what} ${id}`, ...gaps.map(gapOf)].join('; '));

/** Shows what is around one event. @throws AnnalsError EVENT_NOT_FOUND */
export async function showAround(
  id: string,
  trace: Trace,
  options: NodesOptions,
  invocation: Invocation,
): Promise<void> {
  const found = await begun(trace);
  if ('gaps' in found) throw notFound('no event has the id', id, found.gaps);
  await showNodes(found, options, invocation, { asked: id });
}

export interface Shown {
  readonly asked?: string | undefined;
  /** Nodes that are shown at most: a drawing is made of all of them at once. */
  readonly limit?: number | undefined;
}

export async function showNodes(
  { trace, head }: Begun,
  options: NodesOptions,
  invocation: Invocation,
  { asked, limit = Infinity }: Shown,
): Promise<void> {
  const { output, colors, errorColors } = invocation;
  const isJson = options.json === true;
  const kept: TraceNode[] = [];
  let shown = 0;
  let isWhole = true;
  for await (const node of chained(head, trace)) {
    if (shown === limit) {
      isWhole = false;
      break;
    }
    shown++;
    if (isJson) await output.line(nodeJson(node));
    else kept.push(node);
  }
  const { gaps } = trace;
  const lines = isJson
    ? [JSON.stringify({ nodes: shown, whole: isWhole, gaps })]
    : options.dot === true
      ? traceDot(kept, gaps)
      : options.mermaid === true
        ? traceMermaid(kept, gaps)
        : traceDrawing(kept, gaps, { colors, asked, ids: options.ids });
  for (const line of lines) await output.line(line);
  if (!isWhole && !isJson) invocation.note(errorColors.dim('There is more: see --limit, or --json for all of it.'));
}

async function* chained(head: readonly TraceNode[], trace: Trace): AsyncGenerator<TraceNode> {
  yield* head;
  yield* trace;
}

/** For programs: null where there is nothing. */
const nodeJson = ({ causedBy, occurred, part, announcement, ...node }: TraceNode): string =>
  JSON.stringify({
    ...node,
    occurred: occurred ?? null,
    causedBy: causedBy ?? null,
    part: part ?? null,
    announcement: announcement ?? null,
  });
