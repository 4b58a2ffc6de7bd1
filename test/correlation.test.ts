/**
 * Who caused what, as the log says it: the projection's answers are held against a naive fold of everything that is
 * recorded, over random causes that no sensible program would name.
 */
import fc from 'fast-check';
import { CORRELATION } from '../observers/correlation/tuning';
import type { TraceResponse__Output } from '../src/contract/generated/annals/v1/TraceResponse';
import { connect, type Annals, type TraceNode } from '../src/client';
import { serve, type ServedHere } from './support/in-process-server';
import { awaitFact } from './support/await-fact';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let here: ServedHere;
let annals: Annals;

beforeAll(async () => {
  database = await startReplicaSet();
  here = await serve(database.url);
  annals = connect(`annals://${here.server.address}/shop`);
  await annals.stores.ensure('shop');
});
afterAll(async () => {
  await annals.close();
  await here.stop();
  await database.stop();
});

/** Every node of all pages. */
async function all(trace: AsyncIterable<TraceNode>): Promise<TraceNode[]> {
  const nodes: TraceNode[] = [];
  for await (const node of trace) nodes.push(node);
  return nodes;
}

const tree = (nodes: readonly TraceNode[]): string[] =>
  nodes.map(({ depth, eventId, kind, circular, cut }) =>
    [`${'  '.repeat(depth)}${eventId}`, kind === 'event' ? '' : kind, circular ? 'circular' : '', cut ? 'cut' : '']
      .filter((word) => word !== '')
      .join(' '),
  );

async function has(sequence: Annals['inbox'], eventId: string): Promise<boolean> {
  for await (const event of sequence.read()) if (event.eventId === eventId) return true;
  return false;
}

const event = (eventId: string, correlationId: string, causationId?: string) => ({
  eventId,
  type: 'happened',
  eventSourceId: 'thing',
  correlationId,
  causationId,
  content: {},
});

describe('a trace of one namespace', () => {
  it('is a tree over all event sequences, parents before children', async () => {
    await annals.eventLog.append(event('placed', 'order'));
    await annals.outbox.append(event('announced', 'order', 'placed'));
    await annals.sequence('billing').append(event('billed', 'order', 'announced'));
    await annals.eventLog.append(event('paid', 'order', 'billed'));
    await annals.eventLog.append(event('packed', 'order', 'placed'));
    const nodes = await all(annals.correlation.trace({ correlationId: 'order' }));
    expect(tree(nodes)).toEqual(['placed', '  announced', '    billed', '      paid', '  packed']);
    expect(nodes[2]?.sightings).toMatchObject([{ store: 'shop', sequence: 'billing', sequenceNumber: 0, address: '' }]);
  });

  it('causes and effects go from an event, so far as they are asked to', async () => {
    expect(tree(await all(annals.correlation.causes('paid')))).toEqual([
      '      paid',
      '    billed',
      '  announced',
      'placed',
    ]);
    expect(tree(await all(annals.correlation.causes('paid', { depth: 1 })))).toEqual(['  paid', 'billed cut']);
    expect(tree(await all(annals.correlation.effects('announced')))).toEqual(['announced', '  billed', '    paid']);
    expect(tree(await all(annals.correlation.effects('placed', { depth: 1 })))).toEqual([
      'placed',
      '  announced cut',
      '  packed',
    ]);
    expect(tree(await all(annals.correlation.effects('placed', { limit: 2 })))).toEqual([
      'placed cut',
      '  announced cut',
    ]);
  });
});

describe('causes that make no sense', () => {
  it('an event that caused itself, and a circle, are roots that say so', async () => {
    await annals.eventLog.append([event('self', 'odd', 'self'), event('a', 'odd', 'c'), event('b', 'odd', 'a')]);
    await annals.eventLog.append(event('c', 'odd', 'b'));
    const nodes = await all(annals.correlation.trace({ correlationId: 'odd' }));
    expect(tree(nodes)).toEqual(['self circular', 'a circular', '  b', '    c']);
    expect(tree(await all(annals.correlation.causes('c')))).toEqual(['    c', '  b', 'a circular']);
    expect(tree(await all(annals.correlation.effects('a')))).toEqual(['a circular', '  b', '    c']);
  });

  it('a cause that is recorded nowhere is missing, and one that carries another correlation id is shown above', async () => {
    await annals.eventLog.append([event('elsewhere', 'other-order'), event('orphan', 'torn', 'never-appended')]);
    await annals.eventLog.append(event('led', 'torn', 'elsewhere'));
    const nodes = await all(annals.correlation.trace({ correlationId: 'torn' }));
    expect(tree(nodes)).toEqual(['elsewhere', '  led', 'never-appended missing', '  orphan']);
    expect(tree(await all(annals.correlation.trace({ eventId: 'unheard-of' })))).toEqual(['unheard-of missing']);
    expect(tree(await all(annals.correlation.causes('orphan')))).toEqual(['  orphan', 'never-appended missing']);
  });

  it('around an event it goes up and down into other correlations', async () => {
    const nodes = await all(annals.correlation.trace({ eventId: 'elsewhere' }));
    expect(tree(nodes)).toEqual(['elsewhere', '  led']);
  });
});

