/**
 * The judge of what observers' clients wrote down. It knows what was to be handled and nothing of servers: for each
 * partition the handled numbers are the expected ones, in order; what comes again says so; nothing is missing; and the
 * position never passed an event that was neither handled nor held.
 */

/** An event was handled. Records stand in the order in which it happened, whichever client it was. */
export interface HandledRecord {
  readonly kind: 'handled';
  readonly client: string;
  readonly partition: string;
  readonly number: number;
  readonly redelivery: boolean;
  readonly replay: boolean;
}

/** The server was asked where the observer stands, and by then answered this. */
export interface PositionRecord {
  readonly kind: 'position';
  readonly position: number;
  /** Where failed partitions were said to stand, asked before the position and after it. */
  readonly held: readonly { readonly partition: string; readonly from: number }[];
}

export type ObservationRecord = HandledRecord | PositionRecord;

/** An event that the observer must handle, in the order of the log. */
export interface ExpectedEvent {
  readonly number: number;
  readonly partition: string;
}

/** What a replay was asked for. */
export interface ExpectedReplay {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  readonly partition?: string;
}

export interface Demands {
  readonly replays?: readonly ExpectedReplay[];
  /** Numbers that a person skipped: they need not be handled. */
  readonly skipped?: readonly number[];
  /** The run is not over: events at the end may still be missing. */
  readonly unfinished?: boolean;
}

export type ObservationRule =
  | 'only-what-is-expected'
  | 'in-order-within-a-partition'
  | 'repeats-are-flagged'
  | 'nothing-is-missing'
  | 'a-replay-is-whole'
  | 'the-position-waits';

export interface ObservationObjection {
  readonly rule: ObservationRule;
  readonly sentence: string;
}

/** Everything that is wrong; an empty list means that every promise was kept. */
export function checkObservations(
  records: readonly ObservationRecord[],
  expected: readonly ExpectedEvent[],
  demands: Demands = {},
): ObservationObjection[] {
  const skipped = new Set(demands.skipped ?? []);
  const partitions = byPartition(expected);
  const handled = records.filter((record): record is HandledRecord => record.kind === 'handled');
  return [
    ...onlyExpected(handled, partitions),
    ...inOrder(handled, partitions, skipped),
    ...(demands.unfinished === true ? [] : nothingMissing(handled, expected, skipped)),
    ...replaysWhole(handled, expected, demands.replays ?? []),
    ...positionWaits(records, expected, skipped),
  ];
}

function byPartition(expected: readonly ExpectedEvent[]): Map<string, number[]> {
  const partitions = new Map<string, number[]>();
  for (const { number, partition } of expected) {
    const numbers = partitions.get(partition);
    if (numbers === undefined) partitions.set(partition, [number]);
    else numbers.push(number);
  }
  return partitions;
}

function onlyExpected(
  handled: readonly HandledRecord[],
  partitions: ReadonlyMap<string, readonly number[]>,
): ObservationObjection[] {
  const known = new Map([...partitions].map(([partition, numbers]) => [partition, new Set(numbers)]));
  return handled
    .filter(({ partition, number }) => known.get(partition)?.has(number) !== true)
    .map(({ client, partition, number }) => ({
      rule: 'only-what-is-expected',
      sentence: `${client} handled ${number} in ${partition}, which is not to be there`,
    }));
}

/** What comes again may start anywhere; what comes for the first time goes on where the partition stood. */
function inOrder(
  handled: readonly HandledRecord[],
  partitions: ReadonlyMap<string, readonly number[]>,
  skipped: ReadonlySet<number>,
): ObservationObjection[] {
  const objections: ObservationObjection[] = [];
  const places = new Map([...partitions].map(([key, numbers]) => [key, new Map(numbers.map((n, i) => [n, i]))]));
  const reached = new Map<string, number>();
  for (const { client, partition, number, redelivery, replay } of handled) {
    const numbers = partitions.get(partition) ?? [];
    const place = places.get(partition)?.get(number);
    if (place === undefined) continue;
    // The index of the partition's first event that was not handled.
    const next = reached.get(partition) ?? 0;
    const repeat = place < next;
    if (repeat && !redelivery && !replay) {
      objections.push({
        rule: 'repeats-are-flagged',
        sentence: `${client} was given ${number} in ${partition} again without being told`,
      });
    }
    const missed = numbers.slice(Math.min(next, place), place).find((before) => !skipped.has(before));
    if (missed !== undefined) {
      objections.push({
        rule: 'in-order-within-a-partition',
        sentence: `${client} handled ${number} in ${partition} before ${missed}`,
      });
    }
    reached.set(partition, Math.max(next, place + 1));
  }
  return objections;
}

function nothingMissing(
  handled: readonly HandledRecord[],
  expected: readonly ExpectedEvent[],
  skipped: ReadonlySet<number>,
): ObservationObjection[] {
  const seen = new Set(handled.map(({ number }) => number));
  return expected
    .filter(({ number }) => !seen.has(number) && !skipped.has(number))
    .map(({ number, partition }) => ({
      rule: 'nothing-is-missing',
      sentence: `${number} in ${partition} was never handled`,
    }));
}

/** Each replay is looked for in all that was delivered as replay, in order for each partition. */
function replaysWhole(
  handled: readonly HandledRecord[],
  expected: readonly ExpectedEvent[],
  replays: readonly ExpectedReplay[],
): ObservationObjection[] {
  const replayed = new Map<string, number[]>();
  for (const { partition, number, replay } of handled) {
    if (!replay) continue;
    const numbers = replayed.get(partition);
    if (numbers === undefined) replayed.set(partition, [number]);
    else numbers.push(number);
  }
  const objections: ObservationObjection[] = [];
  for (const { from, to, partition: only } of replays) {
    const wanted = expected.filter(
      ({ number, partition }) => number >= from && number <= to && (only === undefined || only === partition),
    );
    for (const [partition, numbers] of byPartition(wanted)) {
      const missing = firstNotInOrder(numbers, replayed.get(partition) ?? []);
      if (missing === undefined) continue;
      objections.push({
        rule: 'a-replay-is-whole',
        sentence: `the replay of ${from} to ${to} did not give ${missing} in ${partition} in its order`,
      });
    }
  }
  return objections;
}

/** The first of `wanted` that does not come in `given` behind the one before it. */
function firstNotInOrder(wanted: readonly number[], given: readonly number[]): number | undefined {
  let next = 0;
  for (const number of given) if (number === wanted[next]) next++;
  return wanted[next];
}

function positionWaits(
  records: readonly ObservationRecord[],
  expected: readonly ExpectedEvent[],
  skipped: ReadonlySet<number>,
): ObservationObjection[] {
  const objections: ObservationObjection[] = [];
  const seen = new Set<number>();
  for (const record of records) {
    if (record.kind === 'handled') {
      seen.add(record.number);
      continue;
    }
    const held = new Map(record.held.map(({ partition, from }) => [partition, from]));
    const passed = expected.find(
      ({ number, partition }) =>
        number < record.position &&
        !seen.has(number) &&
        !skipped.has(number) &&
        number < (held.get(partition) ?? Number.POSITIVE_INFINITY),
    );
    if (passed === undefined) continue;
    objections.push({
      rule: 'the-position-waits',
      sentence: `the position was ${record.position} before ${passed.number} in ${passed.partition} was handled or held`,
    });
  }
  return objections;
}
