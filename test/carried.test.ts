/** What an event takes by itself from where it is appended: its operation, its cause, its identity and its trace. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { from, lastValueFrom } from 'rxjs';
import {
  connect,
  currentContext,
  withCause,
  withContext,
  type Annals,
  type EventSequence,
  type RecordedEvent,
} from '../src/client';
import { awaitValue } from './support/await-fact';
import { all, startServices, type Services } from './support/services';

let services: Services;
beforeAll(async () => {
  services = await startServices();
});
afterAll(async () => services.stop());

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const placed = (id = 'order-1') => ({ type: 'order.placed', eventSourceId: id, content: { total: 42 } });
const sent = { type: 'mail.sent', eventSourceId: 'order-1', content: {} };

const first = async (sequence: EventSequence, type: string): Promise<RecordedEvent> =>
  awaitValue(`there is a ${type}`, async () => (await all(sequence)).find((event) => event.type === type));

/** What an event says of how it hangs together with others. */
const hanging = ({ correlationId, causationId, causedBy, traceParent }: RecordedEvent) => ({
  correlationId,
  causationId,
  causedBy,
  traceParent,
});

/** What an event says that a handler of `event` appended. */
const causedBy = (event: RecordedEvent) => ({ ...hanging(event), causationId: event.eventId });

/** A service that tells what it does, and one that is told by a link. */
async function linked(): Promise<{ shop: Annals; mail: Annals }> {
  const [shop, mail] = [await services.service('shop'), await services.service('mail')];
  await mail.links.add('link', { source: { store: shop.store } });
  return { shop, mail };
}

it('what a handler appends goes on from its event, across a relay', async () => {
  const { shop, mail } = await linked();
  mail.observe('mailer', {
    sequence: 'inbox',
    handle: async () => {
      await new Promise(setImmediate);
      await mail.eventLog.append(sent);
    },
  });
  const operation = { correlationId: 'operation', causedBy: 'ada', traceParent: TRACE };
  await withContext(operation, async () => shop.outbox.append(placed()));
  const [told, mailed] = [await first(mail.inbox, 'order.placed'), await first(mail.eventLog, 'mail.sent')];
  expect(hanging(told)).toEqual({ ...operation, causationId: '' });
  expect(hanging(mailed)).toEqual({ ...operation, causationId: told.eventId });
});

describe('in one service', () => {
  it.each<[string, (annals: Annals, append: () => Promise<unknown>) => unknown]>([
    ['a batch of one', (annals, append) => annals.observe('o', { types: ['order.placed'], batch: append })],
    [
      'an Observable',
      async (annals, append) =>
        lastValueFrom(annals.observe$('o', { on: { 'order.placed': () => from(append()) }, until: mailed(annals) })),
    ],
  ])('%s carries its event on', async (_, observe) => {
    const annals = await services.service('shop');
    const [id] = (await annals.eventLog.append({ ...placed(), causedBy: 'ada' })).eventIds;
    void observe(annals, async () => annals.eventLog.append(sent));
    const event = await annals.eventLog.get({ eventId: id ?? '' });
    expect(hanging(await first(annals.eventLog, 'mail.sent'))).toEqual(causedBy(event));
  });

  const mailed = async (annals: Annals) => first(annals.eventLog, 'mail.sent');

  it('of several events at once the operation is carried on when it is one, and no cause is guessed', async () => {
    const annals = await services.service('shop');
    const both = [placed(), placed()].map((event, i) => ({ ...event, correlationId: 'one', causedBy: `person-${i}` }));
    await annals.eventLog.append(both);
    annals.observe('o', { types: ['order.placed'], batch: async () => annals.eventLog.append(sent) });
    expect(hanging(await first(annals.eventLog, 'mail.sent'))).toMatchObject({
      correlationId: 'one',
      causationId: '',
      causedBy: '',
    });
  });

  it('one’s own code carries an event on that it has read, into compensations too', async () => {
    const { eventLog } = await services.service('shop');
    await eventLog.append([{ ...placed(), causedBy: 'ada' }, placed('order-2')]);
    const event = await eventLog.get({ sequenceNumber: 0 });
    await withCause(event, async () => {
      await eventLog.append(sent);
      await eventLog.compensate({ sequenceNumber: 1 }, { content: { total: 1 }, reason: 'typo' });
    });
    expect(hanging(await first(eventLog, 'mail.sent'))).toEqual(causedBy(event));
    const { compensations } = await eventLog.get({ sequenceNumber: 1 }, { view: 'all' });
    const [compensation] = compensations;
    expect(compensation).toMatchObject({
      correlationId: event.correlationId,
      causationId: event.eventId,
      causedBy: 'ada',
    });
  });

  it('a connection that does not propagate carries nothing, neither into its appends nor into its handlers', async () => {
    const { store } = await services.service('shop');
    await using annals = connect(`annals://${services.servers[0]?.server.address ?? ''}/${store}`, {
      propagate: false,
    });
    await withContext({ correlationId: 'c', causedBy: 'ada' }, async () => annals.eventLog.append(placed()));
    const event = await first(annals.eventLog, 'order.placed');
    expect(hanging(event)).toEqual({
      correlationId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      causationId: '',
      causedBy: '',
      traceParent: undefined,
    });
    const carried = await new Promise((resolve) => {
      annals.observe('o', {
        handle: () => {
          resolve(currentContext());
        },
      });
    });
    expect(carried).toBeUndefined();
  });

  it('a trace context is kept as it was first given: an event sent again is the same with another', async () => {
    const { eventLog } = await services.service('shop');
    const event = { ...placed(), eventId: 'once', traceParent: TRACE };
    await eventLog.append(event);
    expect(await eventLog.append({ ...event, traceParent: TRACE.replace('01', '00') })).toMatchObject({
      duplicate: true,
    });
    expect((await eventLog.get({ eventId: 'once' })).traceParent).toBe(TRACE);
    const malformed = eventLog.append({ ...placed(), traceParent: 'none' });
    await expect(malformed).rejects.toMatchObject({ code: 'INVALID_FIELD', field: 'events[0].trace_parent' });
  });
});

describe('with OpenTelemetry', () => {
  const exporter = new InMemorySpanExporter();

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  it('the spans of producer and consumer, in two services with a relay between them, are one trace', async () => {
    const { shop, mail } = await linked();
    mail.observe('mailer', { sequence: 'inbox', handle: async () => mail.eventLog.append(sent) });
    const tracer = trace.getTracer('shop');
    await tracer.startActiveSpan('request', async (request) => {
      await shop.outbox.append(placed());
      request.end();
    });
    const mailed = await first(mail.eventLog, 'mail.sent');
    const spans = await awaitValue('the handler’s span has ended', () => {
      const finished = exporter.getFinishedSpans();
      return Promise.resolve(finished.length < 4 ? undefined : finished);
    });
    const by = new Map(spans.map((span) => [span.name, span]));
    const way = ['request', 'append outbox', 'process inbox', 'append event-log'];
    expect([...by.keys()].sort()).toEqual([...way].sort());
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    const parents = way.map((name) => by.get(name)?.parentSpanContext?.spanId);
    expect(parents).toEqual([undefined, ...way.slice(0, -1).map((name) => by.get(name)?.spanContext().spanId)]);
    const { traceId = '', spanId = '' } = by.get('append event-log')?.spanContext() ?? {};
    expect(mailed.traceParent).toBe(`00-${traceId}-${spanId}-01`);
  });
});
