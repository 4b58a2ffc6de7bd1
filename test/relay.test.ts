/** What one store puts into its outbox comes into another one's inbox: whole, once, in order, and provably. */
import { AnnalsError, type Annals, type RecordedEvent } from '../src/client';
import { HASHED } from '../observers/relay/mask';
import { all, level, startServices, until, type Services } from './support/services';

let services: Services;
beforeAll(async () => {
  services = await startServices(2);
});
afterAll(async () => services.stop());

const order = (i: number, source = `order-${i % 7}`) => ({
  type: 'order.placed',
  eventSourceId: source,
  content: { i },
});

const contents = async (annals: Annals): Promise<unknown[]> => (await all(annals.inbox)).map(({ content }) => content);

/** Everything that must be the same at both ends. */
const whole = (event: RecordedEvent) => {
  const { recorded: _, origin: __, ...same } = event.toJSON();
  return same;
};

describe.each([
  ['two stores of one server', 0, 0],
  ['two servers with two databases', 0, 1],
])('between %s', (_, from, to) => {
  const sourceOf = (source: Annals) =>
    from === to ? { store: source.store } : { connection: services.connection(source, from) };

  it('every event comes once, in order, with its metadata whole', async () => {
    const source = await services.service('shop', from);
    const target = await services.service('mail', to);
    await source.outbox.append({
      ...order(0),
      eventId: 'first',
      tags: ['a', 'b'],
      correlationId: 'operation',
      causationId: 'cause',
      causedBy: 'somebody',
      traceParent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      occurred: new Date('2020-02-02T02:02:02Z'),
      validFrom: new Date('2019-01-01'),
    });
    await source.outbox.append(Array.from({ length: 1_500 }, (__, i) => order(i + 1)));
    const { created, warnings } = await target.links.add('link', { source: sourceOf(source) });
    expect({ created, warnings }).toEqual({ created: true, warnings: [] });
    await source.outbox.append(order(1_501));
    await level(target, source);
    const [sent, came] = [await all(source.outbox), await all(target.inbox)];
    expect(came.map(whole)).toEqual(sent.map(whole));
    expect(came.map(({ origin }) => origin)).toEqual(
      sent.map(({ sequenceNumber, recorded }) => ({
        store: source.store,
        namespace: 'default',
        sequence: 'outbox',
        sequenceNumber,
        recorded,
        link: 'link',
        hops: 1,
      })),
    );
    const proof = await target.links.prove('link');
    expect(proof).toMatchObject({ from: 0, to: 1_501, inInbox: 1_502, missing: 0, proven: true });
    expect((await target.links.add('link', { source: sourceOf(source) })).created).toBe(false);
  });

  it('compensations and redactions follow their events', async () => {
    const source = await services.service('shop', from);
    const target = await services.service('mail', to);
    await source.outbox.append([order(0), order(1), order(2)]);
    await target.links.add('link', { source: sourceOf(source) });
    await level(target, source);
    await source.outbox.compensate({ sequenceNumber: 0 }, { content: { i: 100 }, reason: 'typo' });
    await source.outbox.redact({ sequenceNumber: 1 }, { reason: 'asked for' });
    await level(target, source);
    const came = await all(target.inbox);
    expect(came.slice(3).map(({ announcement }) => announcement)).toEqual([
      { kind: 'compensation', sequenceNumber: 0, reason: 'typo' },
      { kind: 'redaction', sequenceNumber: 1, reason: 'asked for' },
    ]);
    expect((await target.inbox.get({ sequenceNumber: 0 }, { view: 'effective' })).content).toEqual({ i: 100 });
    const redacted = await target.inbox.get({ sequenceNumber: 1 });
    expect([redacted.content, redacted.redaction?.reason]).toEqual([{}, 'asked for']);
    expect(await target.links.prove('link')).toMatchObject({ inInbox: 5, proven: true });
  });

  it('what was compensated and redacted before the link came there arrives as it is now', async () => {
    const source = await services.service('shop', from);
    const target = await services.service('mail', to);
    await source.outbox.append([order(0), order(1), order(2)]);
    await source.outbox.compensate({ sequenceNumber: 0 }, { content: { i: 100 }, reason: 'typo' });
    await source.outbox.redact({ sequenceNumber: 1 }, { reason: 'asked for' });
    await target.links.add('link', { source: sourceOf(source) });
    await level(target, source);
    expect(await contents(target)).toEqual([{ i: 0 }, { i: 2 }, { i: 100 }]);
    // What has no content any more is not brought, and the proof says why.
    expect(await target.links.prove('link')).toMatchObject({ inInbox: 3, skipped: 2, missing: 0, proven: true });
  });
});