it('what was announced of an event hangs under it, whatever correlation it belongs to', async () => {
  await annals.eventLog.append(event('mistaken', 'correct-me'));
  const compensation = { type: 'happened', content: { right: true }, reason: 'a slip', correlationId: 'clerk' };
  await annals.eventLog.compensate({ eventId: 'mistaken' }, { ...compensation, compensationId: 'put-right' });
  const nodes = await all(annals.correlation.trace({ correlationId: 'correct-me' }));
  expect(tree(nodes)).toEqual(['mistaken', '  put-right']);
  expect(nodes[0]).toMatchObject({ compensations: 1, redacted: false });
  expect(nodes[1]?.announcement).toMatchObject({ kind: 'compensation', reason: 'a slip' });
});

it('an observer that stands at an event is told there', async () => {
  await annals.eventLog.append(event('stuck', 'failing'));
  const observation = annals.observe('clumsy', {
    filters: [{ correlationId: 'failing' }],
    handle: async () => Promise.reject(new Error('dropped it')),
  });
  try {
    await awaitFact('the failure stands in the trace', async () => {
      const [node] = await all(annals.correlation.trace({ correlationId: 'failing' }));
      return node?.failures[0]?.observer === 'clumsy' && node.failures[0].message.includes('dropped it');
    });
  } finally {
    await observation.stop();
  }
});

describe('a correlation of very many events', () => {
  const MANY = 20_000;
  const BATCH = 2_000;
  const PAGE = 500;
  beforeAll(async () => {
    for (let from = 0; from < MANY; from += BATCH) {
      const events = Array.from({ length: BATCH }, (_, i) => from + i).map((i) =>
        event(`many-${i}`, 'many', i === 0 ? undefined : `many-${i >> 1}`),
      );
      await annals.eventLog.append(events.filter((_, i) => i % 2 === 0));
      await annals.sequence('ledger').append(events.filter((_, i) => i % 2 === 1));
    }
  });

  it('comes in pages, each event on one of them', async () => {
    const nodes = await all(annals.correlation.trace({ correlationId: 'many', pageSize: PAGE }));
    expect(nodes).toHaveLength(MANY);
    const places = new Map(nodes.map(({ id, eventId }) => [id, eventId]));
    expect(new Set(places.values()).size).toBe(MANY);
    expect(nodes.every(({ parentId, causationId }) => (places.get(parentId) ?? '') === causationId)).toBe(true);
  });

  it('goes on in pages of another size, and only with what an earlier page of the same trace gave', async () => {
    const [first] = await pages({ correlationId: 'many', pageSize: 700 });
    const token = first?.nextPageToken ?? '';
    const [second] = await pages({ correlationId: 'many', pageSize: 10, pageToken: token });
    const [both] = await pages({ correlationId: 'many', pageSize: 710 });
    expect(membersOf(first).length + membersOf(second).length).toBe(710);
    expect([...membersOf(first), ...membersOf(second)].sort()).toEqual(membersOf(both).sort());
    const hostile = [1, ['many'], [['0:shop/default/event-log', '-1']]];
    const forged = Buffer.from(JSON.stringify(hostile)).toString('base64url');
    for (const request of [
      { correlationId: 'many', pageToken: 'garbage' },
      { correlationId: 'many', pageToken: forged },
      { correlationId: 'order', pageToken: token },
    ]) {
      await expect(pages(request)).rejects.toThrow('page_token');
    }
  });

  const membersOf = (page: TraceResponse__Output | undefined): string[] =>
    (page?.nodes ?? []).map(({ eventId }) => eventId);

  /** The messages of one page, as one. */
  async function pages(request: object): Promise<TraceResponse__Output[]> {
    const namespace = { store: 'shop' };
    const call = here.client.openStream<TraceResponse__Output>('Trace', { namespace, ...request }, {}, 'Correlation');
    const messages: TraceResponse__Output[] = [];
    for await (const message of call) messages.push(message as TraceResponse__Output);
    const last = messages.at(-1);
    return last === undefined ? [] : [{ ...last, nodes: messages.flatMap(({ nodes }) => nodes) }];
  }
});

