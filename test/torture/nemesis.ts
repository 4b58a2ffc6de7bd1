/**
 * Who makes the trouble: at random times it kills servers and the database, cuts wires, and holds
 * back what is on them. Each disturbance heals itself before its nemesis makes the next; two work
 * at once, one on processes and one on wires, so that troubles meet.
 */
import { pause } from '../support/await-fact';
import type { Direction } from '../support/tcp-proxy';
import type { Deployment, ServerSlot } from './deployment';
import type { Random } from './random';

/** Milliseconds of peace between two disturbances: enough at times for everything to recover, at times not. */
const PEACE_MS = { least: 300, most: 4_000 };
/** Milliseconds for which something killed stays down. */
const DOWN_MS = { least: 50, most: 2_500 };
/** Milliseconds for which something is held back: at times longer than the server's or a client's patience. */
const HELD_MS = { least: 100, most: 7_000 };

export type Trouble =
  | 'server killed'
  | 'server drained'
  | 'mongod killed'
  | 'clients cut'
  | 'database cut'
  | 'clients held'
  | 'database held'
  | 'clients refused';

export type TroubleCounts = Partial<Record<Trouble, number>>;

/** When a trouble began and ended, for a person who reads the history. */
export interface TroubleNote {
  readonly kind: 'trouble';
  readonly trouble: Trouble;
  readonly from: number;
  readonly to: number;
}

type Disturbance = readonly [Trouble, (deployment: Deployment, random: Random) => Promise<void>];
type Weighted = readonly (readonly [weight: number, disturbance: Disturbance])[];

const during = ({ least, most }: { least: number; most: number }, random: Random): Promise<void> =>
  pause(random.whole(least, most));

const someServer = ({ servers }: Deployment, random: Random): ServerSlot => {
  const server = random.pick(servers);
  if (server === undefined) throw new Error('there is no server');
  return server;
};

const someDirection = (random: Random): Direction => (random.chance(0.5) ? 'requests' : 'answers');

export const ON_PROCESSES: Weighted = [
  [
    4,
    [
      'server killed',
      async (deployment, random) => {
        const server = someServer(deployment, random);
        await server.kill9();
        await during(DOWN_MS, random);
        await server.start();
      },
    ],
  ],
  [
    1,
    [
      'server drained',
      async (deployment, random) => {
        const server = someServer(deployment, random);
        await server.drain();
        await during(DOWN_MS, random);
        await server.start();
      },
    ],
  ],
  [
    3,
    [
      'mongod killed',
      async ({ database }, random) => {
        await database.kill(0);
        await during(DOWN_MS, random);
        await database.restart(0);
      },
    ],
  ],
];

export const ON_WIRES: Weighted = [
  [3, ['clients cut', async (deployment, random) => Promise.resolve(someServer(deployment, random).clientWire.cut())]],
  [
    2,
    ['database cut', async (deployment, random) => Promise.resolve(someServer(deployment, random).databaseWire.cut())],
  ],
  [
    2,
    [
      'clients held',
      async (deployment, random) => {
        const { clientWire } = someServer(deployment, random);
        clientWire.hold(someDirection(random));
        await during(HELD_MS, random);
        clientWire.release();
      },
    ],
  ],
  [
    4,
    [
      'database held',
      async (deployment, random) => {
        const { databaseWire } = someServer(deployment, random);
        databaseWire.hold(someDirection(random));
        await during(HELD_MS, random);
        databaseWire.release();
      },
    ],
  ],
  [
    1,
    [
      'clients refused',
      async (deployment, random) => {
        const { clientWire } = someServer(deployment, random);
        clientWire.refuseNew(true);
        clientWire.cut();
        await during(DOWN_MS, random);
        clientWire.refuseNew(false);
      },
    ],
  ],
];

/** Disturbs until the signal; what it has begun it heals before it returns. */
export async function disturb(
  what: Weighted,
  deployment: Deployment,
  random: Random,
  notes: TroubleNote[],
  counts: TroubleCounts,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await during(PEACE_MS, random);
    if (signal.aborted) return;
    const [trouble, make] = random.weighted(what);
    counts[trouble] = (counts[trouble] ?? 0) + 1;
    const from = Date.now();
    await make(deployment, random);
    notes.push({ kind: 'trouble', trouble, from, to: Date.now() });
  }
}
