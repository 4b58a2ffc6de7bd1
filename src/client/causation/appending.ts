/**
 * An append with what it carries by itself. Its span is the producer's: what is written on the events, so
 * that whoever handles one goes on from there. Names and attributes are those of OpenTelemetry's
 * conventions for messaging (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/).
 */
import { context, SpanKind, trace, type Context, type Tracer } from '@opentelemetry/api';
import type { SequenceAddress } from '../../kernel/names';
import { currentContext, type EventContext } from './event-context';
import { activeTraceParent, endFailed, remoteParent, traceParentOf } from './tracer';

/** What events that are made here carry: the trace of the active span where there is one. */
export function carriedHere(): EventContext | undefined {
  const carried = currentContext();
  const traceParent = activeTraceParent();
  return traceParent === undefined ? carried : { ...carried, traceParent };
}

/** Runs `append`, which gives the events what they carry, in a span. */
export async function tracedAppend<Result extends { readonly eventIds: readonly string[] }>(
  tracer: Tracer,
  { store, namespace, sequence }: SequenceAddress,
  append: (carried: EventContext) => Promise<Result>,
): Promise<Result> {
  const carried = currentContext();
  const attributes = {
    'messaging.system': 'annals',
    'messaging.operation.name': 'append',
    'messaging.operation.type': 'send',
    'messaging.destination.name': sequence,
    'annals.store': store,
    'annals.namespace': namespace,
  };
  const parent = parentOf(carried);
  const span = tracer.startSpan(`append ${sequence}`, { kind: SpanKind.PRODUCER, attributes }, parent);
  try {
    const traceParent = traceParentOf(span) ?? carried?.traceParent;
    // The span is active meanwhile, for what the way there does.
    const result = await context.with(trace.setSpan(parent, span), async () => append({ ...carried, traceParent }));
    const [eventId = ''] = result.eventIds;
    if (result.eventIds.length === 1) span.setAttribute('messaging.message.id', eventId);
    else span.setAttribute('messaging.batch.message_count', result.eventIds.length);
    span.end();
    return result;
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
}

/** Where no span is active the event that is being handled is gone on from. */
function parentOf(carried: EventContext | undefined): Context {
  const active = context.active();
  return trace.getSpan(active) === undefined ? remoteParent(active, carried?.traceParent) : active;
}
