/** A link as a person sees it, and as a program does: pure. */
import type { HeldPartition, LinkInfo, Proof, ProofRange } from '../../client';
import { partitionName, perSecond } from '../observers/observer-lines';
import { span } from '../span';
import { table } from '../table';
import { clip, count, plural, printable, type Colors } from '../terminal';

const HEADING = ['LINK', 'STATE', 'SOURCE', 'POSITION', 'LAG', 'AGE', 'RATE', 'HELD', 'SKIPPED'];

/** Signs of what stands against a link, in its line. */
const ERROR_LENGTH = 200;

/** One row for each link; what stands against it is said behind its row. */
export function linkTable(links: readonly LinkInfo[], colors: Colors): string[] {
  const rows = links.map((link) => [
    link.id,
    link.state,
    sourceWords(link),
    String(link.position),
    count(link.lagEvents),
    link.lagMs === undefined ? '-' : span(link.lagMs),
    perSecond(link.rate),
    link.heldPartitions === 0 ? '-' : count(link.heldPartitions),
    link.skipped === 0 ? '-' : count(link.skipped),
  ]);
  const [heading = '', ...lines] = table(HEADING, rows, colors);
  return [
    heading,
    ...lines.flatMap((line, i) => {
      const link = links[i];
      if (link === undefined) return [];
      const error = link.lastError === '' ? [] : [colors.red(`  ${clip(printable(link.lastError), ERROR_LENGTH)}`)];
      return [needsAPerson(link) ? colors.red(line) : line, ...error];
    }),
  ];
}

const needsAPerson = ({ state, heldPartitions }: LinkInfo): boolean => state === 'faulted' || heldPartitions > 0;

/** `shop/default/outbox`, or with its servers where it is elsewhere. */
export function sourceWords({ definition: { source } }: LinkInfo): string {
  const { connection, store, namespace, sequence } = source;
  return connection === '' ? `${store}/${namespace}/${sequence}` : `${connection} ${sequence}`;
}

/** What scripts get: seconds beside events, and null where there is nothing. */
export const linkJson = ({ lagMs, sourceTail, ...link }: LinkInfo): string =>
  JSON.stringify({ ...link, sourceTail: sourceTail ?? null, lagSeconds: lagMs === undefined ? null : lagMs / 1000 });

/** Signs of a message in its line. */
const MESSAGE_LENGTH = 200;

export function heldLines({ partition, from, events, attempts, violations }: HeldPartition, colors: Colors): string[] {
  return [
    `${colors.bold(printable(partitionName(partition)))}  stands at ${from}, ${plural(events, 'event')} waiting, ${plural(attempts, 'attempt')}`,
    ...violations.map(({ code, message }) => `  ${colors.red(clip(printable(`${code}: ${message}`), MESSAGE_LENGTH))}`),
  ];
}

/** `120–134  in the inbox at 7`. */
export function rangeLine({ from, to, outcome, inboxFrom, detail }: ProofRange, colors: Colors): string {
  const numbers = from === to ? String(from) : `${from}–${to}`;
  const at = inboxFrom === undefined ? '' : ` at ${inboxFrom}`;
  const line = `${numbers}  ${outcome}${at}${detail === '' ? '' : `  ${printable(detail)}`}`;
  return outcome === 'missing' || outcome === 'conflicting' ? colors.red(line) : line;
}

/** What was found, a fact a line. */
export function proofLines(proof: Proof, colors: Colors): string[] {
  const { from, to } = proof;
  const range = to === undefined ? 'nothing to look at' : `source numbers ${from}–${to}`;
  const counts: [string, number][] = [
    ['in the inbox', proof.inInbox],
    ['filtered out', proof.filtered],
    ['held', proof.held],
    ['skipped', proof.skipped],
    ['pending', proof.pending],
    ['missing', proof.missing],
    ['conflicting', proof.conflicting],
    ['out of order', proof.outOfOrder],
  ];
  const width = Math.max(...counts.map(([name]) => name.length));
  return [
    range,
    ...counts.filter(([, n]) => n > 0).map(([name, n]) => `  ${colors.dim(name.padEnd(width))}  ${count(n)}`),
    proof.proven
      ? colors.green('Proven: nothing is missing, nothing is out of order.')
      : colors.red('Not proven: see what is missing, conflicting or out of order.'),
  ];
}
