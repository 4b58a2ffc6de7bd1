/** What is held under a constraint, on a real `mongod`: in the words of the rules, and against a fold over the log for any history. */
import { BSON, MongoClient, type Db } from 'mongodb';
import fc from 'fast-check';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { ClaimStore } from '../storage/claims';
import { atOnce } from '../kernel/steps';
import { checkConstraint, type ConstraintDefinition, type UniqueValue } from './definition';
import { foldLog, type Holding } from './fold';
import { LogFold } from './log-fold';
import { RecordedLog, type Act } from './recorded-log.testing';
import { Rule } from './rule';

let database: ReplicaSet;
let client: MongoClient;
let db: Db;
let serial = 0;
const logs: RecordedLog[] = [];

beforeAll(async () => {
  database = await startReplicaSet();
  client = new MongoClient(database.url);
  db = client.db('annals+test+default');
  await new ClaimStore(db).prepare();
});
afterAll(async () => {
  await Promise.all(logs.map(async (log) => log.close()));
  await client.close();
  await database.stop();
});

const noCast = (): undefined => undefined;

const UNIQUE: UniqueValue = {
  kind: 'unique-value',
  types: ['registered', 'changed'].map((type) => ({ type, properties: ['email'], generation: 1 })),
  scope: { kind: 'sequence' },
  ignoreCase: false,
  releasedBy: [],
  holder: 'event',
};

interface Under {
  readonly log: RecordedLog;
  readonly ledger: string;
  readonly rule: Rule;
}

/** A log of its own with one constraint in force from the start. */
async function under(rule: ConstraintDefinition['rule']): Promise<Under> {
  const sequence = `s${++serial}`;
  const definition = checkConstraint({ name: 'c', sequence, rule });
  const log = await RecordedLog.open(client, db, sequence);
  logs.push(log);
  const ledger = `c/${sequence}`;
  await log.enforce(definition, ledger);
  return { log, ledger, rule: new Rule(definition, ledger) };
}

const unique = async (change: Partial<UniqueValue> = {}): Promise<Under> => under({ ...UNIQUE, ...change });

const one = (type: string, source: string, content: object = {}): Act => ({
  kind: 'append',
  events: [{ type, source, content }],
});
const registered = (source: string, email: unknown): Act => one('registered', source, { email });
const compensate = (number: number, email: unknown): Act => ({ kind: 'compensate', number, content: { email } });

/** Whether each act was recorded, in order. */
async function outcomes({ log }: Under, acts: readonly Act[]): Promise<boolean[]> {
  const recorded: boolean[] = [];
  for (const act of acts) recorded.push((await log.do(act)).length === 0);
  return recorded;
}

describe('an event that holds a value', () => {
  it('stands against any other with it, of the same source too', async () => {
    const acts = [registered('s', 'anna'), registered('t', 'anna'), registered('s', 'anna'), registered('t', 'Anna')];
    expect(await outcomes(await unique(), acts)).toEqual([true, false, false, true]);
  });

  it('stands against those of the constraint’s other types, and of no other type', async () => {
    const acts = [
      registered('s', 'anna'),
      one('changed', 't', { email: 'anna' }),
      one('noted', 't', { email: 'anna' }),
    ];
    expect(await outcomes(await unique(), acts)).toEqual([true, false, true]);
  });

  it('holds nothing where the property is absent or null', async () => {
    const acts = [one('registered', 's', {}), one('registered', 't', {}), registered('s', null), registered('t', null)];
    expect(await outcomes(await unique(), acts)).toEqual([true, true, true, true]);
  });

  it('gives up what its source holds when one of a releasing type comes', async () => {
    const acts = [
      registered('s', 'anna'),
      one('left', 't'),
      registered('t', 'anna'),
      one('left', 's'),
      registered('t', 'anna'),
    ];
    expect(await outcomes(await unique({ releasedBy: ['left'] }), acts)).toEqual([true, true, false, true, true]);
  });

  it('gives up what it held for what its compensation says', async () => {
    const acts = [
      registered('s', 'ana'),
      compensate(0, 'anna'),
      registered('t', 'ana'),
      registered('t', 'anna'),
      compensate(2, 'anna'),
    ];
    expect(await outcomes(await unique(), acts)).toEqual([true, true, true, false, false]);
  });

  it('may be compensated with the value that it has', async () => {
    expect(
      await outcomes(await unique(), [registered('s', 'anna'), compensate(0, 'anna'), compensate(0, 'anna')]),
    ).toEqual([true, true, true]);
  });

  it('gives it up when it is redacted', async () => {
    const acts: Act[] = [registered('s', 'anna'), { kind: 'redact', number: 0 }, registered('t', 'anna')];
    expect(await outcomes(await unique(), acts)).toEqual([true, true, true]);
  });

  it('does not take up again what its source has given up since, when it is compensated', async () => {
    const acts = [registered('s', 'anna'), one('left', 's'), compensate(0, 'anne'), registered('t', 'anne')];
    expect(await outcomes(await unique({ releasedBy: ['left'] }), acts)).toEqual([true, true, true, true]);
  });
});

