/**
 * A handler at work on an event: what it appends is caused by that event, and a consumer's span of
 * OpenTelemetry is active meanwhile.
 *
 * The span is a child of the one that appended the event, since a handler and its event are one to one, and
 * so one trace shows the whole operation. Where that does not hold it begins a trace of its own and is
 * linked: of several events at once there is no one parent, and a replay may come long after its trace.
 */
import { ROOT_CONTEXT, context, SpanKind, trace, type Tracer } from '@opentelemetry/api';
import { causedFrom, causedTogether, within, type CausingEvent, type EventContext } from './event-context';
import { activeTracer, endFailed, remoteParent, spanContextOf } from './tracer';

/** An event as it is handled. */
export interface HandledEvent extends CausingEvent {
  readonly type?: string | undefined;
}

/** What a span says of the handling. */
export interface HandlingDetails {
  /** Where the events come from: an event sequence's name, or that of an ordered sequence. */
  readonly destination: string;
  /** Who handles them, such as an observer's id. */
  readonly consumer: string;
}

/** What a span says of one time of it. */
export interface HandlingAttempt {
  readonly replay?: boolean | undefined;
  /** 1 for the first. */
  readonly attempt?: number | undefined;
}

/**
 * Runs a handler of one event: appends in it, however deep and late, take the event as their cause. Nothing
 * is carried into it from where the observation was begun. Returns what the handler returns; a promise is
 * waited for by the span alone.
 */
export function handling<T>(
  event: HandledEvent,
  run: () => T,
  details?: HandlingDetails,
  attempt?: HandlingAttempt,
): T {
  const carried = causedFrom(event);
  const tracer = activeTracer();
  return tracer === undefined ? within(carried, run) : traced(tracer, [event], carried, run, details, attempt);
}

/** Runs a handler of several events at once: see `causedTogether` about what its appends take. */
export function handlingTogether<T>(
  events: readonly HandledEvent[],
  run: () => T,
  details?: HandlingDetails,
  attempt?: HandlingAttempt,
): T {
  const carried = causedTogether(events);
  const tracer = activeTracer();
  return tracer === undefined ? within(carried, run) : traced(tracer, events, carried, run, details, attempt);
}

/** Links of a span at most, which is where SDKs cut them off: https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits */
const MAX_LINKS = 128;

function traced<T>(
  tracer: Tracer,
  events: readonly HandledEvent[],
  carried: EventContext,
  run: () => T,
  details: HandlingDetails | undefined,
  attempt: HandlingAttempt | undefined,
): T {
  const asChild = events.length === 1 && attempt?.replay !== true;
  const parent = asChild ? remoteParent(ROOT_CONTEXT, events[0]?.traceParent) : ROOT_CONTEXT;
  const span = tracer.startSpan(
    details === undefined ? 'process' : `process ${details.destination}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: attributesOf(events, carried, details, attempt),
      links: asChild ? [] : linksTo(events),
    },
    parent,
  );
  let result: T;
  try {
    result = context.with(trace.setSpan(parent, span), () => within(carried, run));
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
  if (!isThenable(result)) {
    span.end();
    return result;
  }
  result.then(
    () => {
      span.end();
    },
    (error: unknown) => {
      endFailed(span, error);
    },
  );
  return result;
}

function linksTo(events: readonly HandledEvent[]) {
  const contexts = events.slice(0, MAX_LINKS).map(({ traceParent }) => spanContextOf(traceParent));
  return contexts.flatMap((of) => (of === undefined ? [] : [{ context: of }]));
}

function attributesOf(
  events: readonly HandledEvent[],
  { correlationId }: EventContext,
  details: HandlingDetails | undefined,
  attempt: HandlingAttempt | undefined,
) {
  const [first] = events;
  const alone = events.length === 1 ? first : undefined;
  return {
    'messaging.system': 'annals',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': details?.destination,
    'messaging.consumer.group.name': details?.consumer,
    'messaging.message.id': alone?.eventId,
    'messaging.message.conversation_id': correlationId,
    'messaging.batch.message_count': alone === undefined ? events.length : undefined,
    'annals.event.type': alone?.type,
    'annals.attempt': attempt?.attempt,
    'annals.replay': attempt?.replay,
  };
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
