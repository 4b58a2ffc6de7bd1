import { MongoClient } from 'mongodb';
import { pino } from 'pino';
import { awaitFact, within } from '../../test/support/await-fact';
import { startReplicaSet, type ReplicaSet } from '../../test/support/replica-set';
import { AnnalsError } from '../kernel/annals-error';
import { JobStore, type JobRecord } from '../storage/jobs';
import { Leases } from '../storage/leases';
import { CATALOGUE_DATABASE } from '../storage/names';
import { JobFailed, type JobContext, type JobKind } from './job-kind';
import { leaseName } from './job-run';
import { JobRunner } from './job-runner';
import { JOBS } from './tuning';

let database: ReplicaSet;
let client: MongoClient;
let serial = 0;
const runners: JobRunner[] = [];

beforeAll(async () => {
  database = await startReplicaSet();
  client = await MongoClient.connect(database.url);
});
afterEach(async () => {
  await Promise.all(runners.splice(0).map(async (runner) => runner.stop()));
  await client.db(CATALOGUE_DATABASE).collection('jobs').deleteMany({});
});
afterAll(async () => {
  await client.close();
  await database.stop();
});

/** A server that runs one kind of job. */
function server(kind: JobKind): JobRunner {
  const id = `server-${++serial}`;
  const leases = new Leases(client, id, () => `${id}:4400`, JOBS.leaseMs);
  const runner = new JobRunner({ store: new JobStore(client), leases, logger: pino({ level: 'silent' }) });
  runner.add(kind);
  runners.push(runner);
  return runner;
}

const KIND = 'count';
const job = (subject = '') => ({ kind: KIND, store: 'shop', namespace: '', subject });
const kindOf = (run: JobKind['run'], cancelled?: NonNullable<JobKind['cancelled']>): JobKind => ({
  kind: KIND,
  run,
  ...(cancelled === undefined ? {} : { cancelled }),
});

/** Work that goes on until it is told to stop. */
const endless = async ({ signal }: JobContext): Promise<string> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });

async function ended(runner: JobRunner, id: string): Promise<JobRecord> {
  await awaitFact('the job has ended', async () => (await runner.get(id)).ended !== undefined);
  return runner.get(id);
}

const finding = (message: string) => ({ message, namespace: 'default', sequence: 'event-log', sequenceNumbers: [7] });

test('a job is run at once where it is made, and tells how far it is and how it ended', async () => {
  const runner = server(
    kindOf(async (_, context) => {
      context.progress(3, 5);
      await context.checkpoint({ at: 3 });
      context.find(finding('odd'));
      context.progress(5, 5);
      return 'all counted';
    }),
  );
  const made = await runner.start(job('a'));
  expect(made).toMatchObject({ ...job('a'), state: 'waiting', done: 0, total: 0, findings: [] });
  expect(await ended(runner, made.id)).toMatchObject({
    state: 'succeeded',
    done: 5,
    total: 5,
    message: 'all counted',
    findings: [finding('odd')],
    checkpoint: undefined,
  });
});

test('jobs are listed by store, the newest first', async () => {
  const runner = server(kindOf(async () => Promise.resolve('')));
  const first = await runner.start(job('a'));
  await ended(runner, first.id);
  const second = await runner.start(job('b'));
  await runner.start({ ...job('c'), store: 'other' });
  expect((await runner.list('shop')).map(({ id }) => id)).toEqual([second.id, first.id]);
});

test('one that cannot succeed fails with the reason and what stands against it', async () => {
  const runner = server(
    kindOf((_, context) => {
      context.find(finding('broken'));
      return Promise.reject(new JobFailed('it does not hold'));
    }),
  );
  const { id } = await runner.start(job());
  expect(await ended(runner, id)).toMatchObject({
    state: 'failed',
    message: 'it does not hold',
    findings: [finding('broken')],
  });
});

test('after a trouble it goes on from its last checkpoint, with the findings of that time', async () => {
  const from: unknown[] = [];
  const runner = server(
    kindOf(async ({ checkpoint }, context) => {
      from.push(checkpoint);
      if (checkpoint !== undefined) return 'done';
      context.find(finding('saved'));
      await context.checkpoint({ at: 3 });
      context.find(finding('not saved'));
      throw new Error('the network is down');
    }),
  );
  const { id } = await runner.start(job());
  await awaitFact('the trouble is told', async () => (await runner.get(id)).message === 'the network is down');
  expect(await ended(runner, id)).toMatchObject({ state: 'succeeded', findings: [finding('saved')] });
  expect(from).toEqual([undefined, { at: 3 }]);
});

