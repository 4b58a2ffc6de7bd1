import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { AnnalsError } from '../../kernel/annals-error';
import { carriedHere, tracedAppend } from './appending';
import { currentContext, type EventContext } from './event-context';
import { handling, handlingTogether } from './handling';
import { activeTracer } from './tracer';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const TRACE = `00-${TRACE_ID}-${SPAN_ID}-01`;

const event = { eventId: 'e', type: 'order.placed', correlationId: 'c', causedBy: 'ada', traceParent: TRACE };
const address = { store: 'shop', namespace: 'default', sequence: 'event-log' };
const by = { destination: 'inbox', consumer: 'mailer' };

const append = async (eventIds = ['new']): Promise<EventContext | undefined> => {
  const tracer = activeTracer();
  if (tracer === undefined) return carriedHere();
  let taken: EventContext | undefined;
  await tracedAppend(tracer, address, async (carried) => {
    taken = carried;
    return { eventIds };
  });
  return taken;
};

describe('without an SDK', () => {
  it('a handler is run as it is, with what is carried to its appends', async () => {
    const carried = { correlationId: 'c', causationId: 'e', causedBy: 'ada', traceParent: TRACE };
    expect(handling(event, () => currentContext())).toEqual(carried);
    expect(await handling(event, async () => append())).toEqual(carried);
    expect(trace.getActiveSpan()).toBeUndefined();
  });

  it('what a handler throws goes on', () => {
    const fails = () => {
      throw new Error('no');
    };
    expect(() => handling(event, fails)).toThrow('no');
  });
});

describe('with an SDK', () => {
  const exporter = new InMemorySpanExporter();

  beforeEach(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  afterEach(() => {
    exporter.reset();
    trace.disable();
    context.disable();
  });

  const spans = (): ReadableSpan[] => exporter.getFinishedSpans();
  const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId;
  const idOf = (span: ReadableSpan | undefined): string | undefined => span?.spanContext().spanId;

  it('a handler’s span is a child of the one that appended its event, and names what it does', () => {
    handling(event, () => undefined, by, { attempt: 2, replay: false });
    const [span] = spans();
    expect(span).toMatchObject({
      name: 'process inbox',
      kind: SpanKind.CONSUMER,
      parentSpanContext: { traceId: TRACE_ID, spanId: SPAN_ID, isRemote: true },
      attributes: {
        'messaging.system': 'annals',
        'messaging.operation.type': 'process',
        'messaging.destination.name': 'inbox',
        'messaging.consumer.group.name': 'mailer',
        'messaging.message.id': 'e',
        'messaging.message.conversation_id': 'c',
        'annals.event.type': 'order.placed',
        'annals.attempt': 2,
      },
    });
    expect(span?.spanContext().traceId).toBe(TRACE_ID);
  });

  it('an append in a handler goes on from the handler’s span, and its own is written on the event', async () => {
    const carried = await handling(event, async () => append(), by);
    const [producer, consumer] = spans();
    expect(producer).toMatchObject({
      name: 'append event-log',
      kind: SpanKind.PRODUCER,
      attributes: { 'messaging.operation.type': 'send', 'messaging.message.id': 'new', 'annals.store': 'shop' },
    });
    expect(parentOf(producer)).toBe(idOf(consumer));
    expect(carried).toEqual({
      correlationId: 'c',
      causationId: 'e',
      causedBy: 'ada',
      traceParent: `00-${TRACE_ID}-${idOf(producer)}-01`,
    });
  });

  it('a span of the program is the parent of the append in it', async () => {
    const own = trace.getTracer('program').startSpan('request');
    const carried = await context.with(trace.setSpan(context.active(), own), async () => append(['a', 'b']));
    const [producer] = spans();
    expect(parentOf(producer)).toBe(own.spanContext().spanId);
    expect(carried?.traceParent).toContain(own.spanContext().traceId);
    expect(producer?.attributes['messaging.batch.message_count']).toBe(2);
  });

  it('a replay begins a trace of its own, linked to the event’s', () => {
    handling(event, () => undefined, by, { replay: true });
    const [span] = spans();
    expect(parentOf(span)).toBeUndefined();
    expect(span?.spanContext().traceId).not.toBe(TRACE_ID);
    expect(span?.links).toMatchObject([{ context: { traceId: TRACE_ID, spanId: SPAN_ID } }]);
  });

  it('of several events at once there is no one parent: they are linked', () => {
    const untraced = { eventId: 'f', correlationId: 'c', causedBy: '' };
    handlingTogether([event, untraced], () => undefined, by);
    const [span] = spans();
    expect(parentOf(span)).toBeUndefined();
    expect(span?.links).toHaveLength(1);
    expect(span?.attributes['messaging.batch.message_count']).toBe(2);
  });

  it('nothing of what is active where it was begun comes into a handler', () => {
    const outside = trace.getTracer('program').startSpan('outside');
    context.with(trace.setSpan(context.active(), outside), () => {
      handling({ ...event, traceParent: undefined }, () => undefined, by);
    });
    expect(spans()[0]?.spanContext().traceId).not.toBe(outside.spanContext().traceId);
  });

  it.each([
    [
      'throws',
      () => {
        throw new AnnalsError('INVALID_FIELD', 'no');
      },
    ],
    ['rejects', async () => Promise.reject(new AnnalsError('INVALID_FIELD', 'no'))],
  ])('a handler that %s ends its span as failed', async (_, fails: () => unknown) => {
    await expect((async () => handling(event, fails, by))()).rejects.toThrow('no');
    expect(spans()).toMatchObject([
      { status: { code: SpanStatusCode.ERROR, message: 'no' }, attributes: { 'error.type': 'INVALID_FIELD' } },
    ]);
  });

  it('an append that fails ends its span as failed', async () => {
    const fails = async () => Promise.reject(new AnnalsError('OUTCOME_UNKNOWN'));
    await expect(tracedAppend(trace.getTracer('annals'), address, fails)).rejects.toThrow();
    expect(spans()).toMatchObject([{ attributes: { 'error.type': 'OUTCOME_UNKNOWN' } }]);
  });

  it('is noticed when it is registered late, and when it is taken away', () => {
    trace.disable();
    handling(event, () => undefined, by);
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    handling(event, () => undefined, by);
    trace.disable();
    handling(event, () => undefined, by);
    expect(spans()).toHaveLength(1);
  });
});