it('a projection that was dropped is made again, without anything new on the log', async () => {
  const level = async () =>
    (await annals.correlation.progress()).every(({ position, tail }) => tail === undefined || position === tail + 1);
  await awaitFact('everything is projected', level);
  const operations = ['order', 'odd', 'torn', 'correct-me', 'failing'];
  const traced = async () =>
    Promise.all(operations.map(async (correlationId) => all(annals.correlation.trace({ correlationId }))));
  const before = await traced();
  await annals.correlation.rebuild();
  await awaitFact('everything is projected again', level);
  expect(await traced()).toEqual(before);
});

describe('across links', () => {
  let elsewhere: ReplicaSet;
  let depot: ServedHere;
  let shipping: Annals;
  let mail: Annals;
  beforeAll(async () => {
    elsewhere = await startReplicaSet();
    depot = await serve(elsewhere.url);
    shipping = connect(`annals://${depot.server.address}/shipping`);
    mail = connect(`annals://${here.server.address}/mail`);
    await Promise.all([shipping.stores.ensure('shipping'), mail.stores.ensure('mail')]);
    // From the depot's server into the shop here, and from there into the mail beside it.
    await annals.links.add('depot', { source: { connection: `annals://${depot.server.address}/shipping` } });
    await mail.links.add('shop', { source: { store: 'shop' } });
    await shipping.eventLog.append(event('loaded', 'parcel'));
    await shipping.outbox.append(event('sent', 'parcel', 'loaded'));
    await awaitFact('the shop heard of it', async () => (await annals.inbox.tail()) !== undefined);
    await annals.outbox.append(event('promised', 'parcel', 'sent'));
    await awaitFact('it was told on', async () => has(mail.inbox, 'promised'));
    await mail.eventLog.append(event('written', 'parcel', 'promised'));
    await shipping.eventLog.append(event('empty', 'parcel', 'sent'));
  });
  afterAll(async () => {
    await Promise.all([shipping.close(), mail.close()]);
    await depot.stop();
    await elsewhere.stop();
  });

  const whole = ['loaded', '  sent', '    promised', '      written', '    empty'];

  it('an event and its copies are one node, and a trace goes through other stores and servers', async () => {
    for (const from of [annals, mail]) {
      const trace = from.correlation.trace({ correlationId: 'parcel' });
      const nodes = await all(trace);
      expect(tree(nodes)).toEqual(whole);
      expect(trace.gaps).toEqual([]);
      expect(nodes[1]?.sightings).toMatchObject([
        { store: 'shipping', sequence: 'outbox', link: '', address: depot.server.address },
        { store: 'shop', sequence: 'inbox', link: 'depot', address: '' },
      ]);
    }
    expect(tree(await all(mail.correlation.causes('written')))).toEqual([
      '      written',
      '    promised',
      '  sent',
      'loaded',
    ]);
    expect(tree(await all(mail.correlation.effects('sent')))).toEqual(['sent', '  promised', '    written', '  empty']);
  });

  it('the source asks those that take from it when it is told of them', async () => {
    const alone = await all(shipping.correlation.trace({ correlationId: 'parcel' }));
    expect(tree(alone)).toEqual(['loaded', '  sent', '    empty']);
    const peers = [`annals://${here.server.address}`];
    expect(tree(await all(shipping.correlation.trace({ correlationId: 'parcel', peers })))).toEqual(whole);
  });

  it('a server that was named without a store and takes nothing from here says so, and what to name', async () => {
    // The depot takes nothing from anybody.
    const trace = mail.correlation.trace({ correlationId: 'parcel', peers: [`annals://${depot.server.address}`] });
    expect(tree(await all(trace))).toEqual(whole);
    expect(trace.gaps).toEqual([
      {
        where: depot.server.address,
        reason: expect.stringMatching(/no.* link from mail\/default.*annals:\/\/host:port\/store/),
      },
    ]);
  });

  it('pages over servers hold each event once', async () => {
    const nodes = await all(mail.correlation.trace({ correlationId: 'parcel', pageSize: 2 }));
    expect(
      nodes
        .filter(({ kind }) => kind === 'event')
        .map(({ eventId }) => eventId)
        .sort(),
    ).toEqual(['empty', 'loaded', 'promised', 'sent', 'written']);
  });

  it('stays in the namespace when it is told to', async () => {
    const nodes = await all(annals.correlation.trace({ correlationId: 'parcel', local: true }));
    expect(tree(nodes)).toEqual(['loaded missing', '  sent', '    promised']);
  });

  it('a server that is down is a gap with its reason, and what is known of it is told', async () => {
    await depot.stop();
    const began = performance.now();
    const trace = mail.correlation.trace({ correlationId: 'parcel' });
    const nodes = await all(trace);
    // Where nobody listens that is known without waiting.
    expect(performance.now() - began).toBeLessThan(CORRELATION.connectMs);
    expect(tree(nodes)).toEqual(['loaded missing', '  sent', '    promised', '      written']);
    expect(nodes[1]?.sightings).toMatchObject([
      { store: 'shipping', sequence: 'outbox' },
      { store: 'shop', sequence: 'inbox' },
    ]);
    expect(trace.gaps).toEqual([
      { where: depot.server.address, reason: expect.stringContaining('No server answered') },
    ]);
  });
});

