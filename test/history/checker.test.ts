/**
 * The checker is what the torture run trusts, so it is tried itself: it must accept every history
 * that keeps the promises, and object to each way of breaking one.
 */
import fc from 'fast-check';
import { checkHistory } from './checker';
import {
  EVERYTHING,
  type Delivered,
  type HistoryRecord,
  type LogEvent,
  type Outcome,
  type SentEvent,
  type Told,
} from './history';
import type { Rule } from './objection';
import { simulate, SOURCES, SUBSCRIBER_COUNT, type Simulated, type Step } from './simulated-log';

const fate = fc.constantFrom('answered', 'answered', 'answered', 'answer lost', 'call lost', 'late', 'failed' as const);
const which = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('append' as const),
    size: fc.constantFrom(1, 1, 2, 5),
    source: fc.nat(SOURCES - 1),
    expect: fc.constantFrom('nothing', 'what is there', 'an older state', 'no event yet', 'by tag' as const),
    fate,
  }),
  fc.record({ do: fc.constantFrom('send again', 'send more', 'reuse ids' as const), which, fate }),
  fc.record({ do: fc.constant('deliver' as const), subscriber: fc.nat(SUBSCRIBER_COUNT - 1), count: fc.nat(6) }),
);
const simulated = fc.array(step, { maxLength: 60 }).map(simulate);

/** Breaks one thing; undefined when this history has no such thing. */
type Break = (good: Simulated) => { history: HistoryRecord[]; log: LogEvent[] } | undefined;

/** In enough random histories to meet the case, the break is objected to by the rule, each time it could be made. */
function objectsTo(rule: Rule, breakIt: Break): void {
  let made = 0;
  fc.assert(
    fc.property(simulated, (good) => {
      const broken = breakIt({ history: [...good.history], log: [...good.log] });
      if (broken === undefined) return;
      made += 1;
      expect(checkHistory(broken.history, broken.log).map((objection) => objection.rule)).toContain(rule);
    }),
    { numRuns: 150 },
  );
  expect(made).toBeGreaterThan(0);
}

const event = (eventId: string, over: Partial<SentEvent> = {}): SentEvent => ({
  eventId,
  type: 't',
  source: 's',
  tags: [],
  contentHash: `c-${eventId}`,
  ...over,
});
const sent = (opId: string, events: SentEvent[], lastSeen?: number | 'none'): HistoryRecord => ({
  kind: 'sent',
  client: 'c',
  opId,
  events,
  expectations:
    lastSeen === undefined
      ? []
      : [{ filter: { ...EVERYTHING, sources: ['s'] }, lastSeen: lastSeen === 'none' ? undefined : lastSeen }],
  at: 0,
});
const told = (opId: string, outcome: Outcome): Told => ({ kind: 'told', opId, outcome, at: 0 });
const appended = (opId: string, first: number, last = first, duplicate = false) =>
  told(opId, { is: 'appended', first, last, duplicate });
const logOf = (...events: SentEvent[]): LogEvent[] => events.map((e, number) => ({ ...e, number }));
const rulesBroken = (history: HistoryRecord[], log: LogEvent[]): Rule[] => [
  ...new Set(checkHistory(history, log).map((objection) => objection.rule)),
];

const isAppended = (record: HistoryRecord): record is Told =>
  record.kind === 'told' && record.outcome.is === 'appended';
const replace = <T>(list: readonly T[], old: T, by: T): T[] => list.map((item) => (item === old ? by : item));
const renumber = (log: readonly LogEvent[]): LogEvent[] => log.map((e, number) => ({ ...e, number }));
const firstAck = ({ history }: Simulated) => {
  const record = history.find(isAppended);
  return record?.outcome.is === 'appended' ? { record, outcome: record.outcome } : undefined;
};
const deliveredTwo = ({ history }: Simulated): Delivered | undefined =>
  history.find((r): r is Delivered => r.kind === 'delivered' && r.events.length > 2);
const batchThere = ({ history, log }: Simulated) => {
  for (const r of history) {
    if (r.kind !== 'sent' || r.events.length < 2) continue;
    const place = log.findIndex((e) => e.eventId === r.events[0]?.eventId && e.contentHash === r.events[0].contentHash);
    const lone = history.every(
      (o) => o === r || o.kind !== 'sent' || !o.events.some((e) => e.eventId === r.events[0]?.eventId),
    );
    if (place >= 0 && lone) return { batch: r, place };
  }
  return undefined;
};

