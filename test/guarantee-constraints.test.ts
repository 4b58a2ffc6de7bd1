/**
 * Constraints: what one forbids is never recorded, whichever server it goes through; a refusal names all
 * that stands against it; and what is recorded when a constraint is registered is held against it too.
 */
import { MongoClient, type Db } from 'mongodb';
import { awaitFact } from './support/await-fact';
import { claimObjections } from './support/claims-checker';
import {
  compensate,
  enforce,
  freshName,
  listConstraints,
  redact,
  registerConstraint,
  removeConstraint,
  settledConstraint,
  standing,
  uniqueEmail,
  type ConstraintDefinition,
} from './support/constraint-calls';
import { serve } from './support/in-process-server';
import {
  event,
  freshSequence,
  json,
  range,
  RawClient,
  refusal,
  type AppendRequest,
  type NewEvent,
  type SequenceRef,
} from './support/raw-client';
import { serveTwice, type TwoServers } from './support/two-servers';
import { definition, freshType, objectSchema, register as registerTypes } from './support/type-calls';

let servers: TwoServers;
let mongo: MongoClient;
let db: Db;

beforeAll(async () => {
  servers = await serveTwice();
  mongo = new MongoClient(servers.database.url);
  db = mongo.db('annals+default+default');
});
afterAll(async () => {
  await mongo.close();
  await servers.stop();
});

const registered = (email: unknown, eventSourceId = 'somebody'): NewEvent =>
  event({ type: 'registered', eventSourceId, content: json({ email }) });

const objections = async ({ sequence = '' }: SequenceRef): Promise<string[]> =>
  claimObjections(db, `sequence+${sequence}`);

/** A sequence of its own under a constraint that is in force. */
async function under(
  rule: ConstraintDefinition['uniqueValue'] = {},
): Promise<{ sequence: SequenceRef; constraint: ConstraintDefinition }> {
  const sequence = freshSequence();
  const constraint = uniqueEmail(sequence, rule ?? {});
  await enforce(servers.a, constraint);
  return { sequence, constraint };
}

describe('of a hundred clients that claim one value through two servers one wins', () => {
  const CLIENTS = 100;
  let clients: RawClient[];

  beforeAll(() => {
    clients = range(0, CLIENTS).map((i) => new RawClient(servers.either(i).address));
  });
  afterAll(() => clients.forEach((client) => client.close()));

  it.each([
    ['each with an event of its own', (i: number) => [registered('anna', `source-${i}`)]],
    ['each for the same source', () => [registered('anna')]],
    [
      'among others of the same call',
      (i: number) => [registered(`a-${i}`), registered('anna', `source-${i}`), registered(`b-${i}`)],
    ],
  ])('%s, always', async (_, events) => {
    const { sequence } = await under();
    for (const round of range(0, 3)) {
      const emailOf = (content: Uint8Array): string => (JSON.parse(String(content)) as { email: string }).email;
      const inRound = (one: NewEvent): NewEvent => ({
        ...one,
        content: json({ email: `${emailOf(one.content as Buffer)}-${round}` }),
      });
      const answers = await Promise.all(
        clients.map(async (client, i) => client.append({ sequence, events: events(i).map(inRound) })),
      );
      const won = answers.flatMap(({ appended }) => appended ?? []);
      const lost = answers.flatMap(({ refused }) => refused?.violations ?? []);
      expect([won.length, lost.length]).toEqual([1, CLIENTS - 1]);
      const holders = new Set(lost.map(({ sequenceNumber }) => sequenceNumber));
      const log = await servers.b.read({ sequence, filters: [{ types: ['registered'] }] });
      const holder = log.find(({ content }) => emailOf(content) === `anna-${round}`);
      expect([...holders]).toEqual([holder?.sequenceNumber]);
    }
    expect(await objections(sequence)).toEqual([]);
  });

  it('and when it is released another one wins, while all of them try on', async () => {
    const { sequence } = await under({ releasedBy: ['left'] });
    const winners: number[] = [];
    for (const _ of range(0, 3)) {
      const answers = await Promise.all(
        clients.map(async (client, i) => client.append({ sequence, events: [registered('anna', `source-${i}`)] })),
      );
      const winner = answers.findIndex(({ appended }) => appended);
      expect(answers.filter(({ appended }) => appended)).toHaveLength(1);
      winners.push(winner);
      await servers
        .either(winner + 1)
        .appended({ sequence, events: [event({ type: 'left', eventSourceId: `source-${winner}` })] });
    }
    expect(winners).toHaveLength(3);
    expect(await objections(sequence)).toEqual([]);
  });
});