describe('what a link brings', () => {
  it('is selected by types, sources and tags, and what follows a selected event with it', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    await source.outbox.append([
      order(0),
      { ...order(1), type: 'order.paid' },
      { ...order(2), type: 'order.paid', tags: ['public'] },
    ]);
    await target.links.add('link', {
      source: { store: source.store },
      filters: [{ types: ['order.placed'] }, { tags: ['public'] }],
    });
    await source.outbox.compensate({ sequenceNumber: 2 }, { content: { i: 20 }, reason: 'typo' });
    await source.outbox.compensate({ sequenceNumber: 1 }, { content: { i: 10 }, reason: 'typo' });
    await level(target, source);
    expect(await contents(target)).toEqual([{ i: 0 }, { i: 2 }, { i: 20 }]);
    expect(await target.links.prove('link')).toMatchObject({ inInbox: 3, filtered: 2, proven: true });
  });

  it('begins at the beginning, at a number, at a time, or now', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    for (let i = 0; i < 4; i++) await source.outbox.append(order(i));
    const third = await source.outbox.get({ sequenceNumber: 2 });
    const starts = { zero: undefined, two: 2, time: third.recorded, now: 'now' } as const;
    const firsts: Record<string, number> = {};
    for (const [id, from] of Object.entries(starts)) {
      const { link } = await target.links.add(id, { source: { store: source.store }, from, dryRun: true });
      firsts[id] = link.position;
    }
    expect(firsts).toEqual({ zero: 0, two: 2, time: 2, now: 4 });
    expect(await target.links.list()).toEqual([]);
  });

  it('is masked on the way, in every generation and compensation', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    const placed = { ...order(0), content: { email: 'a@b', phone: '1', lines: [{ price: 1, sku: 'x' }] } };
    await source.outbox.append([placed, placed]);
    await target.links.add('link', {
      source: { store: source.store },
      mask: [
        { property: 'email', action: 'hash' },
        { property: 'phone', action: 'drop' },
        { property: 'lines[].price', action: 'drop' },
      ],
    });
    await source.outbox.compensate({ sequenceNumber: 0 }, { content: { email: 'a@b', phone: '2' }, reason: 'typo' });
    await level(target, source);
    const [first, second, compensation] = (await all(target.inbox)).map(({ content }) => content);
    expect(first).toEqual({ email: expect.stringMatching(`^${HASHED}`), lines: [{ sku: 'x' }] });
    expect(second).toEqual(first);
    expect(compensation).toEqual({ email: first?.['email'] });
  });

  it('has every generation that the target can take, and is looked at before the first event flows', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    const one = { generation: 1, schema: { type: 'object', required: ['total'] } };
    const two = { generation: 2, schema: { type: 'object', required: ['amount'] } };
    const migrations = [
      { from: 1, to: 2, steps: [{ rename: { from: 'total', to: 'amount' } }] },
      { from: 2, to: 1, steps: [{ rename: { from: 'amount', to: 'total' } }] },
    ];
    await source.eventTypes.register({ type: 'order.placed', generations: [one, two], migrations });
    await target.eventTypes.register({ type: 'order.placed', generations: [one], migrations: [] });
    await source.outbox.append({ type: 'order.placed', eventSourceId: 's', content: { amount: 7 } });
    const { warnings } = await target.links.add('link', { source: { store: source.store } });
    expect(warnings).toEqual([expect.stringMatching(/order.placed has 2 generations at the source/)]);
    await level(target, source);
    const [came] = await all(target.inbox);
    expect([came?.generation, came?.content]).toEqual([1, { total: 7 }]);
  });
});

