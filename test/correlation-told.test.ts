/** What a trace tells of events beside the log: who caused them, what they are parts of, what became of them, and who failed on them. */
import { connect, PermanentFailure, type Annals, type TraceNode } from '../src/client';
import { awaitFact, awaitValue } from './support/await-fact';
import { serve, type ServedHere } from './support/in-process-server';
import { startReplicaSet, type ReplicaSet } from './support/replica-set';

let database: ReplicaSet;
let served: ServedHere;
let shop: Annals;
let mail: Annals;

beforeAll(async () => {
  database = await startReplicaSet();
  served = await serve(database.url);
  [shop, mail] = [service('shop'), service('mail')];
  await Promise.all([shop.stores.ensure('shop'), mail.stores.ensure('mail')]);
  await mail.links.add('shop', { source: { store: 'shop' } });
});
afterAll(async () => {
  await Promise.all([shop.close(), mail.close()]);
  await served.stop();
  await database.stop();
});

const service = (store: string): Annals => connect(`annals://${served.server.address}/${store}`);

const event = (eventId: string, correlationId: string, causationId?: string) => ({
  ...{ eventId, type: 'happened', eventSourceId: 'thing', correlationId, causationId, content: {} },
});

async function nodesOf(correlationId: string, from = shop): Promise<readonly TraceNode[]> {
  const { nodes, gaps } = await from.correlation.trace({ correlationId }).all();
  expect(gaps).toEqual([]);
  return nodes;
}

/** The node of an event itself, and not of a step that it is. */
const ofEvent = (nodes: readonly TraceNode[], id: string): TraceNode | undefined =>
  nodes.find(({ kind, eventId }) => kind === 'event' && eventId === id);

const lines = (nodes: readonly TraceNode[]): string[] =>
  nodes.map(({ depth, kind, eventId, part }) =>
    [`${'  '.repeat(depth)}${kind}`, eventId || part?.sequenceId, part?.status ?? ''].join(' ').trimEnd(),
  );

describe('who caused an event', () => {
  it('is told as described, by its last name and those before, or by its id alone, or is nobody', async () => {
    await shop.identities.describe('u-1', { kind: 'person', name: 'Ann Ash', subject: 'auth|1' });
    await shop.identities.describe('u-1', { kind: 'person', name: 'Ann Oakley', subject: 'auth|1' });
    await shop.identities.describe('nightly', { kind: 'system', name: 'Nightly', onBehalfOf: 'u-1' });
    await shop.eventLog.append([
      { ...event('by-person', 'who'), causedBy: 'u-1' },
      { ...event('by-system', 'who'), causedBy: 'nightly' },
      { ...event('by-stranger', 'who'), causedBy: 'u-2' },
      event('by-nobody', 'who'),
    ]);
    const nodes = await nodesOf('who');
    expect(ofEvent(nodes, 'by-person')?.causedBy).toMatchObject({
      ...{ id: 'u-1', kind: 'person', name: 'Ann Oakley', subject: 'auth|1' },
      former: [{ name: 'Ann Ash' }],
    });
    expect(ofEvent(nodes, 'by-system')?.causedBy).toMatchObject({ kind: 'system', onBehalfOf: 'u-1' });
    expect(ofEvent(nodes, 'by-stranger')?.causedBy).toMatchObject({ id: 'u-2', name: '', kind: 'unspecified' });
    expect(ofEvent(nodes, 'by-nobody')?.causedBy).toBeUndefined();
  });

  it('is an id and a reason once it was erased, in the very next trace', async () => {
    await shop.identities.describe('u-3', { kind: 'person', name: 'Bo Birch' });
    await shop.eventLog.append({ ...event('by-erased', 'erased-who'), causedBy: 'u-3' });
    expect((await nodesOf('erased-who'))[0]?.causedBy).toMatchObject({ name: 'Bo Birch' });
    await shop.identities.erase('u-3', 'asked to');
    expect((await nodesOf('erased-who'))[0]?.causedBy).toMatchObject({
      ...{ id: 'u-3', name: '', former: [], erased: { reason: 'asked to' } },
    });
  });
});

