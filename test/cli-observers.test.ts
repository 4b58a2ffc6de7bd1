/** `annals observers`, each verb against a real server and observers of this process, as scripts and people use it. */
import { join } from 'node:path';
import { connect, type Annals, type Observation, type RecordedEvent } from '../src/client';
import { annalsCommand } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { annals, launch, ndjson, startOnFolder, type CliServer, type Ran } from './support/cli-run';
import { makeTempFolder, type TempFolder } from './support/temp-folder';
import { CTRL_C, hasTerminals, onTerminal } from './support/terminal';

let folder: TempFolder;
let server: CliServer;
let env: Record<string, string>;
let client: Annals;
let serial = 0;

const run = (...args: string[]): Promise<Ran> => annals(['observers', ...args], { env });

/** Some events about `even` and `odd` in turns, on a sequence of the test's own. */
async function sequenceOf(events: number): Promise<string> {
  const sequence = `observed-${++serial}`;
  await client.sequence(sequence).append(
    Array.from({ length: events }, (_, n) => ({
      type: 'counted',
      eventSourceId: n % 2 === 0 ? 'even' : 'odd',
      content: { n },
    })),
  );
  return sequence;
}

interface Observing {
  readonly id: string;
  readonly sequence: string;
  readonly handled: number[];
  readonly replayed: number[];
  /** The numbers that it fails at; a test mends it by taking them out. */
  readonly poison: Set<number>;
  readonly observation: Observation;
}

const open: Observation[] = [];

/** An observer that has handled what it can of so many events, and fails at some. */
async function observer(events: number, poison: readonly number[] = []): Promise<Observing> {
  const sequence = await sequenceOf(events);
  const id = `${sequence}/observer`;
  const handled: number[] = [];
  const replayed: number[] = [];
  const broken = new Set(poison);
  const observation = client.observe(id, {
    sequence,
    name: 'the test',
    handle: ({ sequenceNumber }: RecordedEvent, { replay }) => {
      if (broken.has(sequenceNumber)) throw new TypeError(`cannot read number ${sequenceNumber}`);
      (replay ? replayed : handled).push(sequenceNumber);
    },
    // What failed stays where it is until a person acts, which is what the tests do.
    isPermanent: () => true,
  });
  open.push(observation);
  await observation.registered;
  await client.observers.waitFor(id, events - 1);
  return { id, sequence, handled, replayed, poison: broken, observation };
}

beforeAll(async () => {
  folder = await makeTempFolder('cli-observers');
  server = await startOnFolder(join(folder.path, 'data'));
  env = { ANNALS_URL: `annals://${server.address}/default` };
  client = connect(`annals://${server.address}/default`);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((observation) => observation.stop()));
});

afterAll(async () => {
  await client?.close();
  server?.process.signal('SIGTERM');
  await server?.process.done;
  await folder?.remove();
});