describe('another server', () => {
  test('takes a job over from its last checkpoint when the lease has run out; what the old one writes changes nothing', async () => {
    let proceed = (): void => undefined;
    const late = new Promise<void>((resolve) => (proceed = resolve));
    let old: Promise<void> | undefined;
    const a = server(
      kindOf(async (_, context) => {
        await context.checkpoint({ at: 3 });
        await late;
        old = context.checkpoint({ at: 4 });
        await old;
        return 'by the old one';
      }),
    );
    const { id } = await a.start(job());
    await awaitFact('it has a checkpoint', async () => (await a.get(id)).checkpoint !== undefined);
    const from: unknown[] = [];
    const b = server(
      kindOf(async ({ checkpoint }) => {
        from.push(checkpoint);
        return Promise.resolve('by the new one');
      }),
    );
    await b.look();
    expect(from).toEqual([]);
    // As time would, when the server has died.
    await client
      .db(CATALOGUE_DATABASE)
      .collection<{ _id: string }>('leases')
      .updateOne({ _id: leaseName(id) }, [{ $set: { expires: { $subtract: ['$$NOW', 1] } } }]);
    await b.look();
    expect(await ended(b, id)).toMatchObject({ state: 'succeeded', message: 'by the new one' });
    expect(from).toEqual([{ at: 3 }]);
    proceed();
    await awaitFact('the old one tried', () => old !== undefined);
    await expect(old).rejects.toThrow();
    expect(await b.get(id)).toMatchObject({ state: 'succeeded', message: 'by the new one' });
  });

  test('takes it at once when the first one stops in order', async () => {
    const a = server(
      kindOf(async (_, context) => {
        await context.checkpoint({ at: 3 });
        return endless(context);
      }),
    );
    const { id } = await a.start(job());
    await awaitFact('it has a checkpoint', async () => (await a.get(id)).checkpoint !== undefined);
    await a.stop();
    expect(await a.get(id)).toMatchObject({ state: 'running', checkpoint: { at: 3 } });
    const b = server(kindOf(async ({ checkpoint }) => Promise.resolve(JSON.stringify(checkpoint))));
    await b.look();
    expect(await ended(b, id)).toMatchObject({ state: 'succeeded', message: '{"at":3}' });
  });

  test('leaves alone what it does not know how to do', async () => {
    const a = server(kindOf(async (_, context) => endless(context)));
    const { id } = await a.start({ ...job(), kind: 'of a later version' });
    await a.look();
    expect(await a.get(id)).toMatchObject({ state: 'waiting' });
  });
});

describe('cancelling', () => {
  test('ends the work where it stands, and undoes what it leaves behind', async () => {
    const undone: unknown[] = [];
    const runner = server(
      kindOf(
        async (_, context) => {
          context.progress(3, 5);
          await context.checkpoint({ at: 3 });
          return endless(context);
        },
        async ({ checkpoint }) => {
          undone.push(checkpoint);
          return Promise.resolve();
        },
      ),
    );
    const { id } = await runner.start(job());
    await awaitFact('it works', async () => (await runner.get(id)).done === 3);
    expect(await runner.cancel(id)).toMatchObject({ state: 'cancelled', done: 3, total: 5 });
    expect(undone).toEqual([{ at: 3 }]);
  });

  test('through another server too', async () => {
    const [a, b] = [server(kindOf(async (_, context) => endless(context))), server(kindOf(async () => 'never'))];
    const { id } = await a.start(job());
    await awaitFact('it runs', async () => (await a.get(id)).state === 'running');
    await b.cancel(id);
    expect(await ended(b, id)).toMatchObject({ state: 'cancelled' });
  });

  test('one that has ended stays as it ended', async () => {
    const runner = server(kindOf(async () => Promise.resolve('done')));
    const { id } = await runner.start(job());
    await ended(runner, id);
    expect(await runner.cancel(id)).toMatchObject({ state: 'succeeded' });
  });

  test('one that waits for its turn need not wait any longer', async () => {
    const runner = server(kindOf(async (_, context) => endless(context)));
    const jobs = [];
    for (let i = 0; i <= JOBS.atOnce; i++) jobs.push(await runner.start(job()));
    await awaitFact('as many run as may', async () => {
      const states = (await runner.list('shop')).map(({ state }) => state);
      return states.filter((state) => state === 'running').length === JOBS.atOnce;
    });
    const waiting = (await runner.list('shop')).find(({ state }) => state === 'waiting');
    expect(await runner.cancel(waiting?.id ?? '')).toMatchObject({ state: 'cancelled' });
  });
});

test('who watches is told each change until the job has ended', async () => {
  let proceed = (): void => undefined;
  const told = new Promise<void>((resolve) => (proceed = resolve));
  const runner = server(
    kindOf(async (_, context) => {
      context.progress(1, 2);
      await context.checkpoint({});
      await told;
      return 'done';
    }),
  );
  const { id } = await runner.start(job());
  const states: string[] = [];
  const watching = (async () => {
    for await (const { state, done } of runner.watch(id, new AbortController().signal)) {
      states.push(`${state} ${done}`);
      if (done === 1) proceed();
    }
  })();
  await within(10_000, 'the watch ends', watching);
  expect(states.at(-1)).toBe('succeeded 1');
  expect(states).toContain('running 1');
});

test('jobs that ended long ago are removed, and others are not', async () => {
  const runner = server(kindOf(async () => Promise.resolve('')));
  const [old, recent] = [await runner.start(job()), await runner.start(job())];
  for (const { id } of [old, recent]) await ended(runner, id);
  await client
    .db(CATALOGUE_DATABASE)
    .collection<{ _id: string }>('jobs')
    .updateOne({ _id: old.id }, { $set: { ended: new Date(Date.now() - JOBS.keptMs - 1) } });
  await runner.tidy();
  expect((await runner.list('shop')).map(({ id }) => id)).toEqual([recent.id]);
  await expect(runner.get(old.id)).rejects.toMatchObject({ code: 'UNKNOWN_JOB' });
  await expect(runner.get(old.id)).rejects.toBeInstanceOf(AnnalsError);
});
