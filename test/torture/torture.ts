/**
 * One torture run: clients append through two servers and followers follow, while the nemesis does
 * its worst. Then peace: what stayed unknown is sent again, followers reach the tail, the log is
 * read back, and the checker judges the whole history.
 */
import { once } from 'node:events';
import { connect, type Annals } from '../../src/client';
import { EVERYTHING, matches, type HistoryRecord, type LogEvent } from '../history/history';
import type { Objection } from '../history/objection';
import { awaitFact, pause } from '../support/await-fact';
import { byUnaryCalls, throughClient } from './appender';
import { deploy } from './deployment';
import { Follower, type FollowerOptions } from './follower';
import { Load, readLog } from './load';
import { disturb, ON_PROCESSES, ON_WIRES, type TroubleCounts, type TroubleNote } from './nemesis';
import { seeded } from './random';
import type { Counts } from './recorder';

/** Writers that use the client, which sends again by itself. */
const CLIENTS = 6;
/** Writers whose calls go once to one server. */
const UNARY_CALLERS = 3;

/** Events of a run at most, however long it is: the history is judged in memory. */
const EVENTS_AT_MOST = 800_000;

/** How far ahead of an even pace to that bound writers may be, as a share of it. */
const PACE_AHEAD = 0.05;

const MS_PER_SECOND = 1_000;

/** Milliseconds between two reports of progress. */
const REPORT_EVERY_MS = 5_000;

/** Milliseconds for all followers to reach the tail once there is peace. */
const CATCH_UP_WITHIN_MS = 60_000;

const FOLLOWERS: readonly FollowerOptions[] = [
  { name: 'steady', from: 0, temper: 'steady' },
  { name: 'slow', from: 0, temper: 'slow' },
  { name: 'restless', from: 0, temper: 'restless' },
  { name: 'later', from: 500, temper: 'steady' },
  { name: 'one-source', from: 0, filter: { ...EVERYTHING, sources: ['hot-1'] }, temper: 'restless' },
  { name: 'one-boundary', from: 0, filter: { ...EVERYTHING, types: ['taken'], tags: ['seat-1'] }, temper: 'steady' },
];

export interface TortureOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly seconds: number;
  readonly counts: Readonly<Counts>;
  readonly troubles: Readonly<TroubleCounts>;
}

export interface Verdict extends Progress {
  readonly objections: readonly Objection[];
  /** What went wrong that is no matter of history: a call that hung, a server that fell over, a subscriber left behind. */
  readonly problems: readonly string[];
  readonly history: readonly HistoryRecord[];
  readonly log: readonly LogEvent[];
  readonly troubleNotes: readonly TroubleNote[];
  /** The last that each server said, when there was a problem. */
  readonly outputs: readonly string[];
}

export async function torture({ seconds, seed, onProgress }: TortureOptions): Promise<Verdict> {
  const random = seeded(seed);
  const troubles: TroubleCounts = {};
  const notes: TroubleNote[] = [];
  const problems: string[] = [];
  const deployment = await deploy();
  const connections: Annals[] = [];
  const connected = (first: number): Annals => {
    const annals = connect(deployment.connectionString(first));
    connections.push(annals);
    return annals;
  };
  const [war, following] = [new AbortController(), new AbortController()];
  /** Whoever meets what nobody should meet ends the war early; the judgement is made all the same. */
  const fault = (who: string, error: unknown) => {
    problems.push(`${who}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    war.abort();
  };
  const party = (who: string, running: Promise<void>): Promise<void> =>
    running.catch((error: unknown) => {
      fault(who, error);
    });

  const appenders = [
    ...Array.from({ length: CLIENTS }, (_, i) => throughClient(connected(i))),
    ...Array.from({ length: UNARY_CALLERS }, () => byUnaryCalls(deployment.addresses, random.fork())),
  ];
  const load = new Load(appenders, random.fork());
  const { counts } = load.recorder;
  const began = performance.now();
  const elapsed = () => (performance.now() - began) / MS_PER_SECOND;
  const reporter = setInterval(() => onProgress?.({ seconds: elapsed(), counts, troubles }), REPORT_EVERY_MS);
  try {
    const followers = FOLLOWERS.map((options, i) => new Follower(options, connected(i), load.recorder, random.fork()));
    const subscribed = followers.map((f) => party(`follower ${f.options.name}`, f.run(following.signal)));
    load.start(() => counts.events < EVENTS_AT_MOST * (elapsed() / seconds + PACE_AHEAD), fault);
    const disturbing = [ON_PROCESSES, ON_WIRES].map((what) =>
      party('nemesis', disturb(what, deployment, random.fork(), notes, troubles, war.signal)),
    );
    await Promise.race([pause(seconds * MS_PER_SECOND), once(war.signal, 'abort')]);
    war.abort();
    await Promise.all(disturbing);
    deployment.heal();
    await load.stop();

    for (const follower of followers) follower.calmDown();
    await party('resolving', load.resolveUnknown());
    let log: LogEvent[] = [];
    let objections: Objection[] = [];
    await party(
      'reading back',
      (async () => {
        log = await readLog(connected(0));
        await party('catching up', allReach(followers, log));
        following.abort();
        await Promise.all(subscribed);
        objections = load.judge(log);
      })(),
    );

    const { history } = load.recorder;
    const met = [...problems, ...deployment.problems];
    const outputs = met.length === 0 ? [] : deployment.servers.map((server) => `${server.name}:\n${server.output()}`);
    const verdict = { objections, problems: met, history, log, troubleNotes: notes, outputs };
    return { seconds: elapsed(), counts, troubles, ...verdict };
  } finally {
    clearInterval(reporter);
    following.abort();
    await Promise.all([...appenders, ...connections].map((connection) => connection.close()));
    await deployment.stop();
  }
}

async function allReach(followers: readonly Follower[], log: readonly LogEvent[]): Promise<void> {
  const due = followers.map((follower) => {
    const { from, filter = EVERYTHING } = follower.options;
    return { follower, last: log.findLast((event) => event.number >= from && matches(filter, event))?.number ?? -1 };
  });
  await awaitFact(
    'every follower reaches its last event',
    () => due.every(({ follower, last }) => follower.next > last),
    {
      withinMs: CATCH_UP_WITHIN_MS,
      instead: () =>
        due
          .map(({ follower, last }) => `${follower.options.name} is at ${follower.next}, its last is ${last}`)
          .join('\n'),
    },
  );
}