describe('a link', () => {
  it('pauses and goes on where it was', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    await target.links.add('link', { source: { store: source.store }, paused: true });
    await source.outbox.append([order(0), order(1)]);
    expect(await target.links.get('link')).toMatchObject({ state: 'paused', position: 0 });
    await target.links.resume('link');
    await level(target, source);
    await target.links.pause('link');
    await source.outbox.append(order(2));
    expect(await target.links.get('link')).toMatchObject({ state: 'paused', position: 2 });
    await target.links.resume('link');
    await level(target, source);
    expect(await contents(target)).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }]);
    expect((await all(target.system)).map(({ type }) => type)).toEqual(
      expect.arrayContaining(['LinkAdded', 'LinkPaused', 'LinkResumed']),
    );
  });

  it('comes past what does not match, so that nothing is looked at again', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    await source.outbox.append(Array.from({ length: 1_000 }, (_, i) => order(i)));
    await target.links.add('link', { source: { store: source.store }, types: ['none'] });
    await until(target, 'it is past them all', ({ position }) => position === 1_000);
    expect(await target.links.prove('link')).toMatchObject({ inInbox: 0, filtered: 1_000, proven: true });
  });

  it('is removed with what is kept of it, and brings nothing twice when it is made again', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    await source.outbox.append([order(0), order(1)]);
    await target.links.add('link', { source: { store: source.store } });
    await level(target, source);
    await target.links.remove('link');
    expect(await target.links.list()).toEqual([]);
    await expect(target.links.get('link')).rejects.toMatchObject({ code: 'UNKNOWN_LINK' });
    await expect(target.links.remove('link')).rejects.toMatchObject({ code: 'UNKNOWN_LINK' });
    await target.links.add('link', { source: { store: source.store } });
    expect(await level(target, source)).toMatchObject({ relayed: 2, duplicates: 2 });
    expect(await contents(target)).toEqual([{ i: 0 }, { i: 1 }]);
  });

  it('is refused when it never could work, and says why', async () => {
    const [source, target] = [await services.service('shop'), await services.service('mail')];
    const here = { source: { store: source.store } };
    const refusal = async (id: string, options: Parameters<Annals['links']['add']>[1]) =>
      target.links.add(id, options).then(
        () => 'added',
        (error: unknown) => (error instanceof AnnalsError ? [error.code, error.field] : error),
      );
    await target.links.add('link', here);
    expect(await refusal('link', { ...here, types: ['a'] })).toEqual(['LINK_EXISTS', 'link']);
    expect(await refusal('l', { source: { store: target.store } })).toEqual(['LINK_CANNOT_WORK', 'definition.source']);
    expect(await refusal('l', { source: { store: source.store, sequence: 'system' } })).toEqual([
      'RESERVED_SEQUENCE',
      'definition.source.sequence',
    ]);
    expect(await refusal('l', { source: { store: 'nobody' } })).toEqual(['SOURCE_UNREACHABLE', undefined]);
    expect(await refusal('l', { source: { connection: 'annals://127.0.0.1:1/x' } })).toEqual([
      'SOURCE_UNREACHABLE',
      undefined,
    ]);
    expect(await refusal('l', { source: { connection: 'http://x' } })).toEqual([
      'INVALID_FIELD',
      'definition.source.connection',
    ]);
    expect(await refusal('l', { ...here, correlationId: 'c' })).toEqual(['INVALID_FIELD', 'definition.filters']);
    expect(
      await refusal('l', {
        ...here,
        partitionBy: { property: 'customer.email' },
        mask: [{ property: 'customer', action: 'hash' }],
      }),
    ).toEqual(['INVALID_FIELD', 'definition.partition_key.property']);
    expect(await refusal('l', { ...here, mask: [{ property: 'a..b', action: 'drop' }] })).toEqual([
      'INVALID_FIELD',
      'definition.mask[0].property',
    ]);
    expect(await refusal('not allowed', here)).toEqual(['INVALID_FIELD', 'link']);
  });

  it('refuses a source of the same name from another deployment, since an origin is a name', async () => {
    const target = await services.service('mail', 1);
    const [near, far] = [await services.service('shop', 1), await services.service('shop', 0)];
    await far.stores.ensure(near.store);
    await target.links.add('near', { source: { store: near.store } });
    const connection = services.connection(near, 0);
    await expect(target.links.add('far', { source: { connection } })).rejects.toMatchObject({
      code: 'LINK_CANNOT_WORK',
    });
  });
});