describe('an ordered sequence', () => {
  let nodes: readonly TraceNode[];
  beforeAll(async () => {
    const processing = shop.orderedSequences.process({
      booked: () => ({ entry: 7 }),
      noticed: () => undefined,
      shipped: () => {
        throw new PermanentFailure('the ship has sunk');
      },
    });
    await processing.registered;
    await shop.eventLog.append(event('ordered', 'saga'));
    await shop.orderedSequences.create({
      sequenceId: 'saga-1',
      name: 'order',
      events: [
        { eventId: 'booking', order: 1 },
        { eventId: 'notice', order: 2 },
        { eventId: 'shipping', order: 2 },
      ],
      metadata: { correlationId: 'saga', causationId: 'ordered' },
      rollback_strategy: {
        type: 'compensating_events',
        compensating_events: [{ eventId: 'unbooked', payload_template: { because: '${error.message}' } }],
      },
    });
    await shop.eventLog.append(
      ['booking', 'notice', 'shipping'].map((eventId, i) => ({
        ...event(eventId, 'saga', 'ordered'),
        type: ['booked', 'noticed', 'shipped'][i] ?? '',
      })),
    );
    for await (const [sequence] of shop.orderedSequences.watch({ sequenceId: 'saga-1' })) {
      if (sequence?.phase === 'settled') break;
    }
    // A trace shows sequences as their rows are, a moment after the log; a list waits for the rows.
    for await (const _ of shop.orderedSequences.list({ correlationId: 'saga', archived: true })) break;
    await processing.stop();
    nodes = await nodesOf('saga');
  });

  it('stands under the event that it began for, with its steps, those of one order too, and what undoes them', () => {
    const compensation = nodes.find(({ type }) => type === 'unbooked')?.eventId ?? '';
    expect(compensation).not.toBe('');
    const own = nodes.filter(({ kind }) => kind !== 'event');
    expect(lines(own)).toEqual([
      '  ordered-sequence saga-1 failed',
      '    step booking processed',
      '    step notice processed',
      '    step shipping failed',
      `    step ${compensation} failed`,
    ]);
    expect(own[3]?.part).toMatchObject({ sequenceId: 'saga-1', name: 'order', order: 2, compensating: false });
    expect(own[4]?.part).toMatchObject({ compensating: true });
    expect(new Set(nodes.map(({ id }) => id)).size).toBe(nodes.length);
  });

  it('is said at its events, which stay under their own causes', () => {
    const shipping = ofEvent(nodes, 'shipping');
    expect(shipping?.parts).toMatchObject([{ sequenceId: 'saga-1', order: 2, status: 'failed', compensating: false }]);
    expect(ofEvent(nodes, 'notice')?.parts).toMatchObject([{ order: 2, status: 'processed' }]);
    expect(nodes.find(({ id }) => id === shipping?.parentId)?.eventId).toBe('ordered');
    const compensating = nodes.find(({ type }) => type === 'unbooked');
    expect(compensating?.parts).toMatchObject([{ sequenceId: 'saga-1', compensating: true }]);
    // What made it necessary caused it.
    expect(nodes.find(({ id }) => id === compensating?.parentId)?.eventId).toBe('shipping');
  });

  it('is part of what came of the event that it began for', async () => {
    const effects = await shop.correlation.effects('ordered').all();
    expect(effects.nodes.filter(({ kind }) => kind === 'ordered-sequence')).toHaveLength(1);
    expect(ofEvent(effects.nodes, 'booking')?.parts).toHaveLength(1);
  });

  it('shows the entries of its own log only to those who ask', async () => {
    expect(nodes.flatMap(({ sightings }) => sightings).map(({ sequence }) => sequence)).not.toContain(
      'ordered-sequences',
    );
    const whole = await shop.correlation.trace({ correlationId: 'saga', sequenceLog: true }).all();
    expect(whole.nodes.flatMap(({ sightings }) => sightings).map(({ sequence }) => sequence)).toContain(
      'ordered-sequences',
    );
  });
});

describe('what became of an event later', () => {
  beforeAll(async () => {
    await shop.eventLog.append([event('mistaken', 'later'), event('private', 'later', 'mistaken')]);
    const said = { correlationId: 'clerk', reason: 'a slip' };
    await shop.eventLog.compensate(
      { eventId: 'mistaken' },
      { ...said, type: 'happened', content: { right: true }, compensationId: 'put-right' },
    );
    await shop.eventLog.redact({ eventId: 'private' }, said);
  });

  it('stands under it, in the trace of its operation and in what came of it', async () => {
    const traced = await nodesOf('later');
    const effects = await shop.correlation.effects('mistaken').all();
    for (const nodes of [traced, effects.nodes]) {
      expect(ofEvent(nodes, 'mistaken')).toMatchObject({ compensations: 1, redacted: false, parentId: '' });
      expect(ofEvent(nodes, 'private')).toMatchObject({ compensations: 0, redacted: true });
      expect(announced(nodes)).toEqual(['compensation of mistaken: a slip', 'redaction of private: a slip']);
    }
  });

  it('is followed up to it', async () => {
    const redaction = (await nodesOf('later')).find(({ announcement }) => announcement?.kind === 'redaction');
    const { nodes } = await shop.correlation.causes(redaction?.eventId ?? '').all();
    expect(nodes.map(({ eventId }) => eventId)).toEqual([redaction?.eventId, 'private', 'mistaken']);
  });

  function announced(nodes: readonly TraceNode[]): string[] {
    const byId = new Map(nodes.map((node) => [node.id, node]));
    return nodes
      .flatMap(({ announcement, parentId }) =>
        announcement === undefined
          ? []
          : [`${announcement.kind} of ${byId.get(parentId)?.eventId}: ${announcement.reason}`],
      )
      .sort();
  }
});

describe('observers that failed', () => {
  it('are told at the event, with what they said, at the place where they met it', async () => {
    const retried = mail.observe('clumsy', {
      sequence: 'inbox',
      handle: async () => Promise.reject(new Error('dropped it')),
    });
    const given = mail.observe('strict', {
      sequence: 'inbox',
      handle: () => {
        throw new PermanentFailure('will not have it');
      },
    });
    try {
      await shop.outbox.append(event('told', 'failing'));
      const failures = await awaitValue('both have failed', async () => {
        const [node] = await nodesOf('failing');
        return node?.failures.length === 2 ? node.failures : undefined;
      });
      const at = { store: 'mail', namespace: 'default', sequence: 'inbox', sequenceNumber: 0 };
      expect(failures.toSorted((a, b) => (a.observer < b.observer ? -1 : 1))).toMatchObject([
        { observer: 'clumsy', quarantined: false, message: expect.stringContaining('dropped it'), at },
        { observer: 'strict', quarantined: true, message: expect.stringContaining('will not have it'), at },
      ]);
    } finally {
      await Promise.all([retried.stop(), given.stop()]);
    }
  });

  it('are told no more once they have handled it', async () => {
    const again = mail.observe('strict', { sequence: 'inbox', handle: () => undefined });
    try {
      await again.registered;
      await mail.observers.retryPartition('strict', 'thing');
      await awaitFact('one stands there still', async () => {
        const [node] = await nodesOf('failing');
        return node?.failures.map(({ observer }) => observer).join() === 'clumsy';
      });
    } finally {
      await again.stop();
    }
  });
});
