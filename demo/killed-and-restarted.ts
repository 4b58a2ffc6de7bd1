/** An observer whose process is killed in the middle, after it wrote an event and before it said so, and started again. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { MongoClient } from 'mongodb';
import type { Annals, RecordedEvent } from '../src/client';
import { check, type Check } from './checks';
import { mongodbOf } from './demo-server';
import { READ_MODEL_DATABASE, REPOSITORIES, withEvent, type Repository } from './read-model';
import type { Told } from './read-model-process';

const PROGRAM = join(__dirname, 'read-model-process.js');

/** Milliseconds for what is left of the history to be handled: generous, since it is a failure when they pass. */
const PATIENCE_MS = 20_000;

export interface Killing {
  readonly observer: string;
  readonly events: number;
  /** The number that was written and not acknowledged. */
  readonly inHand: number;
  /** Events in the model when the process was killed, and those that the next one added. */
  readonly before: number;
  readonly after: number;
  /** Events that came again, each of them flagged, and changed nothing. */
  readonly cameAgain: number;
  /** The whole model, those with most events first. */
  readonly repositories: readonly Repository[];
  readonly checks: readonly Check[];
}

export async function killAndRestart(
  annals: Annals,
  { address, dataFolder }: { readonly address: string; readonly dataFolder: string },
  events: readonly RecordedEvent[],
  signal: AbortSignal,
): Promise<Killing> {
  const mongodb = await mongodbOf(dataFolder);
  const mongo = await MongoClient.connect(mongodb);
  try {
    const model = () =>
      mongo.db(READ_MODEL_DATABASE).collection<Repository>(REPOSITORIES).find().sort({ events: -1, _id: 1 }).toArray();

    const first = new ReadModelProcess([address, mongodb, String(Math.floor(events.length / 2))], signal);
    const { number: inHand, written } = await first.told('in-hand');
    first.kill();
    const before = await model();

    const second = new ReadModelProcess([address, mongodb], signal);
    await second.told('registered');
    await annals.observers.waitFor(REPOSITORIES, events.length - 1, { timeoutMs: PATIENCE_MS });
    second.end();
    const { written: after, repeated } = await second.told('ended');
    const repositories = await model();

    const unflagged = repeated
      .filter(({ flagged }) => !flagged)
      .map(({ number }) => `${number} came again without a flag`);
    if (!repeated.some(({ number }) => number === inHand)) unflagged.push(`${inHand} did not come again`);
    return {
      observer: REPOSITORIES,
      events: events.length,
      inHand,
      before: total(before),
      after,
      cameAgain: repeated.length,
      repositories,
      checks: [
        countedOnce(events, repositories, written + after),
        check(
          'what the killed process had not acknowledged came again, flagged',
          unflagged,
          `${repeated.length} of them`,
        ),
      ],
    };
  } finally {
    await mongo.close();
  }
}

const total = (repositories: readonly Repository[]): number =>
  repositories.reduce((sum, { events }) => sum + events, 0);

/** The model is what a fold over the log gives, and both processes together wrote each event once. */
function countedOnce(events: readonly RecordedEvent[], repositories: readonly Repository[], writes: number): Check {
  const expected = new Map<string, Repository>();
  for (const event of events) {
    expected.set(event.eventSourceId, withEvent(expected.get(event.eventSourceId) ?? null, event));
  }
  const wrong = repositories.flatMap((repository) => {
    const wanted = expected.get(repository._id);
    expected.delete(repository._id);
    return isDeepStrictEqual(plain(repository), plain(wanted))
      ? []
      : [`${repository._id} is another than the log says`];
  });
  wrong.push(...[...expected.keys()].map((name) => `${name} is missing`));
  if (writes !== events.length) wrong.push(`${writes} writes for ${events.length} events`);
  const seen = `${total(repositories)} events of ${repositories.length} sources, equal to a fold over the log`;
  return check('killed and started again, the read model lost nothing and counted nothing twice', wrong, seen);
}

/** Without the order of keys, which is the order in which they were first known. */
const plain = (repository: Repository | undefined): unknown => ({ ...repository });

type OfKind<Kind extends Told['kind']> = Extract<Told, { readonly kind: Kind }>;

/** The child; it does not outlive the demo. */
class ReadModelProcess {
  readonly #child;
  readonly #ended: Promise<never>;
  readonly #messages = new Map<Told['kind'], Told>();
  #wake: () => void = () => undefined;

  constructor(args: readonly string[], signal: AbortSignal) {
    this.#child = fork(PROGRAM, [...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child.on('message', (told: Told) => {
      this.#messages.set(told.kind, told);
      this.#wake();
    });
    const end = (): void => this.kill();
    process.once('exit', end);
    signal.addEventListener('abort', end);
    this.#ended = new Promise((_, reject) => {
      this.#child.once('close', (code, killedBy) => {
        process.off('exit', end);
        signal.removeEventListener('abort', end);
        reject(new Error(`the read model's process ended with ${code ?? killedBy}`));
      });
    });
    // Whoever waits for a message is told; an end that nobody waits for is as it should be.
    this.#ended.catch(() => undefined);
  }

  /** What it tells of a kind, once it has. */
  async told<Kind extends Told['kind']>(kind: Kind): Promise<OfKind<Kind>> {
    for (;;) {
      const told = this.#messages.get(kind);
      // The map has under each kind what is of that kind.
      if (told !== undefined) return told as OfKind<Kind>;
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), this.#ended]);
    }
  }

  /** `kill -9`. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks it to stop in order. */
  end(): void {
    this.#child.send('end');
  }
}
