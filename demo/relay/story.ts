/**
 * What happens between the two services, without a word of output: webhooks come to the one, what is public
 * of them is told to the other, all four processes are killed on the way and started again, everything is
 * sent and handled once more, and then both logs are compared.
 */
import { MongoClient, type Db } from 'mongodb';
import type { Annals, RecordedEvent } from '../../src/client';
import { LiveSubscriber } from '../live-subscriber';
import { percentile, timed } from '../measures';
import { toEvent } from '../story';
import type { Webhook } from '../webhooks';
import { ACTIVITY, NO_ACTIVITY, withTold, type Activity } from './activity';
import type { RelayStory } from './facts';
import { relayChecks } from './relay-checks';
import { PUBLIC_TYPES, publicPart, type PublicContent } from './public-events';
import { Publisher, PUBLISHER } from './publisher';
import type { Service } from '../service';

export const LINK = 'hooks';

/** Where the second service keeps its read model, beside the databases of Annals. */
const MODEL_DATABASE = 'demo-activity';

/** Milliseconds for each wait: generous, since it is a failure when they pass. Leases of killed servers run out first. */
const PATIENCE_MS = 90_000;

export interface Services {
  /** Takes the webhooks. */
  readonly hooks: Service;
  /** Is told what is public. */
  readonly news: Service;
}

export async function tellRelayStory(services: Services, input: readonly Webhook[]): Promise<RelayStory> {
  const mongo = new MongoClient(await services.news.mongodb());
  try {
    return await tell(services, input, mongo.db(MODEL_DATABASE));
  } finally {
    await mongo.close();
  }
}

async function tell({ hooks, news }: Services, input: readonly Webhook[], db: Db): Promise<RelayStory> {
  const { warnings } = await news.annals.links.add(LINK, { source: { connection: hooks.connection } });
  const model = news.annals.reduce<Activity, Record<string, PublicContent>>(ACTIVITY, {
    db,
    collection: ACTIVITY,
    sequence: 'inbox',
    initial: NO_ACTIVITY,
    on: Object.fromEntries(
      PUBLIC_TYPES.map((type) => [type, (state: Activity, { content }) => withTold(state, { type, content })]),
    ),
  });
  const arrivals = new LiveSubscriber(news.annals.inbox);
  await arrivals.live;

  // In the middle: half of what there is to be told is told, and the last of it in hand.
  const toTell = input.filter(({ type, payload }) => publicPart({ type, content: payload }) !== undefined);
  const middle = new Middle(Math.ceil(toTell.length / 2));
  const publisher = new Publisher(hooks.annals, async (told) => middle.reached(told));
  let answered = 0;
  const sending = (async (): Promise<void> => {
    for (const webhook of input) {
      await hooks.annals.eventLog.append(toEvent(webhook));
      answered++;
    }
  })();
  sending.catch(() => undefined);

  await Promise.race([middle.isReached, sending.then(() => middle.isReached)]);
  const [answeredBefore, told, arrived] = [answered, publisher.told, arrivals.deliveries.length];
  await Promise.all([hooks.kill(), news.kill()]);
  const restarting = await timed(() => Promise.all([hooks.restart(), news.restart()]));
  middle.leave();
  const resuming = await timed(() => arrivals.received(told + 1, PATIENCE_MS));

  await sending;
  await level({ hooks, news });
  const cameAgain = publisher.again;

  // Whoever sends may send again, and whoever handles may handle again.
  const again = await Promise.all(input.map((webhook) => hooks.annals.eventLog.append(toEvent(webhook))));
  await hooks.annals.observers.replay(PUBLISHER);
  await replayed(hooks.annals);
  await level({ hooks, news });
  await arrivals.end();
  await publisher.observation.stop();
  await model.stop();

  const proving = await timed(() => news.annals.links.prove(LINK));
  const [webhooks, outbox, inbox] = await Promise.all(
    [hooks.annals.eventLog, hooks.annals.outbox, news.annals.inbox].map((sequence) => all(sequence.read())),
  );
  const activity = await db.collection<Activity & { _id: string }>(ACTIVITY).find().sort({ _id: 1 }).toArray();
  const facts = {
    webhooks: webhooks ?? [],
    outbox: outbox ?? [],
    inbox: inbox ?? [],
    warnings,
    killing: {
      ...{ answered: answeredBefore, told, arrived, cameAgain },
      ...{ restartMs: restarting.ms, resumedMs: resuming.ms },
    },
    repetition: {
      sent: again.length,
      known: again.filter(({ duplicate }) => duplicate).length,
      toldAgain: publisher.again - cameAgain,
    },
    relayedMs: relayedMs((inbox ?? []).slice(0, arrived)),
    activity,
    proof: proving.outcome,
    provenMs: proving.ms,
  };
  const delivered = arrivals.deliveries.map(({ event }) => event.sequenceNumber);
  return { ...facts, checks: relayChecks(facts, input, delivered) };
}

/** Until every webhook is handled, what was told of it has come over, and the read model has it. */
async function level({ hooks, news }: Services): Promise<void> {
  const timeoutMs = PATIENCE_MS;
  await hooks.annals.observers.waitFor(PUBLISHER, (await hooks.annals.eventLog.tail()) ?? 0, { timeoutMs });
  const told = (await hooks.annals.outbox.tail()) ?? -1;
  for await (const links of news.annals.links.watch({ signal: AbortSignal.timeout(PATIENCE_MS) })) {
    if (links.some(({ id, position }) => id === LINK && position > told)) break;
  }
  await news.annals.observers.waitFor(ACTIVITY, (await news.annals.inbox.tail()) ?? 0, { timeoutMs });
}

/** Until no replay is under way: told by the server as it happens. */
async function replayed(annals: Annals): Promise<void> {
  for await (const observers of annals.observers.watch({ signal: AbortSignal.timeout(PATIENCE_MS) })) {
    if (observers.every(({ replay }) => replay === undefined)) return;
  }
}

async function all(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for await (const event of events) found.push(event);
  return found;
}

function relayedMs(inbox: readonly RecordedEvent[]): RelayStory['relayedMs'] {
  const ms = inbox.map(({ recorded, origin }) => recorded.getTime() - (origin?.recorded.getTime() ?? Number.NaN));
  return { p50: percentile(ms, 0.5), p99: percentile(ms, 0.99) };
}

/** A point at which handlers stay, with their event in hand, until they are let go on. */
class Middle {
  readonly isReached: Promise<void>;
  readonly #left: Promise<void>;
  #tell: () => void = () => undefined;
  #leave: () => void = () => undefined;

  constructor(private readonly at: number) {
    this.isReached = new Promise((resolve) => (this.#tell = resolve));
    this.#left = new Promise((resolve) => (this.#leave = resolve));
  }

  async reached(count: number): Promise<void> {
    if (count < this.at) return;
    this.#tell();
    await this.#left;
  }

  leave(): void {
    this.#leave();
  }
}

/** For programs. */
export function relayFacts({ webhooks, outbox, inbox, killing, repetition, activity, proof }: RelayStory) {
  return {
    ...{ webhooks: webhooks.length, outbox: outbox.length, inbox: inbox.length },
    ...{ killing, repetition, subjects: activity.length, proof },
  };
}
