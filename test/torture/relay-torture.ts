/**
 * The relay under fire: a service appends to its outbox, another deployment's link brings it over, and each of
 * the two servers and two databases is killed in turn, again and again, while wires are cut. Then peace, and
 * two judgements that must agree: the link's own proof, and a comparison of the two logs that knows nothing of it.
 */
import { connect, type Annals, type Proof, type RecordedEvent } from '../../src/client';
import { awaitFact, pause } from '../support/await-fact';
import { deploy, type Deployment } from './deployment';
import { seeded, type Random } from './random';

const LINK = 'orders';
const SOURCE = { store: 'shop', sources: 40 };
const TARGET = { store: 'mail' };

/** Milliseconds between two disturbances, and for which something killed stays down. */
const PEACE_MS = { least: 500, most: 2_500 };
const DOWN_MS = { least: 50, most: 1_500 };
/** Events of one append at most. */
const BATCH = 40;
/** Milliseconds between two appends at most: the load leaves the machine room for six processes. */
const APPEND_EVERY_MS = 15;
/** Milliseconds for the link to be level with its source once there is peace: a lease of a killed owner runs out first. */
const LEVEL_WITHIN_MS = 120_000;
const MS_PER_SECOND = 1_000;

export interface RelayVerdict {
  readonly appended: number;
  readonly troubles: Readonly<Record<string, number>>;
  readonly proof: Proof;
  /** What the comparison of the two logs has against them. */
  readonly objections: readonly string[];
  /** What went wrong beside that: a server that stopped by itself. */
  readonly problems: readonly string[];
}

type Disturbance = readonly [name: string, make: (random: Random) => Promise<void>];

export async function tortureRelay({ seconds, seed }: { seconds: number; seed: number }): Promise<RelayVerdict> {
  const random = seeded(seed);
  const [source, target] = await Promise.all([deploy(1), deploy(1)]);
  const shop = connect(`${address(source)}/${SOURCE.store}`);
  const mail = connect(`${address(target)}/${TARGET.store}`);
  const troubles: Record<string, number> = {};
  const war = new AbortController();
  try {
    await shop.stores.ensure(SOURCE.store);
    await mail.stores.ensure(TARGET.store);
    await mail.links.add(LINK, { source: { connection: `${address(source)}/${SOURCE.store}` } });
    const appending = append(shop, random.fork(), war.signal);
    const disturbing = disturb([source, target], random.fork(), troubles, war.signal);
    await pause(seconds * MS_PER_SECOND);
    war.abort();
    await disturbing;
    source.heal();
    target.heal();
    const appended = await appending;
    await levelled(shop, mail);
    const proof = await mail.links.prove(LINK);
    const objections = compare(await readAll(shop, 'outbox'), await readAll(mail, 'inbox'));
    return { appended, troubles, proof, objections, problems: [...source.problems, ...target.problems] };
  } finally {
    war.abort();
    await Promise.all([shop.close(), mail.close()]);
    await Promise.all([source.stop(), target.stop()]);
  }
}

const address = ({ addresses }: Deployment): string => `annals://${addresses.join(',')}`;

/** Appends, compensates now and then, until the signal. What the client gives up on it sends again, under the same ids. */
async function append(shop: Annals, random: Random, signal: AbortSignal): Promise<number> {
  let serial = 0;
  while (!signal.aborted) {
    const events = Array.from({ length: random.whole(1, BATCH) }, () => {
      serial++;
      const eventSourceId = `order-${random.whole(0, SOURCE.sources - 1)}`;
      return { eventId: `event-${serial}`, type: 'order.changed', eventSourceId, content: { serial } };
    });
    const { firstSequenceNumber } = await untilDone(async () => shop.outbox.append(events));
    if (random.chance(0.05)) {
      const options = { compensationId: `compensation-${serial}`, content: { serial: -serial }, reason: 'corrected' };
      await untilDone(async () => shop.outbox.compensate({ sequenceNumber: firstSequenceNumber }, options));
    }
    await pause(random.whole(0, APPEND_EVERY_MS));
  }
  return serial;
}

async function untilDone<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      // Half a minute each: longer than anything stays down.
      if (attempt === 5) throw error;
    }
  }
}

/** Each of the four processes is killed in turn, with wires cut between. */
async function disturb(
  deployments: readonly [Deployment, Deployment],
  random: Random,
  troubles: Record<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const all = deployments.flatMap((deployment, i) => disturbances(deployment, i === 0 ? 'source' : 'target'));
  for (let turn = 0; ; turn++) {
    await pause(random.whole(PEACE_MS.least, PEACE_MS.most));
    if (signal.aborted) return;
    const [name, make] = all[turn % all.length] ?? ['', async () => Promise.resolve()];
    troubles[name] = (troubles[name] ?? 0) + 1;
    await make(random);
  }
}

function disturbances({ servers, database }: Deployment, name: string): Disturbance[] {
  const [server] = servers;
  if (server === undefined) return [];
  const down = async (random: Random): Promise<void> => pause(random.whole(DOWN_MS.least, DOWN_MS.most));
  return [
    [
      `${name} mongod killed`,
      async (random) => {
        await database.kill(0);
        await down(random);
        await database.restart(0);
      },
    ],
    [`${name} clients cut`, async () => Promise.resolve(server.clientWire.cut())],
    [
      `${name} server killed`,
      async (random) => {
        await server.kill9();
        await down(random);
        await server.start();
      },
    ],
    [`${name} database cut`, async () => Promise.resolve(server.databaseWire.cut())],
  ];
}

async function levelled(shop: Annals, mail: Annals): Promise<void> {
  const tail = (await shop.outbox.tail({ filters: [{ announcements: true }] })) ?? -1;
  let last = '';
  await awaitFact(
    'the link is level with its source',
    async () => {
      const link = await mail.links.get(LINK);
      last = JSON.stringify(link);
      return link.position > tail;
    },
    { withinMs: LEVEL_WITHIN_MS, instead: () => last },
  );
}

async function readAll(annals: Annals, sequence: string): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const event of annals.sequence(sequence).read({ filters: [{ announcements: true }] })) events.push(event);
  return events;
}

/** Everything that is wrong between the two logs. */
export function compare(outbox: readonly RecordedEvent[], inbox: readonly RecordedEvent[]): string[] {
  const objections: string[] = [];
  const seen = new Map<number, RecordedEvent>();
  const lastOf = new Map<string, number>();
  for (const event of inbox) {
    const number = event.origin?.sequenceNumber ?? -1;
    if (seen.has(number)) objections.push(`source event ${number} is in the inbox twice`);
    seen.set(number, event);
    const before = lastOf.get(event.eventSourceId) ?? -1;
    if (before > number) objections.push(`${number} of ${event.eventSourceId} comes after ${before}`);
    lastOf.set(event.eventSourceId, number);
  }
  for (const event of outbox) {
    const came = seen.get(event.sequenceNumber);
    seen.delete(event.sequenceNumber);
    if (came === undefined) objections.push(`source event ${event.sequenceNumber} is missing`);
    else if (facts(came) !== facts(event)) objections.push(`${facts(event)} came as ${facts(came)}`);
  }
  for (const number of seen.keys()) objections.push(`the inbox has ${number}, which the source never had`);
  return objections;
}

const facts = ({
  eventId,
  type,
  eventSourceId,
  correlationId,
  occurred,
  content,
  announcement,
}: RecordedEvent): string =>
  JSON.stringify({ eventId, type, eventSourceId, correlationId, occurred, content, kind: announcement?.kind });