describe('a source that holds a value', () => {
  const change = { holder: 'source' } as const;

  it('may repeat it, and takes another one instead', async () => {
    const acts = [
      registered('s', 'anna'),
      registered('s', 'anna'),
      one('changed', 's', { email: 'bob' }),
      registered('t', 'anna'),
      registered('t', 'bob'),
    ];
    expect(await outcomes(await unique(change), acts)).toEqual([true, true, true, true, false]);
  });

  it('holds nothing when its last event has none', async () => {
    const acts = [registered('s', 'anna'), one('changed', 's', {}), registered('t', 'anna')];
    expect(await outcomes(await unique(change), acts)).toEqual([true, true, true]);
  });

  it('keeps what its last event says when an earlier one is compensated', async () => {
    const acts = [
      registered('s', 'ana'),
      one('changed', 's', { email: 'bob' }),
      compensate(0, 'anna'),
      registered('t', 'bob'),
      registered('t', 'anna'),
    ];
    expect(await outcomes(await unique(change), acts)).toEqual([true, true, true, false, true]);
  });

  it('holds what the compensation of its last event says', async () => {
    const acts = [registered('s', 'ana'), compensate(0, 'anna'), registered('t', 'anna'), registered('t', 'ana')];
    expect(await outcomes(await unique(change), acts)).toEqual([true, true, false, true]);
  });

  it('gives it up when its last event is redacted, or one of a releasing type comes', async () => {
    const acts: Act[] = [
      registered('s', 'anna'),
      { kind: 'redact', number: 0 },
      registered('t', 'anna'),
      one('left', 't'),
      registered('u', 'anna'),
    ];
    expect(await outcomes(await unique({ ...change, releasedBy: ['left'] }), acts)).toEqual([
      true,
      true,
      true,
      true,
      true,
    ]);
  });
});