describe('a refusal', () => {
  it('is data: every violation at once, each with its constraint, property, value and event', async () => {
    const { sequence, constraint } = await under();
    const phone: ConstraintDefinition = {
      ...uniqueEmail(sequence),
      uniqueValue: { types: [{ type: 'registered', properties: ['phone.country', 'phone.number'] }] },
    };
    await enforce(servers.b, phone);
    const content = json({ email: 'anna', phone: { country: 'ch', number: 7 } });
    const { firstSequenceNumber: holder } = await servers.a.appended({
      sequence,
      events: [event({ type: 'registered', content })],
    });
    const other = json({ email: 'bob', phone: [] });
    const violations = await servers.b.refused({
      sequence,
      events: [event({ type: 'registered', content }), event({ type: 'registered', content: other })],
    });
    expect(violations).toEqual([
      expect.objectContaining({
        code: 'CONSTRAINT_VIOLATION',
        field: 'events[0].content.email',
        sequenceNumber: holder,
        metadata: { constraint: constraint.name, property: 'email', value: 'anna', event: String(holder) },
      }),
      expect.objectContaining({
        code: 'CONSTRAINT_VIOLATION',
        field: 'events[0].content.phone.country',
        sequenceNumber: holder,
        metadata: {
          constraint: phone.name,
          property: 'phone.country, phone.number',
          value: 'ch, 7',
          event: String(holder),
        },
      }),
      expect.objectContaining({ code: 'CONSTRAINT_VALUE_NOT_SCALAR', field: 'events[1].content.phone.country' }),
    ]);
    expect(await objections(sequence)).toEqual([]);
  });

  it('never meets an append that is sent again', async () => {
    const { sequence } = await under();
    const events = [registered('anna')];
    const first = await servers.a.appended({ sequence, events });
    expect(await servers.b.appended({ sequence, events })).toMatchObject({
      firstSequenceNumber: first.firstSequenceNumber,
      duplicate: true,
    });
  });

  it.each([
    ['absent', {}, true],
    ['null', { email: null }, true],
    ['an object', { email: {} }, false],
    ['an array', { email: ['anna'] }, false],
    ['a very long text', { email: 'x'.repeat(500_000) }, true],
  ])('over a property that is %s', async (_, content, recorded) => {
    const { sequence } = await under();
    const append = { sequence, events: [event({ type: 'registered', content: json(content) })] };
    const { appended } = await servers.a.append(append);
    expect(Boolean(appended)).toBe(recorded);
    expect(await objections(sequence)).toEqual([]);
  });
});