describe('a history that keeps every promise', () => {
  it('is never objected to, whatever was lost, late, refused or sent again', () => {
    fc.assert(
      fc.property(simulated, ({ history, log }) => {
        expect(checkHistory(history, log)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('may be empty', () => {
    expect(checkHistory([], [])).toEqual([]);
  });

  it('may hold an append whose call was never answered', () => {
    expect(checkHistory([sent('a', [event('1'), event('2')])], logOf(event('1'), event('2')))).toEqual([]);
  });

  it('may hold a refusal of ids that another call put there', () => {
    const history = [
      sent('a', [event('1')]),
      sent('b', [event('2')]),
      appended('b', 0),
      sent('c', [event('1')], 'none'),
      told('c', { is: 'refused', codes: ['CONCURRENCY_CONFLICT'] }),
    ];
    expect(checkHistory(history, logOf(event('2'), event('1')))).toEqual([]);
  });

  it('may hold several winners of one expectation that none of them matches', () => {
    const elsewhere = ['1', '2'].map((id) => event(id, { source: 'other' }));
    const history = elsewhere.flatMap((e, i) => [sent(e.eventId, [e], 'none'), appended(e.eventId, i)]);
    expect(checkHistory(history, logOf(...elsewhere))).toEqual([]);
  });
});

describe('the checker objects when', () => {
  it('a number is missing', () => {
    objectsTo('numbers-are-contiguous', ({ history, log }) =>
      log.length > 2 ? { history, log: log.filter((_, i) => i !== 1) } : undefined,
    );
  });

  it('a number is there twice', () => {
    objectsTo('numbers-are-contiguous', ({ history, log }) =>
      log.length > 1 ? { history, log: log.map((e, i) => (i === 1 ? { ...e, number: 0 } : e)) } : undefined,
    );
  });

  it('an acknowledged event is gone', () => {
    objectsTo('acknowledged-events-are-there', (good) => {
      const ack = firstAck(good);
      return ack && { history: good.history, log: renumber(good.log.filter((e) => e.number !== ack.outcome.first)) };
    });
  });

  it('the last acknowledged event is gone, so that no number is missing', () => {
    expect(rulesBroken([sent('a', [event('1')]), appended('a', 0)], [])).toEqual(['acknowledged-events-are-there']);
  });

  it('an acknowledged event stands at another number than was told', () => {
    objectsTo('acknowledged-events-are-there', (good) => {
      const ack = firstAck(good);
      if (ack === undefined) return undefined;
      const outcome = { ...ack.outcome, first: ack.outcome.first + 1, last: ack.outcome.last + 1 };
      return { history: replace(good.history, ack.record, { ...ack.record, outcome }), log: good.log };
    });
  });

  it('a call was told more or fewer numbers than it sent events', () => {
    objectsTo('acknowledged-events-are-there', (good) => {
      const ack = firstAck(good);
      if (ack === undefined) return undefined;
      const outcome = { ...ack.outcome, last: ack.outcome.last + 1 };
      return { history: replace(good.history, ack.record, { ...ack.record, outcome }), log: good.log };
    });
  });

  it('an acknowledged event has other content, type, source or tags', () => {
    for (const change of [{ contentHash: 'x' }, { type: 'x' }, { source: 'x' }, { tags: ['x'] }]) {
      objectsTo('acknowledged-events-are-there', (good) => {
        const ack = firstAck(good);
        const log = good.log.map((e) => (e.number === ack?.outcome.first ? { ...e, ...change } : e));
        return ack && { history: good.history, log };
      });
    }
  });

  it('an event is there twice', () => {
    objectsTo('an-event-id-is-there-once', ({ history, log }) =>
      log[0] ? { history, log: [...log, { ...log[0], number: log.length }] } : undefined,
    );
  });

  it('a batch of unknown outcome is there in part', () => {
    const history = [sent('a', [event('1'), event('2')]), told('a', { is: 'unknown', code: 'OUTCOME_UNKNOWN' })];
    expect(rulesBroken(history, logOf(event('1')))).toEqual(['a-batch-is-whole']);
  });

  it('a batch has lost an event', () => {
    objectsTo('a-batch-is-whole', (good) => {
      const found = batchThere(good);
      return found && { history: good.history, log: renumber(good.log.filter((_, i) => i !== found.place + 1)) };
    });
  });

  it('a batch is there in another order', () => {
    objectsTo('a-batch-is-whole', (good) => {
      const found = batchThere(good);
      if (found === undefined) return undefined;
      const log = [...good.log];
      log.splice(found.place, 2, ...log.slice(found.place, found.place + 2).reverse());
      return { history: good.history, log: renumber(log) };
    });
  });

  it('another event stands in the middle of a batch', () => {
    objectsTo('a-batch-is-whole', (good) => {
      const found = batchThere(good);
      if (found === undefined) return undefined;
      const log = [...good.log];
      log.splice(found.place + 1, 0, { ...event('stranger'), number: 0 });
      return { history: good.history, log: renumber(log) };
    });
  });

  it('the same events were acknowledged at two places', () => {
    objectsTo('a-retry-is-told-the-same-numbers', (good) => {
      const ack = firstAck(good);
      const first = good.history.find((r) => r.kind === 'sent' && r.opId === ack?.record.opId);
      if (ack === undefined || first?.kind !== 'sent') return undefined;
      const outcome = { ...ack.outcome, duplicate: true, first: ack.outcome.first + 1, last: ack.outcome.last + 1 };
      return { history: [...good.history, { ...first, opId: 'again' }, told('again', outcome)], log: good.log };
    });
  });

  it('two calls with the same events were both told that they recorded them', () => {
    const history = [sent('a', [event('1')]), appended('a', 0), sent('b', [event('1')]), appended('b', 0)];
    expect(rulesBroken(history, logOf(event('1')))).toEqual(['an-append-is-new-once']);
  });

  it('a refused append is there', () => {
    const history = [
      sent('a', [event('1')]),
      appended('a', 0),
      sent('b', [event('2')], 'none'),
      told('b', { is: 'refused', codes: ['CONCURRENCY_CONFLICT'] }),
    ];
    expect(rulesBroken(history, logOf(event('1'), event('2')))).toEqual(['a-refused-append-is-absent']);
  });

  it('a part of a refused batch is there', () => {
    objectsTo('a-refused-append-is-absent', ({ history, log }) => {
      const batch = [event('refused-1'), event('refused-2')];
      const no = told('no', { is: 'refused', codes: ['SOME_RULE'] });
      return {
        history: [...history, sent('no', batch), no],
        log: renumber([...log, { ...event('refused-2'), number: 0 }]),
      };
    });
  });

  it('an append is there that failed for certain, also when it was refused another time', () => {
    const failed = told('a', { is: 'failed', code: 'OVERLOADED' });
    expect(rulesBroken([sent('a', [event('1')]), failed], logOf(event('1')))).toEqual(['a-failed-append-is-absent']);
    const refused = told('b', { is: 'refused', codes: [] });
    const both = [sent('a', [event('1')]), failed, sent('b', [event('1')]), refused];
    expect(rulesBroken(both, logOf(event('1')))).toEqual(['a-failed-append-is-absent', 'a-refused-append-is-absent']);
  });

  it('an append was refused for a conflict with nothing', () => {
    const refuse = (code: string) => told('b', { is: 'refused', codes: [code] });
    const before = [sent('a', [event('1')]), appended('a', 0), sent('b', [event('2')], 0)];
    for (const code of ['CONCURRENCY_CONFLICT', 'EVENT_ID_REUSED', 'PARTIAL_DUPLICATE']) {
      expect(rulesBroken([...before, refuse(code)], logOf(event('1')))).toEqual(['a-refusal-has-a-reason']);
    }
  });

  it('two appends won the same expectation', () => {
    const history = [
      sent('a', [event('1')], 'none'),
      appended('a', 0),
      sent('b', [event('2')], 'none'),
      appended('b', 1),
    ];
    expect(rulesBroken(history, logOf(event('1'), event('2')))).toEqual(['an-expectation-is-won-by-one']);
  });

  it('one of two winners of the same expectation was never answered', () => {
    const history = [sent('a', [event('1')], 'none'), appended('a', 0), sent('b', [event('2')], 'none')];
    expect(rulesBroken(history, logOf(event('1'), event('2')))).toEqual(['an-expectation-is-won-by-one']);
  });

  it('an expectation was won past an event that the caller had not seen', () => {
    const history = [
      sent('a', [event('1')]),
      appended('a', 0),
      sent('b', [event('2')]),
      appended('b', 1),
      sent('c', [event('3')], 0),
      appended('c', 2),
    ];
    expect(rulesBroken(history, logOf(event('1'), event('2'), event('3')))).toEqual([
      'an-expectation-is-true-at-its-place',
    ]);
  });

  it('an expectation was broken by an event that slipped in below the append', () => {
    const history = [sent('b', [event('2')]), sent('c', [event('3')], 'none'), appended('c', 1), appended('b', 0)];
    expect(rulesBroken(history, logOf(event('2'), event('3')))).toEqual(['an-expectation-is-true-at-its-place']);
  });

  it('there is an event that nobody sent', () => {
    objectsTo('only-what-was-sent-is-there', ({ history, log }) => ({
      history,
      log: [...log, { ...event('stranger'), number: log.length }],
    }));
  });

  it('an event of unknown outcome has content that nobody sent', () => {
    const log = logOf(event('1', { contentHash: 'x' }));
    expect(rulesBroken([sent('a', [event('1')])], log)).toEqual(['only-what-was-sent-is-there']);
  });

  it('an append stands below what was known when it was sent', () => {
    const history = [sent('a', [event('1')]), appended('a', 1), sent('b', [event('2')]), appended('b', 0)];
    expect(rulesBroken(history, logOf(event('2'), event('1')))).toEqual(['what-was-known-comes-before']);
  });

  it.each<[string, (seen: Delivered['events']) => Delivered['events']]>([
    ['missed an event', ([a, , ...more]) => [a, ...more].filter((e) => e !== undefined)],
    ['saw an event twice', ([a, ...more]) => [a, a, ...more].filter((e) => e !== undefined)],
    ['saw two events the wrong way round', ([a, b, ...more]) => [b, a, ...more].filter((e) => e !== undefined)],
    ['saw another event at a number', (seen) => seen.map((e) => ({ ...e, eventId: 'stranger' }))],
    ['saw an event that is not in the log', (seen) => [...seen, { number: 1_000_000, eventId: 'e1' }]],
  ])('a subscriber %s', (_, change) => {
    objectsTo('a-subscriber-sees-a-prefix', (good) => {
      const delivery = deliveredTwo(good);
      if (delivery === undefined) return undefined;
      const history = replace<HistoryRecord>(good.history, delivery, { ...delivery, events: change(delivery.events) });
      return { history, log: good.log };
    });
  });

  it('a subscriber missed or repeated what lay at a reconnect', () => {
    const history = (second: number[]): HistoryRecord[] => [
      ...['1', '2', '3'].flatMap((id, i) => [sent(id, [event(id)]), appended(id, i)]),
      ...[[0], second].map((numbers) => ({
        kind: 'delivered' as const,
        subscriber: 's',
        from: 0,
        filter: undefined,
        events: numbers.map((number) => ({ number, eventId: String(number + 1) })),
        at: 0,
      })),
    ];
    const log = logOf(event('1'), event('2'), event('3'));
    expect(rulesBroken(history([1, 2]), log)).toEqual([]);
    expect(rulesBroken(history([2]), log)).toEqual(['a-subscriber-sees-a-prefix']);
    expect(rulesBroken(history([0, 1]), log)).toEqual(['a-subscriber-sees-a-prefix']);
  });

  it('a subscriber was given an event that its filter does not match', () => {
    const filter = { ...EVERYTHING, types: ['other'] };
    const delivered: Delivered = {
      kind: 'delivered',
      subscriber: 's',
      from: 0,
      filter,
      events: [{ number: 0, eventId: '1' }],
      at: 0,
    };
    expect(rulesBroken([sent('a', [event('1')]), appended('a', 0), delivered], logOf(event('1')))).toEqual([
      'a-subscriber-sees-a-prefix',
    ]);
  });
});