describe('values are compared', () => {
  const numbered = (source: string, repository: unknown, number: unknown): Act =>
    one('opened', source, { repository: { id: repository }, number });
  const issues: Partial<UniqueValue> = { types: [{ type: 'opened', properties: ['number'], generation: 1 }] };

  it('within what agrees in a property', async () => {
    const acts = [
      numbered('a', 1, 1),
      numbered('b', 1, 2),
      numbered('c', 2, 1),
      numbered('d', 1, 1),
      numbered('e', null, 1),
      numbered('f', null, 1),
    ];
    const scope = { kind: 'property', property: 'repository.id' } as const;
    expect(await outcomes(await unique({ ...issues, scope }), acts)).toEqual([true, true, true, false, true, true]);
  });

  it('within an event source', async () => {
    const acts = [numbered('a', 1, 1), numbered('a', 1, 2), numbered('b', 1, 1), numbered('a', 2, 1)];
    expect(await outcomes(await unique({ ...issues, scope: { kind: 'event-source' } }), acts)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('over several properties together', async () => {
    const types = [{ type: 'opened', properties: ['repository.id', 'number'], generation: 1 }];
    const acts = [
      numbered('a', 1, 12),
      numbered('b', 11, 2),
      numbered('c', 1, 12),
      numbered('d', 1, null),
      numbered('e', 1, null),
    ];
    expect(await outcomes(await unique({ types }), acts)).toEqual([true, true, false, true, true]);
  });

  it('whatever their case, when it is ignored', async () => {
    const acts = [registered('s', 'Anna@Example.org'), registered('t', 'anna@example.ORG')];
    expect(await outcomes(await unique({ ignoreCase: true }), acts)).toEqual([true, false]);
  });
});

describe('an event source has at most one event of a type', () => {
  const rule = { kind: 'unique-event-type', type: 'placed', releasedBy: ['cancelled'] } as const;

  it('until one of a releasing type comes', async () => {
    const acts = [
      one('placed', 's'),
      one('placed', 't'),
      one('placed', 's'),
      one('cancelled', 's'),
      one('placed', 's'),
    ];
    expect(await outcomes(await under(rule), acts)).toEqual([true, true, false, true, true]);
  });

  it('also when it is compensated or redacted: it was there', async () => {
    const acts: Act[] = [
      one('placed', 's'),
      { kind: 'compensate', number: 0, content: {} },
      { kind: 'redact', number: 0 },
      one('placed', 's'),
    ];
    expect(await outcomes(await under(rule), acts)).toEqual([true, true, true, false]);
  });
});

describe('a refusal', () => {
  it('names every constraint, property, value and event at once', async () => {
    const { log } = await unique();
    await log.enforce(
      checkConstraint({
        name: 'phone',
        sequence: log.sequence,
        rule: { ...UNIQUE, types: [{ type: 'registered', properties: ['phone.number'], generation: 1 }] },
      }),
      `phone/${log.sequence}`,
    );
    await log.do({
      kind: 'append',
      events: [
        { type: 'registered', source: 's', content: { email: 'anna' } },
        { type: 'registered', source: 't', content: { email: 'bob', phone: { number: 7 } } },
      ],
    });
    const violations = await log.do({
      kind: 'append',
      events: [
        { type: 'registered', source: 'u', content: { email: 'new' } },
        { type: 'registered', source: 'v', content: { email: 'anna', phone: { number: 7 } } },
        { type: 'registered', source: 'w', content: { email: 'new', phone: { number: [1] } } },
      ],
    });
    const told = violations.map(({ code, field, sequenceNumber, metadata }) => ({
      code,
      field,
      sequenceNumber,
      metadata,
    }));
    expect(told).toEqual([
      {
        code: 'CONSTRAINT_VIOLATION',
        field: 'events[1].content.email',
        sequenceNumber: 0,
        metadata: { constraint: 'c', property: 'email', value: 'anna', event: '0' },
      },
      {
        code: 'CONSTRAINT_VIOLATION',
        field: 'events[1].content.phone.number',
        sequenceNumber: 1,
        metadata: { constraint: 'phone', property: 'phone.number', value: '7', event: '1' },
      },
      {
        code: 'CONSTRAINT_VIOLATION',
        field: 'events[2].content.email',
        sequenceNumber: undefined,
        metadata: { constraint: 'c', property: 'email', value: 'new', event: 'events[0]' },
      },
      {
        code: 'CONSTRAINT_VALUE_NOT_SCALAR',
        field: 'events[2].content.phone.number',
        sequenceNumber: undefined,
        metadata: { constraint: 'phone', property: 'phone.number', value: 'an array' },
      },
    ]);
    expect(log.next).toBe(2);
  });

  it('shows so much of a long value that it is known', async () => {
    const { log } = await unique();
    const email = 'x'.repeat(100_000);
    await log.do(registered('s', email));
    const [violation] = await log.do(registered('t', email));
    expect(violation?.metadata?.['value']).toBe(`${'x'.repeat(200)}…`);
    expect(violation?.message.length).toBeLessThan(400);
  });
});

describe('appends that are held against the same claims touch nothing in common', () => {
  const touching = async (
    rule: Partial<UniqueValue>,
    a: Parameters<RecordedLog['keeper']['claiming']>[0][number],
    b: typeof a,
  ): Promise<boolean> => {
    const { log } = await unique(rule);
    const touched = (event: typeof a): ReadonlySet<string> => atOnce(log.keeper.claiming([event], () => '')).touched;
    return [...touched(a)].some((thing) => touched(b).has(thing));
  };
  const event = (type: string, eventSourceId: string, email?: string) => ({
    type,
    eventSourceId,
    contents: [{ generation: 1, content: Buffer.from(BSON.serialize(email === undefined ? {} : { email })) }],
  });

  it.each<[string, Partial<UniqueValue>, Parameters<typeof touching>[1], Parameters<typeof touching>[2], boolean]>([
    ['the same value', {}, event('registered', 's', 'anna'), event('registered', 't', 'anna'), true],
    ['other values', {}, event('registered', 's', 'anna'), event('registered', 's', 'bob'), false],
    [
      'the same source, which holds values',
      { holder: 'source' },
      event('registered', 's', 'anna'),
      event('registered', 's', 'bob'),
      true,
    ],
    [
      'a source that claims and one that releases',
      { releasedBy: ['left'] },
      event('registered', 's', 'anna'),
      event('left', 's'),
      true,
    ],
    ['another source', { releasedBy: ['left'] }, event('registered', 's', 'anna'), event('left', 't'), false],
    [
      'the same event that is compensated',
      {},
      { ...event('registered', 's', 'anna'), instead: 1 },
      { ...event('registered', 's', 'bob'), instead: 1 },
      true,
    ],
  ])('%s', async (_, rule, a, b, expected) => {
    expect(await touching(rule, a, b)).toBe(expected);
  });

  it('an event of no concern touches nothing', async () => {
    const { log } = await unique();
    const claims = atOnce(log.keeper.claiming([event('noted', 's', 'anna')], () => ''));
    expect({ empty: claims.empty, touched: [...claims.touched] }).toEqual({ empty: true, touched: [] });
    expect(await log.keeper.check([claims])).toEqual([[]]);
  });
});

describe('for any history', () => {
  const email = fc.constantFrom<unknown>('a', 'b', 'A', 1, null, undefined);
  const source = fc.constantFrom('s', 't', 'u');
  const event = fc
    .record({ type: fc.constantFrom('registered', 'registered', 'changed', 'left', 'noted'), source, email })
    .map(({ email: value, ...rest }) => ({ ...rest, content: value === undefined ? {} : { email: value } }));
  /** Numbers are made those of events that are there when it is done. */
  const act = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.array(event, { minLength: 1, maxLength: 3 }).map((events): Act => ({ kind: 'append', events })),
    },
    { weight: 2, arbitrary: fc.tuple(fc.nat(), email).map(([number, value]): Act => compensate(number, value)) },
    { weight: 1, arbitrary: fc.nat().map((number): Act => ({ kind: 'redact', number })) },
  );
  const history = fc.array(act, { minLength: 4, maxLength: 14 });
  const rules = fc.oneof(
    fc.record({
      kind: fc.constant('unique-value' as const),
      types: fc.constant(UNIQUE.types),
      scope: fc.constant(UNIQUE.scope),
      ignoreCase: fc.boolean(),
      releasedBy: fc.constantFrom([], ['left'], ['left', 'changed']),
      holder: fc.constantFrom('event' as const, 'source' as const),
    }),
    fc.constantFrom<ConstraintDefinition['rule']>({
      kind: 'unique-event-type',
      type: 'registered',
      releasedBy: ['left'],
    }),
  );

  /** Done to whatever is there: an act upon an event is upon one that has content of its own, which is not gone. */
  async function play(log: RecordedLog, acts: readonly Act[]): Promise<boolean[]> {
    const recorded: boolean[] = [];
    for (const next of acts) {
      if (next.kind === 'append') {
        recorded.push((await log.do(next)).length === 0);
        continue;
      }
      const events = await log.events();
      const there = events.filter(({ instead, contents }) => instead === undefined && contents.length > 0);
      const chosen = there[next.number % Math.max(1, there.length)];
      if (chosen !== undefined) recorded.push((await log.do({ ...next, number: chosen.number })).length === 0);
    }
    return recorded;
  }

  const told = (ledger: string, holdings: readonly Holding[]): string[] =>
    holdings.map(({ key, event: number, source: of }) => `${key.slice(ledger.length)} ${number} ${of}`).sort();

  it('the claims are those that a fold over the log says, as it is now', async () => {
    await fc.assert(
      fc.asyncProperty(rules, history, async (definition, acts) => {
        const { log, ledger, rule } = await under(definition);
        await play(log, acts);
        const { holdings, conflicts } = foldLog(rule, await log.events(), noCast);
        expect(conflicts).toEqual([]);
        expect(await log.held(ledger)).toEqual(told(ledger, holdings));
      }),
      { numRuns: 40 },
    );
  });

  it('a fold that keeps its claims in the database comes to the same, and finds what breaks a constraint', async () => {
    await fc.assert(
      fc.asyncProperty(rules, history, fc.integer({ min: 1, max: 4 }), async (definition, acts, pageEvents) => {
        // Recorded while nothing was in force, so anything may stand in it.
        const log = await RecordedLog.open(client, db, `s${++serial}`);
        logs.push(log);
        await play(log, acts);
        const ledger = `c/${log.sequence}`;
        const rule = new Rule(checkConstraint({ name: 'c', sequence: log.sequence, rule: definition }), ledger);
        const fold = new LogFold({
          db,
          collection: log.collection,
          rule,
          cast: noCast,
          prepare: () => Promise.resolve(),
          pageEvents,
        });
        while (await fold.advance(log.next));
        const { holdings, conflicts } = foldLog(rule, await log.events(), noCast);
        const found = (await fold.conflicts()).map(({ sequenceNumbers }) => sequenceNumbers);
        expect(found.toSorted()).toEqual(conflicts.map(({ sequenceNumbers }) => sequenceNumbers).toSorted());
        expect(fold.holds).toBe(conflicts.length === 0);
        if (conflicts.length === 0) expect(await log.held(ledger)).toEqual(told(ledger, holdings));
      }),
      { numRuns: 40 },
    );
  });

  it('events of one call are recorded as in calls of their own, or not at all', async () => {
    const events = fc.array(event, { minLength: 2, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(rules, history, events, async (definition, before, call) => {
        const [together, apart] = [await under(definition), await under(definition)];
        await play(together.log, before);
        await play(apart.log, before);
        const asOne = await outcomes(together, [{ kind: 'append', events: call }]);
        const held = await together.log.held(together.ledger);
        const singly = await outcomes(
          apart,
          call.map((single): Act => ({ kind: 'append', events: [single] })),
        );
        expect(asOne).toEqual([singly.every((recorded) => recorded)]);
        if (asOne[0] === true) expect(held).toEqual(await apart.log.held(apart.ledger));
      }),
      { numRuns: 20 },
    );
  });
});
