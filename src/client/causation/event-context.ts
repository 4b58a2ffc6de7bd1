/**
 * What an append takes by itself from where it is made: the business operation, the event that is being
 * handled, the identity and the trace. It follows asynchronous work (AsyncLocalStorage), so a handler and
 * everything it calls need not pass it on. What an event says of itself always wins.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface EventContext {
  /** The whole business operation. */
  readonly correlationId?: string | undefined;
  /** The id of the event that directly causes what is appended now. */
  readonly causationId?: string | undefined;
  /** The identity that causes it. */
  readonly causedBy?: string | undefined;
  /** W3C trace context. An active span of OpenTelemetry goes before it. */
  readonly traceParent?: string | undefined;
}

/** As much of a recorded event as those that it causes take from it. */
export interface CausingEvent {
  readonly eventId: string;
  readonly correlationId: string;
  readonly causedBy: string;
  readonly traceParent?: string | undefined;
}

const contexts = new AsyncLocalStorage<EventContext>();

/** What an append that is made here would take. Undefined: nothing is carried here. */
export const currentContext = (): EventContext | undefined => contexts.getStore();

/**
 * Runs `run` and what it starts with this carried along, and beside it what was carried before and is not
 * named here. `undefined` stops one from being carried.
 *
 * @example
 * app.use((request, _, next) => withContext({ correlationId: request.id, causedBy: request.user.id }, next));
 */
export const withContext = <T>(context: EventContext, run: () => T): T =>
  contexts.run({ ...contexts.getStore(), ...context }, run);

/**
 * Runs `run` as what this event causes: for events that were read or subscribed to. Handlers of `observe`
 * run so by themselves. An event that names nobody leaves the identity that was carried before.
 */
export function withCause<T>(event: CausingEvent, run: () => T): T {
  const { causedBy = contexts.getStore()?.causedBy, ...cause } = causedFrom(event);
  return contexts.run({ ...cause, causedBy }, run);
}

/** @internal Runs with this and with nothing of what was carried before. */
export const within = <T>(context: EventContext, run: () => T): T => contexts.run(context, run);

/** @internal What events that are caused by this one take from it. */
export const causedFrom = ({ eventId, correlationId, causedBy, traceParent }: CausingEvent): EventContext => ({
  correlationId: said(correlationId),
  causationId: eventId,
  causedBy: said(causedBy),
  traceParent,
});

/**
 * @internal What events take that were caused by one of these, nobody knows which: as far as all of them
 * agree. Of the cause they take nothing, which is better than a wrong one.
 */
export function causedTogether(events: readonly CausingEvent[]): EventContext {
  const [first, ...others] = events;
  if (first === undefined) return {};
  if (others.length === 0) return causedFrom(first);
  const agreed = (of: (event: CausingEvent) => string | undefined): string | undefined => {
    const value = of(first);
    return others.every((event) => of(event) === value) ? value : undefined;
  };
  return {
    correlationId: said(agreed((event) => event.correlationId)),
    causedBy: said(agreed((event) => event.causedBy)),
    traceParent: agreed((event) => event.traceParent),
  };
}

const said = (text: string | undefined): string | undefined => (text === '' ? undefined : text);
