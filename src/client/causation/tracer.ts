/**
 * OpenTelemetry, as far as a program has registered an SDK for it; without one nothing is made here. Which
 * there is is asked each time, since programs register theirs before or after they connect.
 */
import {
  isSpanContextValid,
  SpanStatusCode,
  trace,
  type Context,
  type ProxyTracerProvider,
  type Span,
  type SpanContext,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { formatTraceParent, parseTraceParent } from '../../kernel/trace-parent';

const NAME = 'annals';

let known: { readonly provider: TracerProvider; readonly tracer: Tracer } | undefined;

/** Undefined: the program traces nothing. */
export function activeTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  if (known?.provider === provider) return known.tracer;
  const tracer = tracerOf(provider);
  if (tracer !== undefined) known = { provider, tracer };
  return tracer;
}

/** The API answers with a proxy, which has a tracer to delegate to once there is an SDK behind it. */
const tracerOf = (
  provider: TracerProvider & Partial<Pick<ProxyTracerProvider, 'getDelegateTracer'>>,
): Tracer | undefined =>
  provider.getDelegateTracer === undefined ? provider.getTracer(NAME) : provider.getDelegateTracer(NAME);

/** Of the span that is active here. */
export function activeTraceParent(): string | undefined {
  const span = trace.getActiveSpan();
  return span === undefined ? undefined : traceParentOf(span);
}

/** Undefined: the span stands for nothing, as those do that are made without an SDK. */
export function traceParentOf(span: Span): string | undefined {
  const context = span.spanContext();
  if (!isSpanContextValid(context)) return undefined;
  return formatTraceParent({ ...context, flags: context.traceFlags });
}

/** What an event's trace context says of the span that appended it. */
export function spanContextOf(traceParent: string | undefined): SpanContext | undefined {
  const parent = traceParent === undefined ? undefined : parseTraceParent(traceParent);
  if (parent === undefined) return undefined;
  return { traceId: parent.traceId, spanId: parent.spanId, traceFlags: parent.flags, isRemote: true };
}

/** `context` with the span that appended an event as the parent of what is begun in it. */
export function remoteParent(context: Context, traceParent: string | undefined): Context {
  const parent = spanContextOf(traceParent);
  return parent === undefined ? context : trace.setSpanContext(context, parent);
}

export function endFailed(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setAttribute('error.type', errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.message : String(error) });
  span.end();
}

function errorType(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}