describe('a compensation and a redaction', () => {
  it('move and release what their event holds', async () => {
    const { sequence } = await under();
    const { firstSequenceNumber: anna } = await servers.a.appended({ sequence, events: [registered('anna')] });
    await servers.a.appended({ sequence, events: [registered('bob')] });
    const refused = await compensate(servers.b, { sequence, sequenceNumber: anna, content: json({ email: 'bob' }) });
    expect(refused.refused?.violations).toEqual([
      expect.objectContaining({ code: 'CONSTRAINT_VIOLATION', sequenceNumber: anna + 1 }),
    ]);
    const moved = await compensate(servers.b, { sequence, sequenceNumber: anna, content: json({ email: 'anne' }) });
    expect(moved.compensated).not.toBeNull();
    await servers.a.appended({ sequence, events: [registered('anna')] });
    expect(await servers.b.refused({ sequence, events: [registered('anne')] })).toHaveLength(1);
    await redact(servers.b, { sequence, sequenceNumber: anna });
    await servers.a.appended({ sequence, events: [registered('anne')] });
    expect(await objections(sequence)).toEqual([]);
  });

  it('a hundred of them that race for one value through two servers: one wins', async () => {
    const { sequence } = await under();
    const events = range(0, 50).map((i) => registered(`e-${i}`, `source-${i}`));
    const { firstSequenceNumber: first } = await servers.a.appended({ sequence, events });
    const answers = await Promise.all(
      range(0, 100).map(async (i) =>
        i < 50
          ? (
              await compensate(servers.either(i), {
                sequence,
                sequenceNumber: first + i,
                content: json({ email: 'anna' }),
              })
            ).compensated
          : (await servers.either(i).append({ sequence, events: [registered('anna', `source-${i}`)] })).appended,
      ),
    );
    expect(answers.filter((won) => won)).toHaveLength(1);
    expect(await objections(sequence)).toEqual([]);
  });
});

describe('a constraint that is registered over what is recorded', () => {
  it('holds for it from there on', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: range(0, 1_500).map((i) => registered(`e-${i}`)) });
    const constraint = uniqueEmail(sequence);
    const [job] = await settledConstraint(servers.b, constraint);
    expect(job).toMatchObject({ state: 'JOB_STATE_SUCCEEDED', done: 1_500, total: 1_500 });
    expect(await standing(servers.a, constraint.name ?? '')).toMatchObject({
      state: 'CONSTRAINT_STATE_IN_FORCE',
      from: 1_500,
      claims: 1_500,
    });
    expect(await servers.a.refused({ sequence, events: [registered('e-7')] })).toEqual([
      expect.objectContaining({ sequenceNumber: 7 }),
    ]);
    expect(await objections(sequence)).toEqual([]);
  });

  it('is refused with the events that break it, and is taken once they are put right', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: ['anna', 'bob', 'anna', 'anna'].map((email) => registered(email)) });
    await servers.a.appended({ sequence, events: [registered({ not: 'a value' })] });
    const constraint = uniqueEmail(sequence);
    const [job] = await settledConstraint(servers.b, constraint);
    expect(job).toMatchObject({ state: 'JOB_STATE_FAILED', subject: constraint.name });
    expect(job?.findings.map(({ sequenceNumbers }) => sequenceNumbers)).toEqual([[0, 2, 3], [4]]);
    expect(job?.findings[0]).toMatchObject({
      sequence: sequence.sequence,
      namespace: 'default',
      message: 'events 0, 2, 3 have the same email: "anna"',
    });
    expect(await standing(servers.a, constraint.name ?? '')).toMatchObject({
      state: 'CONSTRAINT_STATE_REFUSED',
      claims: 0,
    });
    // It stands against nothing.
    await servers.a.appended({ sequence, events: [registered('bob')] });

    await compensate(servers.a, { sequence, sequenceNumber: 2, content: json({ email: 'anne' }) });
    for (const sequenceNumber of [3, 4, 5]) await redact(servers.a, { sequence, sequenceNumber });
    await enforce(servers.b, constraint);
    expect(await servers.a.refused({ sequence, events: [registered('anne')] })).toEqual([
      expect.objectContaining({ sequenceNumber: 2 }),
    ]);
    expect(await objections(sequence)).toEqual([]);
  });

  it.each([0, 10, 20, 40, 80, Number.POSITIVE_INFINITY])(
    'while appends go on through two servers: it holds for all of them, or is refused (a forbidden one %d appends after the call)',
    async (delay) => {
      const sequence = freshSequence();
      let writing = true;
      let serial = 0;
      let acknowledged = 0;
      const write = async (writer: number): Promise<void> => {
        while (writing) {
          await servers.either(writer).appended({ sequence, events: [registered(`e-${serial++}`)] });
          acknowledged++;
        }
      };
      const writers = range(0, 4).map(write);
      await awaitFact('some are recorded', () => acknowledged >= 50);
      let settled = false;
      const job = settledConstraint(servers.a, uniqueEmail(sequence)).then(([only]) => {
        settled = true;
        return only;
      });
      const called = acknowledged;
      // Around the moment at which it comes into force; at the ends before it and after it for certain.
      if (delay > 0) await awaitFact('it is time', () => settled || acknowledged >= called + delay);
      const { appended } = await servers.b.append({ sequence, events: [registered('e-3')] });
      const { state, findings } = (await job) ?? {};
      writing = false;
      await Promise.all(writers);

      const isRefused = state === 'JOB_STATE_FAILED';
      expect([Boolean(appended), findings?.length]).toEqual(isRefused ? [true, 1] : [false, 0]);
      expect(await objections(sequence)).toEqual([]);
      if (delay === 0) expect(isRefused).toBe(true);
      if (delay === Number.POSITIVE_INFINITY) expect(isRefused).toBe(false);
    },
  );

  it('is in force for a server that starts later', async () => {
    const { sequence } = await under();
    await servers.a.appended({ sequence, events: [registered('anna')] });
    const later = await serve(servers.database.url);
    try {
      expect(await later.client.refused({ sequence, events: [registered('anna')] })).toHaveLength(1);
    } finally {
      await later.stop();
    }
  });

  it('comes into force in a namespace that is made later', async () => {
    const store = 'growing';
    await servers.a.ensure({ store, namespaces: [] });
    const constraint = uniqueEmail({ sequence: 'event-log' });
    await enforce(servers.a, constraint, store);
    await servers.b.ensure({ store, namespaces: ['later'] });
    // Registering it again tells of the job that is at it.
    await enforce(servers.a, constraint, store);
    const sequence = { store, namespace: 'later' };
    await servers.b.appended({ sequence, events: [registered('anna')] });
    expect(await servers.a.refused({ sequence, events: [registered('anna')] })).toHaveLength(1);
    await servers.a.appended({ sequence: { store }, events: [registered('anna')] });
  });
});

