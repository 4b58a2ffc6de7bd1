/**
 * Guarantee 4 where it is hardest: the check of an expectation takes a question to the database, and
 * while it is on its way another server records what would have broken it, and the first server hears
 * of that before it gives out its numbers.
 */
import { AppendRefusedError, connect, type Annals } from '../src/client';
import { LIMITS } from '../src/kernel/limits';
import { startAnnals, type AnnalsProcess } from './support/annals-process';
import { awaitFact } from './support/await-fact';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

/** Races run; without the guarantee some in a hundred go wrong. */
const RACES = 400;
/** Races at once, so that the servers' tails are always on the move. */
const AT_ONCE = 8;

let database: ReplicaSet;
let servers: AnnalsProcess[] = [];
let one: Annals;
let other: Annals;

beforeAll(async () => {
  database = await startReplicaSet({ members: 1 });
  servers = [await startAnnals({ mongodb: database.url })];
  servers.push(await startAnnals({ mongodb: database.url }));
  [one, other] = servers.map(({ address }) => connect(`annals://${address}/default`)) as [Annals, Annals];
});

afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await Promise.all(servers.map((server) => server.kill9()));
  await database.stop();
});

const about = (source: string) => ({ type: 'taken', eventSourceId: source, content: {} });

it('an expectation is not won past an event that another server recorded while it was checked', async () => {
  // Longer than what is checked in memory, so that "none so far" is a question to the database.
  const filling = Array.from({ length: LIMITS.eventsPerAppend }, () => about('filling'));
  for (let i = 0; i < 3; i += 1) await one.eventLog.append(filling);
  // Followed through both, so that each hears of the other's commits as they happen.
  const ending = new AbortController();
  const live = new Set<Annals>();
  const followers = [one, other].map(async (annals) => {
    const events = annals.eventLog.subscribe({
      from: filling.length,
      signal: ending.signal,
      onStateChange: (state) => state === 'live' && live.add(annals),
    });
    for await (const _ of events) continue;
  });
  const followed = Promise.allSettled(followers);
  await awaitFact('both are followed', () => live.size === 2);

  const doubles: string[] = [];
  for (let race = 0; race < RACES; race += AT_ONCE) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, i) => {
        const source = `seat-${race + i}`;
        const expecting = [one, other].map((annals) =>
          annals.eventLog.append(about(source), { expect: { source } }).catch((error: unknown) => {
            if (!(error instanceof AppendRefusedError)) throw error;
          }),
        );
        const won = (await Promise.all(expecting)).filter((result) => result !== undefined);
        if (won.length !== 1)
          doubles.push(`${source}: ${won.map((w) => w.firstSequenceNumber).join(', ') || 'nobody'}`);
      }),
    );
  }
  ending.abort();
  await followed;
  expect(doubles).toEqual([]);
});
