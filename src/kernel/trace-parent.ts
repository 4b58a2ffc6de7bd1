/**
 * The W3C trace context that an event carries (https://www.w3.org/TR/trace-context/#traceparent-header):
 * `00-<trace id>-<span id>-<flags>` in lower-case hexadecimal. Ids of zeros alone are no ids.
 */
const TRACE_PARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

export interface TraceParent {
  readonly traceId: string;
  readonly spanId: string;
  /** One byte; its lowest bit says that the trace is sampled. */
  readonly flags: number;
}

export const isTraceParent = (text: string): boolean => TRACE_PARENT.test(text);

/** Undefined: it is none. */
export function parseTraceParent(text: string): TraceParent | undefined {
  const [, traceId, spanId, flags] = TRACE_PARENT.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return { traceId, spanId, flags: Number.parseInt(flags, 16) };
}

export const formatTraceParent = ({ traceId, spanId, flags }: TraceParent): string =>
  `00-${traceId}-${spanId}-${(flags & 0xff).toString(16).padStart(2, '0')}`;