describe('the properties of a generation', () => {
  const text = { type: 'string' };

  it('are those of events that were written in another one, also before it existed', async () => {
    const sequence = freshSequence();
    const type = freshType();
    const first = objectSchema({ mail: text });
    await registerTypes(servers.a, [definition(type, [first])]);
    const written = (generation: number, content: object): AppendRequest => ({
      sequence,
      events: [event({ type, generation, content: json(content) })],
    });
    await servers.a.appended(written(1, { mail: 'anna' }));
    const steps = {
      up: [{ rename: { from: 'mail', to: 'email' } }],
      down: [{ rename: { from: 'email', to: 'mail' } }],
    };
    await registerTypes(servers.a, [definition(type, [first, objectSchema({ email: text })], [steps])]);
    const constraint: ConstraintDefinition = {
      ...uniqueEmail(sequence),
      uniqueValue: { types: [{ type, properties: ['email'] }] },
    };
    await enforce(servers.b, constraint);
    expect(await servers.b.refused(written(2, { email: 'anna' }))).toEqual([
      expect.objectContaining({ code: 'CONSTRAINT_VIOLATION', sequenceNumber: 0 }),
    ]);
    await servers.b.appended(written(1, { mail: 'bob' }));
    expect(await servers.a.refused(written(2, { email: 'bob' }))).toHaveLength(1);
    const listed = (await listConstraints(servers.a)).find(({ definition: of }) => of?.name === constraint.name);
    expect(listed?.definition?.uniqueValue?.types[0]?.generation).toBe(2);
  });

  it('are of one that the type has', async () => {
    const type = freshType();
    await registerTypes(servers.a, [definition(type, [objectSchema({ email: text })])]);
    const constraint: ConstraintDefinition = {
      ...uniqueEmail(freshSequence()),
      uniqueValue: { types: [{ type, properties: ['email'], generation: 2 }] },
    };
    expect(await refusal(registerConstraint(servers.b, constraint))).toMatchObject({
      code: 'INVALID_CONSTRAINT',
      field: 'constraint.unique_value.types[0].generation',
    });
  });
});

