/** A checker that objects to nothing proves nothing: each rule is broken on purpose in histories that keep all others. */
import fc from 'fast-check';
import {
  checkObservations,
  type ExpectedEvent,
  type HandledRecord,
  type ObservationRecord,
  type ObservationRule,
} from './observations';

/** A log of some partitions. */
const logs = fc
  .array(fc.nat(4), { minLength: 6, maxLength: 40, size: 'max' })
  .map((list) => list.map((partition, number): ExpectedEvent => ({ number, partition: `p${partition}` })));

const handledOf = ({ number, partition }: ExpectedEvent, over: Partial<HandledRecord> = {}): HandledRecord => ({
  kind: 'handled',
  client: 'c',
  partition,
  number,
  redelivery: false,
  replay: false,
  ...over,
});

/** Everything handled in an order that partitions allow, some of it again and flagged, the position told as it truly is. */
const goodRuns = fc.tuple(logs, fc.infiniteStream(fc.nat(1_000))).map(([log, dice]) => {
  const roll = (sides: number): number => (dice.next().value ?? 0) % sides;
  const records: ObservationRecord[] = [];
  const queues = new Map<string, ExpectedEvent[]>();
  for (const event of log) queues.set(event.partition, [...(queues.get(event.partition) ?? []), event]);
  const done = new Map<string, ExpectedEvent[]>();
  while ([...queues.values()].some((queue) => queue.length > 0)) {
    const waiting = [...queues.entries()].filter(([, queue]) => queue.length > 0);
    const [partition, queue] = waiting[roll(waiting.length)] ?? ['', []];
    const event = queue.shift();
    if (event === undefined) continue;
    records.push(handledOf(event));
    const before = [...(done.get(partition) ?? []), event];
    done.set(partition, before);
    if (roll(5) === 0) {
      const again = before.slice(roll(before.length));
      records.push(...again.map((e) => handledOf(e, { redelivery: true })));
    }
    if (roll(4) === 0) {
      const open = [...queues.values()].flat().map(({ number }) => number);
      records.push({ kind: 'position', position: Math.min(...open, log.length), held: [] });
    }
  }
  return { log, records };
});

/** A thing that is broken; undefined where a history has no such thing. */
type Break = (log: readonly ExpectedEvent[], records: ObservationRecord[]) => ObservationRecord[] | undefined;

function objectsTo(rule: ObservationRule, breakIt: Break): void {
  let made = 0;
  fc.assert(
    fc.property(goodRuns, ({ log, records }) => {
      const broken = breakIt(log, [...records]);
      if (broken === undefined) return;
      made++;
      expect(checkObservations(broken, log).map((objection) => objection.rule)).toContain(rule);
    }),
  );
  expect(made).toBeGreaterThan(5);
}

const handledOnce = (records: readonly ObservationRecord[]): number =>
  records.findIndex(
    (r) => r.kind === 'handled' && records.filter((s) => s.kind === 'handled' && s.number === r.number).length === 1,
  );

it('has nothing against a run that keeps every promise, whatever came again', () => {
  fc.assert(fc.property(goodRuns, ({ log, records }) => expect(checkObservations(records, log)).toEqual([])));
});

describe('objects when', () => {
  it('an event is missing', () => {
    objectsTo('nothing-is-missing', (_, records) => {
      const at = handledOnce(records);
      return at < 0 ? undefined : records.filter((_record, i) => i !== at);
    });
  });

  it('a gap in a partition is passed, although the event comes later', () => {
    objectsTo('in-order-within-a-partition', (_, records) => {
      const at = handledOnce(records);
      const record = records[at];
      if (record?.kind !== 'handled') return undefined;
      const next = records.findIndex(
        (r, i) => i > at && r.kind === 'handled' && r.partition === record.partition && !r.redelivery,
      );
      if (next < 0) return undefined;
      return [...records.slice(0, at), ...records.slice(at + 1, next + 1), record, ...records.slice(next + 1)];
    });
  });

  it('an event comes again without a flag', () => {
    objectsTo('repeats-are-flagged', (_, records) => {
      const record = records.find((r) => r.kind === 'handled' && !r.redelivery);
      return record === undefined ? undefined : [...records, record];
    });
  });

  it('an event comes that does not match, or in another partition', () => {
    objectsTo('only-what-is-expected', (log, records) => [
      ...records,
      handledOf({ number: log.length + 5, partition: 'p0' }),
    ]);
    objectsTo('only-what-is-expected', (_, records) =>
      records.map((r) => (r.kind === 'handled' ? { ...r, partition: `${r.partition}x` } : r)),
    );
  });

  it('the position passes an event that is neither handled nor held', () => {
    objectsTo('the-position-waits', (log, records) => [
      { kind: 'position', position: log.length, held: [] },
      ...records,
    ]);
  });
});

describe('a position', () => {
  const log = [
    { number: 0, partition: 'a' },
    { number: 1, partition: 'b' },
    { number: 2, partition: 'a' },
  ];
  const at = (position: number, held: { partition: string; from: number }[] = []): ObservationRecord => ({
    kind: 'position',
    position,
    held,
  });
  const rules = (records: ObservationRecord[], demands = {}) =>
    checkObservations(records, log, { unfinished: true, ...demands }).map(({ rule }) => rule);

  it('may pass what is held from there on, and not what lies before', () => {
    expect(rules([handledOf({ number: 1, partition: 'b' }), at(3, [{ partition: 'a', from: 0 }])])).toEqual([]);
    expect(rules([handledOf({ number: 1, partition: 'b' }), at(3, [{ partition: 'a', from: 2 }])])).toEqual([
      'the-position-waits',
    ]);
  });

  it('may pass what a person skipped', () => {
    expect(rules([handledOf({ number: 1, partition: 'b' }), at(2)], { skipped: [0] })).toEqual([]);
  });
});

describe('a replay', () => {
  const log = [0, 1, 2, 3].map((number) => ({ number, partition: number % 2 === 0 ? 'even' : 'odd' }));
  const once = log.map((event) => handledOf(event));
  const again = (...numbers: number[]) =>
    numbers.map((number) => handledOf({ number, partition: number % 2 === 0 ? 'even' : 'odd' }, { replay: true }));
  const rules = (records: ObservationRecord[], replays: { from: number; to: number; partition?: string }[]) =>
    checkObservations(records, log, { replays }).map(({ rule }) => rule);

  it('gives all of its range, in the order of each partition', () => {
    expect(rules([...once, ...again(1, 0, 3, 2)], [{ from: 0, to: 3 }])).toEqual([]);
    expect(rules([...once, ...again(0, 2)], [{ from: 0, to: 3, partition: 'even' }])).toEqual([]);
  });

  it('may go back after an interruption', () => {
    expect(rules([...once, ...again(0, 2, 0, 2), ...again(1, 3)], [{ from: 0, to: 3 }])).toEqual([]);
  });

  it('misses nothing, and is not out of order', () => {
    expect(rules([...once, ...again(0, 1, 3)], [{ from: 0, to: 3 }])).toEqual(['a-replay-is-whole']);
    expect(rules([...once, ...again(2, 0, 1, 3)], [{ from: 0, to: 3 }])).toEqual(['a-replay-is-whole']);
  });

  it('is not made of deliveries that are not flagged as such', () => {
    const unflagged = again(0, 1, 2, 3).map((record) => ({ ...record, replay: false, redelivery: true }));
    expect(rules([...once, ...unflagged], [{ from: 0, to: 3 }])).toContain('a-replay-is-whole');
  });
});