describe('whatever programs say of causes', () => {
  const NAMES = ['event-log', 'outbox', 'ledger'] as const;
  const IDS = 12;
  const anyLog = fc.array(
    fc.record({
      sequence: fc.constantFrom(...NAMES),
      correlation: fc.nat(2),
      /** Its own place, an earlier or later one, one that is never recorded, or none. */
      cause: fc.option(fc.nat(IDS + 2), { nil: undefined }),
    }),
    { minLength: 1, maxLength: IDS },
  );

  it('the projection says what a naive fold of the log says, and again after it was dropped', async () => {
    let run = 0;
    const property = fc.asyncProperty(
      anyLog,
      fc.boolean(),
      fc.integer({ min: 4, max: 20 }),
      async (log, drop, pageSize) => {
        const name = (place: number) => `run-${run}-${place}`;
        run++;
        for (const [place, { sequence, correlation, cause }] of log.entries()) {
          const causationId = cause === undefined ? undefined : name(cause);
          await annals.sequence(sequence).append(event(name(place), `${name(correlation)}-operation`, causationId));
        }
        if (drop) await annals.correlation.rebuild();
        for (const correlation of [0, 1, 2]) {
          const correlationId = `${name(correlation)}-operation`;
          const members = log.flatMap((logged, place) =>
            logged.correlation === correlation ? [{ ...logged, place }] : [],
          );
          const nodes = await all(annals.correlation.trace({ correlationId }));
          const paged = await all(annals.correlation.trace({ correlationId, pageSize }));
          const ids = members.map(({ place }) => name(place)).sort();
          for (const told of [nodes, paged]) {
            expect(
              told
                .filter((node) => node.correlationId === correlationId)
                .map(({ eventId }) => eventId)
                .sort(),
            ).toEqual(ids);
          }
          const byId = new Map(nodes.map((node) => [node.id, node]));
          expect(byId.size).toBe(nodes.length);
          const opened = nodes.filter(({ circular }) => circular).length;
          for (const { place, cause } of members) {
            const node = nodes.find(({ eventId }) => eventId === name(place));
            const parent = byId.get(node?.parentId ?? '');
            if (node?.circular !== true) expect(parent?.eventId).toBe(cause === undefined ? undefined : name(cause));
            if (parent !== undefined) expect(parent.kind).toBe((cause ?? 0) < log.length ? 'event' : 'missing');
          }
          expect(opened).toBe(circles(withCauses(members, log)));
        }
      },
    );
    await fc.assert(property, { numRuns: 6 });
  });

  interface Logged {
    readonly place: number;
    readonly cause: number | undefined;
  }

  /** What a trace shows beside the members: the causes that they name, of other correlations. */
  function withCauses(members: readonly Logged[], log: readonly Omit<Logged, 'place'>[]): Logged[] {
    const shown = new Set(members.flatMap(({ place, cause }) => (cause === undefined ? [place] : [place, cause])));
    return log.flatMap(({ cause }, place) => (shown.has(place) ? [{ place, cause }] : []));
  }

  /** Circles among them, by following each until it meets itself again. */
  function circles(members: readonly Logged[]): number {
    const causes = new Map(members.map(({ place, cause }) => [place, cause]));
    const met = new Set<string>();
    for (const { place } of members) {
      const path: number[] = [];
      for (let at: number | undefined = place; at !== undefined && causes.has(at); at = causes.get(at)) {
        const from = path.indexOf(at);
        if (from !== -1)
          met.add(
            path
              .slice(from)
              .sort((a, b) => a - b)
              .join(),
          );
        if (from !== -1) break;
        path.push(at);
      }
    }
    return met.size;
  }
});