describe('registering', () => {
  it('the same again changes nothing', async () => {
    const { constraint } = await under();
    const before = await standing(servers.a, constraint.name ?? '');
    const again = await registerConstraint(servers.b, constraint);
    expect([again.unchanged, again.jobs]).toEqual([true, []]);
    expect(await standing(servers.a, constraint.name ?? '')).toEqual(before);
  });

  it('several at once the same brings it into force once', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: range(0, 200).map((i) => registered(`e-${i}`)) });
    const constraint = uniqueEmail(sequence);
    const jobs = await Promise.all(range(0, 10).map(async (i) => settledConstraint(servers.either(i), constraint)));
    for (const job of jobs.flat()) expect(job.state).toBe('JOB_STATE_SUCCEEDED');
    expect(await standing(servers.a, constraint.name ?? '')).toMatchObject({
      state: 'CONSTRAINT_STATE_IN_FORCE',
      claims: 200,
    });
    expect(await objections(sequence)).toEqual([]);
  });

  it('another definition under the name of one in force is refused, and changes nothing', async () => {
    const { sequence, constraint } = await under();
    const changed = { ...constraint, uniqueValue: { ...constraint.uniqueValue, ignoreCase: true } };
    expect(await refusal(registerConstraint(servers.b, changed))).toMatchObject({
      code: 'CONSTRAINT_IN_USE',
      field: 'constraint.name',
    });
    await servers.a.appended({ sequence, events: [registered('anna'), registered('Anna')] });
    expect(await servers.a.refused({ sequence, events: [registered('anna')] })).toHaveLength(1);
  });

  it('one that was refused may be changed', async () => {
    const sequence = freshSequence();
    await servers.a.appended({ sequence, events: [registered('anna', 's'), registered('anna', 't')] });
    const constraint = uniqueEmail(sequence);
    expect((await settledConstraint(servers.a, constraint)).map(({ state }) => state)).toEqual(['JOB_STATE_FAILED']);
    await enforce(servers.b, {
      ...constraint,
      uniqueValue: { ...constraint.uniqueValue, scope: { eventSource: true } },
    });
    expect(await servers.a.refused({ sequence, events: [registered('anna', 't')] })).toHaveLength(1);
    await servers.a.appended({ sequence, events: [registered('anna', 'u')] });
    expect(await objections(sequence)).toEqual([]);
  });

  it.each<[string, ConstraintDefinition | undefined, string]>([
    ['nothing', undefined, 'constraint'],
    ['no rule', { name: 'a' }, 'constraint.rule'],
    ['a bad name', { name: 'A', uniqueEventType: { type: 't' } }, 'constraint.name'],
    ['no type', { name: 'a', uniqueValue: {} }, 'constraint.unique_value.types'],
    [
      'no property',
      { name: 'a', uniqueValue: { types: [{ type: 't' }] } },
      'constraint.unique_value.types[0].properties',
    ],
    [
      'a bad path',
      { name: 'a', uniqueValue: { types: [{ type: 't', properties: ['a..b'] }] } },
      'constraint.unique_value.types[0].properties[0]',
    ],
    ['the system sequence', { name: 'a', sequence: 'system', uniqueEventType: { type: 't' } }, 'constraint.sequence'],
  ])('%s is refused, with the field', async (_, constraint, field) => {
    const call = servers.a.unary('Constraints', 'Register', constraint === undefined ? {} : { constraint });
    expect(await refusal(call)).toMatchObject({ code: 'INVALID_CONSTRAINT', field });
  });

  it('in a store that is not there is refused', async () => {
    const constraint = uniqueEmail(freshSequence());
    expect(await refusal(registerConstraint(servers.a, constraint, 'nowhere'))).toMatchObject({
      code: 'UNKNOWN_STORE',
    });
    expect(await refusal(listConstraints(servers.a, 'nowhere'))).toMatchObject({ code: 'UNKNOWN_STORE' });
    expect(await refusal(removeConstraint(servers.a, 'a', 'nowhere'))).toMatchObject({ code: 'UNKNOWN_STORE' });
  });

  it('lists what is registered as it was registered', async () => {
    const { constraint } = await under({
      scope: { property: 'region' },
      ignoreCase: true,
      releasedBy: ['left'],
      holder: 'CLAIM_HOLDER_SOURCE',
    });
    const listed = (await listConstraints(servers.b)).find(({ definition: of }) => of?.name === constraint.name);
    expect(listed?.definition).toMatchObject({
      name: constraint.name,
      sequence: constraint.sequence,
      uniqueValue: {
        types: [{ type: 'registered', properties: ['email'], generation: 1 }],
        scope: { property: 'region' },
        ignoreCase: true,
        releasedBy: ['left'],
        holder: 'CLAIM_HOLDER_SOURCE',
      },
    });
  });
});

