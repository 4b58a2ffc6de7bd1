/** The figures for a person. */
import type { Blocks } from './blocking';
import { DOCUMENT_BYTES } from './documents';
import type { Goal } from './goals';
import type { Machine } from './machine';
import type { Result } from './result';
import type { SideFigures } from './rounds';
import type { Sizes } from './sizes';
import type { Waits } from './statistics';
import { decimal, megabytes, percent, table, whole, type Column } from './table';

export function headLines(machine: Machine, sizes: Sizes): string[] {
  const { cpus, cpuModel, memoryBytes, system, loadBefore, node, mongod, annals } = machine;
  return [
    `Annals ${annals}, Node ${node}, mongod ${mongod}`,
    `${cpus} × ${cpuModel}, ${megabytes(memoryBytes)} of memory, ${system}, load before ${decimal(loadBefore)}`,
    `Documents of about ${DOCUMENT_BYTES} bytes; durability w: majority, j: true; up to ${sizes.rounds} rounds, floor and Annals in turns`,
  ];
}

export function resultLines(results: readonly Result[]): string[] {
  return [
    ...rateLines(results),
    ...latencyLines(results),
    ...blockingLines(results),
    ...memoryLines(results),
    ...factLines(results),
    ...cpuLines(results),
  ];
}

const right = (heading: string): Column => ({ heading, align: 'right' });

const pair = ({ p50, p99 }: Waits): string => `${decimal(p50)} / ${decimal(p99)}`;

type Rated = Extract<Result, { kind: 'rate' | 'latency' }>;
const isRated = (result: Result): result is Rated => result.kind === 'rate' || result.kind === 'latency';

function rateLines(results: readonly Result[]): string[] {
  const rated = results.filter((result) => result.kind === 'rate');
  if (rated.length === 0) return [];
  const waited = ({ waitsMs }: SideFigures): string => (waitsMs.count === 0 ? '' : pair(waitsMs));
  const rows = rated.map(({ name, figures: { floor, annals, ratio } }) => [
    name,
    floor.how,
    whole(floor.eventsPerSecond.median),
    waited(floor),
    annals.how,
    whole(annals.eventsPerSecond.median),
    waited(annals),
    decimal(ratio.median),
    `${decimal(ratio.low)}–${decimal(ratio.high)}`,
  ]);
  const columns = [
    { heading: 'measure' },
    { heading: 'floor' },
    right('events/s'),
    right('p50 / p99 ms'),
    { heading: 'Annals' },
    right('events/s'),
    right('p50 / p99 ms'),
    right('ratio'),
    right('over rounds'),
  ];
  return ['', ...table(columns, rows)];
}

function latencyLines(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    if (result.kind !== 'latency') return [];
    const { figures, acknowledgedMs, copiedMs, title } = result;
    const commit = figures.floor.waitsMs;
    const row = (what: string, waited: Waits): string[] => [
      what,
      decimal(waited.p50),
      decimal(waited.p99),
      decimal(waited.longest),
      decimal(waited.p50 / commit.p50),
      decimal(waited.p99 / commit.p50),
    ];
    const columns = [
      { heading: title },
      right('p50 ms'),
      right('p99 ms'),
      right('longest'),
      right('p50 in commits'),
      right('p99 in commits'),
    ];
    const rows = [
      row('raw commit', commit),
      ...(copiedMs === undefined ? [] : [row('raw commit and copy', copiedMs)]),
      row('append acknowledged', acknowledgedMs),
      row(figures.annals.how, figures.annals.waitsMs),
    ];
    return ['', ...table(columns, rows)];
  });
}

function blockingLines(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    if (result.kind !== 'blocking') return [];
    const { plain, checked, batches } = result.figures;
    const row = (what: string, { own, wall }: Blocks): string[] => [
      what,
      ...[own.low, own.median, own.high, wall.high].map(decimal),
    ];
    const columns = [
      { heading: result.title },
      right('least ms'),
      right('median'),
      right('longest'),
      right('with waiting for a processor'),
    ];
    const rows = [row('plain events', plain), row(`checked, over ${batches} batches`, checked)];
    return ['', ...table(columns, rows)];
  });
}

function memoryLines(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    if (result.kind !== 'memory') return [];
    const { before, peak, growth, events } = result.figures;
    return [
      '',
      result.title,
      `  before ${megabytes(before)}, at most ${megabytes(peak)} while ${whole(events)} events flowed; last quarter beside second: ${percent(growth)}`,
    ];
  });
}

function factLines(results: readonly Result[]): string[] {
  return results.flatMap((result) => {
    if (result.kind !== 'facts') return [];
    const rows = result.facts.map((fact) =>
      'waitsMs' in fact
        ? [fact.what, ...[fact.waitsMs.p50, fact.waitsMs.p99, fact.waitsMs.longest].map(decimal)]
        : [fact.what, '', '', '', `${fact.value >= 1_000 ? whole(fact.value) : decimal(fact.value)} ${fact.unit}`],
    );
    const columns = [{ heading: result.title }, right('p50 ms'), right('p99 ms'), right('longest'), right('')];
    return ['', ...table(columns, rows)];
  });
}

/** Where two processors are shared by three processes, this says more than a rate. */
function cpuLines(results: readonly Result[]): string[] {
  const rows = results
    .filter(isRated)
    .map(({ name, figures: { floor, annals } }) => [
      name,
      decimal(floor.cpuMicros.client),
      decimal(floor.cpuMicros.server),
      decimal(floor.cpuMicros.mongod),
      decimal(annals.cpuMicros.client),
      decimal(annals.cpuMicros.server),
      decimal(annals.cpuMicros.mongod),
    ]);
  if (rows.length === 0) return [];
  const columns = [
    { heading: 'CPU µs of an event' },
    right('floor: client'),
    right('server'),
    right('mongod'),
    right('Annals: client'),
    right('server'),
    right('mongod'),
  ];
  return ['', ...table(columns, rows)];
}

export function goalLines(goals: readonly Goal[]): string[] {
  if (goals.length === 0) return [];
  const rows = goals.map(({ measure, goal, reached, met }) => [measure, goal, reached, met ? 'met' : 'MISSED']);
  return ['', ...table([{ heading: 'goal of' }, { heading: '' }, { heading: 'reached' }, { heading: '' }], rows)];
}
