/** `annals trace`: a whole operation as a tree, by the id of one of its events or by its correlation id. */
import type { Command } from 'commander';
import type { Annals, Trace, TraceAbout, TraceGap } from '../../client';
import { positiveNumber, withAnnals } from '../connection-options';
import { UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import {
  addNodesOptions,
  begun,
  checkForm,
  FORMS_HELP,
  notFound,
  reachOf,
  showNodes,
  type NodesOptions,
} from './nodes-shown';

interface TraceOptions extends NodesOptions {
  readonly event?: boolean;
  readonly correlation?: boolean;
  readonly sequenceLog?: boolean;
  readonly limit?: number;
}

/** Nodes drawn unless the caller says otherwise: a screen has room for a part of them already. */
const NODES_DRAWN = 1_000;
/** Nodes that one call brings. */
const NODES_PER_PAGE = 1_000;

const EXAMPLES = `
Examples:
  annals trace 0197a3c2-5b1e-7c44-9d3e-0a1b2c3d4e5f    what is around an event
  annals trace order-17-checkout                       everything under a correlation id
  annals trace order-17-checkout --peer annals://mail:4400
  annals trace order-17-checkout --dot | dot -Tsvg > trace.svg
  annals trace order-17-checkout --mermaid             for Markdown that draws it
  annals trace order-17-checkout --json | jq -r 'select(.kind == "missing").eventId'

The id is looked for as an event's, then as a correlation id. ${NODES_DRAWN} nodes are drawn unless --limit says otherwise.
\`annals causes\` and \`annals effects\` look one way alone.
Mermaid draws up to 500 arrows unless its \`maxEdges\` is raised.
${FORMS_HELP}`;

export function addTrace(program: Command, invocation: Invocation): void {
  const command = program
    .command('trace')
    .description('show what caused what in an operation, as a tree across services')
    .argument('<id>', 'an event id or a correlation id')
    .option('--event', 'the id is an event’s')
    .option('--correlation', 'the id is a correlation id')
    .option('--sequence-log', 'also what the log of ordered sequences says, an event each')
    .option('--limit <number>', `nodes to show (default ${NODES_DRAWN}, with --json all)`, positiveNumber)
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: TraceOptions) => trace(id, options, invocation));
  addNodesOptions(command);
}

async function trace(id: string, options: TraceOptions, invocation: Invocation): Promise<void> {
  checkForm(options);
  const { event = false, correlation = false } = options;
  if (event && correlation) throw new UsageError('an id is an event’s or a correlation id', 'Give one of the two.');
  const limit = options.limit ?? (options.json === true ? undefined : NODES_DRAWN);
  const abouts: TraceAbout[] = [...(correlation ? [] : [{ eventId: id }]), ...(event ? [] : [{ correlationId: id }])];
  await withAnnals(options, async (annals) => {
    const gaps = new Map<string, TraceGap>();
    for (const about of abouts) {
      const found = await begun(traceOf(annals, about, options, invocation.signal));
      if ('head' in found) {
        await showNodes(found, options, invocation, { asked: about.eventId, limit });
        return;
      }
      for (const gap of found.gaps) gaps.set(gap.where, gap);
    }
    const what = event ? 'no event has the id' : correlation ? 'no event is under' : 'no event has the id or is under';
    throw notFound(what, id, [...gaps.values()]);
  });
}

function traceOf(
  annals: Annals,
  about: TraceAbout,
  { limit = NODES_PER_PAGE, sequenceLog, ...options }: TraceOptions,
  signal: AbortSignal,
): Trace {
  const pageSize = Math.min(limit + 1, NODES_PER_PAGE);
  return annals.correlation.trace({ ...about, ...reachOf(options), sequenceLog, pageSize, signal });
}