describe('removing', () => {
  it('takes a constraint out of force at once, through every server, and forgets its claims', async () => {
    const { sequence, constraint } = await under();
    const name = constraint.name ?? '';
    await servers.a.appended({ sequence, events: [registered('anna')] });
    await servers.b.appended({ sequence, events: [registered('bob')] });
    expect(await removeConstraint(servers.a, name)).toBe(true);
    await servers.b.appended({ sequence, events: [registered('anna')] });
    expect(await standing(servers.b, name)).toBeUndefined();
    expect(
      await db.collection('constraint-claims').countDocuments({ _id: { $gte: `${name}/`, $lt: `${name}0` } } as object),
    ).toBe(0);
    expect(await removeConstraint(servers.b, name)).toBe(false);
  });

  it('while appends go on leaves nothing that would stand against a later constraint of the name', async () => {
    const { sequence, constraint } = await under();
    let writing = true;
    let serial = 0;
    const write = async (writer: number): Promise<void> => {
      while (writing) await servers.either(writer).appended({ sequence, events: [registered(`e-${serial++}`)] });
    };
    const writers = range(0, 4).map(write);
    for (const round of range(0, 4)) {
      expect(await removeConstraint(servers.either(round), constraint.name ?? '')).toBe(true);
      await enforce(servers.either(round + 1), constraint);
    }
    writing = false;
    await Promise.all(writers);
    expect(await objections(sequence)).toEqual([]);
  });

  it('is told on the audit, as all that is done about constraints', async () => {
    const { constraint } = await under();
    const { name = '' } = constraint;
    await removeConstraint(servers.a, name);
    const acts = await servers.a.read({ sequence: { sequence: 'system' } });
    const about = acts.filter(
      ({ content }) => (JSON.parse(String(content)) as { constraint?: string }).constraint === name,
    );
    expect(about.map(({ type }) => type).sort()).toEqual([
      'ConstraintInForce',
      'ConstraintRegistered',
      'ConstraintRemoved',
    ]);
  });
});

it('a constraint of one sequence is no concern of another, nor is that of one store of another', async () => {
  const { constraint } = await under();
  const other = freshSequence();
  await servers.a.appended({ sequence: other, events: [registered('anna'), registered('anna')] });
  await servers.a.ensure({ store: 'other', namespaces: [] });
  await enforce(servers.a, { ...constraint, name: freshName() }, 'other');
  expect(await listConstraints(servers.b, 'other')).toHaveLength(1);
});