describe('annals observers', () => {
  it('says that there is none yet, and how one comes to be', async () => {
    await client.stores.ensure('empty');
    const ran = await run('list', '--store', 'empty');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^OBSERVER +STATE +POSITION +LAG/);
    expect(ran.stderr).toContain('There is none yet');
    expect(await run('list', '--store', 'empty', '--json')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('lists lag, failures and clients, for people and for programs', async () => {
    const { id } = await observer(6, [3]);
    const { stdout } = await run();
    expect(stdout).toMatch(new RegExp(`^${id} +active +6 +0 +- +\\S+ +1 +1$`, 'm'));
    const listed = ndjson((await run('list', '--json')).stdout).find((one) => one['id'] === id);
    expect(listed).toMatchObject({
      id,
      state: 'active',
      position: 6,
      tail: 5,
      lagEvents: 0,
      lagSeconds: null,
      failedPartitions: 1,
      replay: null,
    });
  });

  it('shows that a disconnected observer falls behind', async () => {
    const { id, sequence, observation } = await observer(4);
    await observation.stop();
    await client.sequence(sequence).append({ type: 'counted', eventSourceId: 'even', content: {} });
    const { stdout } = await run('show', id);
    expect(stdout).toContain(id);
    expect(stdout).toMatch(/state +disconnected/);
    expect(stdout).toMatch(new RegExp(`sequence +${sequence}`));
    expect(stdout).toMatch(/position +4, the last event is 4/);
    expect(stdout).toMatch(/lag +at most 1 events?, the oldest of them \d+\.\d s old/);
    const [shown] = ndjson((await run('show', id, '--json')).stdout);
    expect(shown).toMatchObject({ lagEvents: 1, clients: [] });
    expect(shown?.['lagSeconds']).toBeGreaterThan(0);
  });

  it('exits with 4 for an observer that is not there', async () => {
    const ran = await run('show', 'nobody');
    expect(ran.code).toBe(4);
    expect(ran.stderr).toContain('there is no observer nobody');
    expect((await run('watch', 'nobody')).code).toBe(4);
  });

  it('every verb has help with examples and exit codes', async () => {
    const verbs = 'list show watch failed retry skip pause resume replay cancel-replay'.split(' ');
    const helps = await Promise.all(verbs.map((verb) => run(verb, '--help')));
    for (const { code, stdout } of helps) {
      expect(code).toBe(0);
      expect(stdout).toContain('Examples:\n  annals observers');
      expect(stdout).toContain('Exit codes:');
    }
  });
});

describe('healing', () => {
  it('`failed` shows what is held and why; `retry` lets a mended observer catch up', async () => {
    const { id, handled, poison } = await observer(8, [3]);
    const failed = await run('failed', id);
    expect(failed.code).toBe(0);
    expect(failed.stdout).toMatch(/^odd {2}stands at 3, \d+ attempts?, /);
    expect(failed.stdout).toContain('cannot read number 3');
    expect(failed.stdout).not.toContain('    at ');
    expect(failed.stderr).toContain(`annals observers retry ${id} odd`);
    expect((await run('failed', id, '--stack')).stdout).toContain('cli-observers.test');
    expect(ndjson((await run('failed', id, '--json')).stdout)).toMatchObject([
      {
        partition: 'odd',
        heldFrom: 3,
        quarantined: true,
        attempts: expect.arrayContaining([expect.objectContaining({ sequenceNumber: 3 })]),
      },
    ]);

    poison.clear();
    const retried = await run('retry', id, 'odd');
    expect(retried).toMatchObject({ code: 0, stdout: 'odd is tried again.\n' });
    await awaitFact('the partition has caught up', () => handled.length === 8);
    expect(handled.filter((number) => number % 2 === 1)).toEqual([1, 3, 5, 7]);
    await awaitFact('nothing is held', async () => (await run('failed', id)).stderr.includes('No partition is held.'));
  });

  it('`retry --all` takes every partition that is held', async () => {
    const { id, handled, poison } = await observer(4, [0, 1]);
    poison.clear();
    expect((await run('retry', id, '--all')).stdout).toBe('2 partitions are tried again.\n');
    await awaitFact('both have caught up', () => handled.length === 4);
  });

  it('refuses to retry what has not failed, and a command line that names nothing', async () => {
    const { id } = await observer(2);
    const notFailed = await run('retry', id, 'odd');
    expect(notFailed.code).toBe(1);
    expect(notFailed.stderr).toContain('annals observers failed');
    expect((await run('retry', id)).code).toBe(2);
    expect((await run('retry', id, 'odd', '--all')).code).toBe(2);
  });

  it('`skip` goes past the event, wants a reason, and is audited', async () => {
    const { id, handled } = await observer(6, [1]);
    const without = await run('skip', id, 'odd', '1');
    expect(without.code).toBe(2);
    expect(without.stderr).toContain('--reason');
    expect((await run('skip', id, 'odd', '3', '--reason', 'a wrong number')).code).toBe(1);
    expect(await run('skip', id, 'odd', '1', '--reason', 'a test order')).toMatchObject({ code: 0, stderr: '' });
    await awaitFact('what follows is handled', () => handled.length === 5);
    expect(handled).not.toContain(1);
    const audit = ndjson((await annals(['read', '--sequence', 'system', '--json'], { env })).stdout);
    expect(audit).toContainEqual(
      expect.objectContaining({
        type: 'ObserverEventSkipped',
        content: expect.objectContaining({ observer: id, partition: 'odd', reason: 'a test order' }),
      }),
    );
  });

  it('`pause` holds everything back until `resume`', async () => {
    const { id, sequence, handled } = await observer(2);
    expect((await run('pause', id)).stdout).toContain(`annals observers resume ${id}`);
    await client.sequence(sequence).append({ type: 'counted', eventSourceId: 'even', content: {} });
    const [shown] = ndjson((await run('show', id, '--json')).stdout);
    expect(shown).toMatchObject({ state: 'paused', lagEvents: 1 });
    expect(handled).toHaveLength(2);
    expect((await run('resume', id)).code).toBe(0);
    await awaitFact('it goes on', () => handled.length === 3);
  });
});

describe('annals observers replay', () => {
  it('says with --dry-run what it would do, and does nothing', async () => {
    const { id, replayed } = await observer(6);
    const ran = await run('replay', id, '--from', '2', '--partition', 'even', '--dry-run');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`2 events of even, numbers 2–5, would be delivered again to ${id}`);
    const [plan] = ndjson((await run('replay', id, '--dry-run', '--json')).stdout);
    expect(plan).toMatchObject({ observer: id, from: 0, to: 5, partition: null, events: 6, dryRun: true });
    expect(replayed).toEqual([]);
  });

  it('replays, follows until it is over, and asks nobody where no terminal is', async () => {
    const { id, handled, replayed } = await observer(6);
    const ran = await run('replay', id, '--to', '3', '--follow');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toContain(`4 events, numbers 0–3, are delivered again to ${id}`);
    expect(ran.stdout).toMatch(/^The replay is over after \d+\.\d s\.$/m);
    expect(replayed.toSorted()).toEqual([0, 1, 2, 3]);
    expect(handled).toHaveLength(6);
  });

  it('begins at a time', async () => {
    const { id, sequence } = await observer(3);
    const { recorded } = await client.sequence(sequence).get({ sequenceNumber: 0 });
    const [plan] = ndjson((await run('replay', id, '--from', recorded.toISOString(), '--dry-run', '--json')).stdout);
    expect(plan).toMatchObject({ from: 0, events: 3 });
    const never = new Date(Date.now() + 3_600_000).toISOString();
    expect((await run('replay', id, '--from', never, '--dry-run')).code).toBe(1);
    expect((await run('replay', id, '--from', 'yesterday-ish')).code).toBe(2);
  });

  it('can be cancelled', async () => {
    const { id, replayed } = await observer(4);
    await run('pause', id);
    await run('replay', id, '--yes');
    expect(ndjson((await run('show', id, '--json')).stdout)[0]).toMatchObject({ replay: { done: 0, total: 4 } });
    expect((await run()).stdout).toMatch(/^ {2}replay {2}░+ 0 % {2}0 of 4/m);
    expect((await run('cancel-replay', id)).stdout).toContain('is over');
    expect((await run('cancel-replay', id)).stdout).toContain('was not replaying');
    await run('resume', id);
    expect(replayed).toEqual([]);
  });

  (hasTerminals ? it : it.skip)('asks on a terminal, and takes anything but yes for no', async () => {
    const { id, replayed } = await observer(4);
    const command = [process.execPath, annalsCommand(), 'observers', 'replay', id, '--follow'];
    const asked = async (answer: string): Promise<number | null> => {
      const terminal = onTerminal(command, env);
      await awaitFact('it asks', () => terminal.shown().includes('Go on? [y/N]'), { instead: terminal.shown });
      terminal.type(answer);
      return terminal.done;
    };
    expect(await asked('n\r')).toBe(1);
    expect(await asked(CTRL_C)).toBe(130);
    expect(replayed).toEqual([]);
    expect(await asked('y\r')).toBe(0);
    expect(replayed).toHaveLength(4);
  });
});

describe('annals observers watch', () => {
  it('writes a line for each change until Ctrl-C, which is no failure', async () => {
    const { id, sequence } = await observer(2);
    const watching = launch(['observers', 'watch', id, '--json'], { env });
    const seen = (): Record<string, unknown>[] => ndjson(watching.stdout());
    await awaitFact('the state is told', () => seen().length > 0, { instead: watching.stderr });
    await client.sequence(sequence).append({ type: 'counted', eventSourceId: 'even', content: {} });
    await awaitFact('the change is told', () => seen().at(-1)?.['position'] === 3, { instead: watching.stdout });
    expect(new Set(seen().map((state) => state['id']))).toEqual(new Set([id]));
    watching.signal('SIGINT');
    expect(await watching.done).toMatchObject({ code: 0, stderr: '' });
  });
});
