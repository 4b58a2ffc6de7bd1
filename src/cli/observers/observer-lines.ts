/** An observer as a person sees it, and as a program does: pure. */
import type { ObserverInfo, ReplayProgress } from '../../client';
import { table } from '../table';
import { count, printable, type Colors } from '../terminal';
import { progress } from '../progress';
import { span } from '../span';

/** Events that it is behind at most; none when what lies between is not for it. */
export const lagEvents = (observer: ObserverInfo): number => (observer.lagMs === undefined ? 0 : observer.lagEvents);

/** `1,234/s`, with a decimal where that says more. */
export function perSecond(rate: number): string {
  if (rate === 0) return '-';
  return `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s`;
}

/** A partition as it can be typed again: the empty one is a name, too. */
export const partitionName = (partition: string): string => (partition === '' ? "''" : partition);

const HEADING = ['OBSERVER', 'STATE', 'POSITION', 'LAG', 'AGE', 'RATE', 'FAILED', 'CLIENTS'];

/** One row for each observer; a replay says how far it is behind its row. */
export function observerTable(observers: readonly ObserverInfo[], colors: Colors): string[] {
  const rows = observers.map((observer) => [
    observer.id,
    observer.state,
    String(observer.position),
    count(lagEvents(observer)),
    observer.lagMs === undefined ? '-' : span(observer.lagMs),
    perSecond(observer.rate),
    observer.failedPartitions === 0 ? '-' : count(observer.failedPartitions),
    observer.clients.length === 0 ? '-' : count(observer.clients.length),
  ]);
  const [heading = '', ...lines] = table(HEADING, rows, colors);
  return [
    heading,
    ...lines.flatMap((line, index) => {
      const observer = observers[index];
      if (observer === undefined) return [];
      const replay = observer.replay === undefined ? [] : [`  replay  ${colors.cyan(progress(observer.replay))}`];
      return [needsAPerson(observer) ? colors.red(line) : line, ...replay];
    }),
  ];
}

const needsAPerson = ({ state, failedPartitions }: ObserverInfo): boolean =>
  state === 'quarantined' || failedPartitions > 0;

/** Everything about one observer, a fact a line. */
export function observerFacts(observer: ObserverInfo, colors: Colors): string[] {
  const { definition, replay, clients, failedPartitions } = observer;
  const lag = lagEvents(observer);
  const facts: [string, string][] = [
    ['state', observer.state],
    ['sequence', definition.sequence],
    ['events', filterWords(observer)],
    ['partitions', partitionWords(observer)],
    ['position', `${observer.position}${observer.tail === undefined ? '' : `, the last event is ${observer.tail}`}`],
    ['lag', lag === 0 ? 'none' : `at most ${count(lag)} events, the oldest of them ${span(observer.lagMs ?? 0)} old`],
    ['rate', observer.rate === 0 ? 'none in the last ten seconds' : perSecond(observer.rate)],
    ['failed', failedPartitions === 0 ? 'no partition' : `${count(failedPartitions)} partitions`],
    ['clients', clients.length === 0 ? 'none' : clients.map(clientWords).join(', ')],
    ['owner', observer.ownerAddress || 'none'],
  ];
  if (replay !== undefined) facts.push(['replay', `${rangeWords(replay)}: ${progress(replay)}`]);
  const width = Math.max(...facts.map(([name]) => name.length));
  return [
    colors.bold(printable(observer.id)),
    ...facts.map(([name, fact]) => `  ${colors.dim(name.padEnd(width))}  ${printable(fact)}`),
  ];
}

const clientWords = ({ name, inFlight }: ObserverInfo['clients'][number]): string =>
  `${name} (${count(inFlight)} on their way)`;

const rangeWords = ({ from, to, partition }: ReplayProgress): string =>
  `numbers ${from}–${to}${partition === undefined ? '' : ` of ${partitionName(partition)}`}`;

function filterWords({ definition }: ObserverInfo): string {
  if (definition.filters.length === 0) return 'all';
  const parts = definition.filters.map(({ types = [], eventSourceIds = [], tags = [], correlationId }) =>
    [
      ...(types.length > 0 ? [types.join(', ')] : []),
      ...(eventSourceIds.length > 0 ? [`about ${eventSourceIds.join(', ')}`] : []),
      ...(tags.length > 0 ? [`tagged ${tags.join(' and ')}`] : []),
      ...(correlationId === undefined ? [] : [`of the operation ${correlationId}`]),
    ].join(', '),
  );
  return parts.join('; or ');
}

function partitionWords({ definition: { partitionBy } }: ObserverInfo): string {
  if (partitionBy === 'source') return 'by event source';
  return partitionBy === 'whole' ? 'one: the whole sequence in order' : `by ${partitionBy.property}`;
}

/** What scripts get: seconds beside events, and null where there is nothing. */
export function observerJson(observer: ObserverInfo): string {
  const { replay, lagMs, tail, ...rest } = observer;
  return JSON.stringify({
    ...rest,
    tail: tail ?? null,
    lagEvents: lagEvents(observer),
    lagSeconds: lagMs === undefined ? null : lagMs / 1000,
    replay: replay === undefined ? null : replayFacts(replay),
  });
}

export const replayFacts = ({ timeLeftMs, partition, ...replay }: ReplayProgress) => ({
  ...replay,
  partition: partition ?? null,
  secondsLeft: timeLeftMs === undefined ? null : timeLeftMs / 1000,
});
