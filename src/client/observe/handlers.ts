import type { ContentFormat } from '../content-format';
import type { GenerationOptions } from '../content-wanted';
import type { AnnalsError } from '../../kernel/annals-error';
import type { Filter } from '../filter';
import type { RecordedEvent, UnknownContent } from '../recorded-event';
import type { DeliveryContext } from './delivery-context';

/** What a program says of an observer: which events, and what is done with each. */

/**
 * The content of each event type, as an interface of the program's own:
 * `interface ShopEvents { 'order.placed': OrderPlaced; 'order.paid': OrderPaid }`.
 */
export type AnyTypes = Record<string, UnknownContent>;

/** An event of one type, with the content that belongs to it. */
export type EventOf<Types extends object, Type extends keyof Types & string> = RecordedEvent<Types[Type]> & {
  readonly type: Type;
};

/** An event of any of the types: `event.type` tells which, to the compiler too. */
export type AnyEventOf<Types extends object> = { [Type in keyof Types & string]: EventOf<Types, Type> }[keyof Types &
  string];

/** Returns when the event is handled, or a promise that settles then. What it throws fails the event. */
export type EventHandler<Event> = (event: Event, context: DeliveryContext) => unknown;

/** One handler for each type that is observed. Of a program that declares no types, each takes any event. */
export type HandlersByType<Types extends object> = string extends keyof Types
  ? Readonly<Record<string, EventHandler<RecordedEvent>>>
  : { readonly [Type in keyof Types & string]?: EventHandler<EventOf<Types, Type>> };

/**
 * `connecting`: no server has answered yet. `observing`: registered; events come. `waiting`: clients
 * with another definition are connected (an earlier release of the program, say); this one registers
 * once they have left. `reconnecting`: the stream was lost, or its server lost the observer; it
 * registers again. `stopping`: what is being handled is finished. `ended`: nothing comes any more.
 */
export type ObservationState = 'connecting' | 'observing' | 'waiting' | 'reconnecting' | 'stopping' | 'ended';

export interface ObserveSettings extends GenerationOptions {
  /** `event-log` unless given. */
  readonly sequence?: string | undefined;
  /** Where an observer begins that has never been there before: a number (inclusive), or what was recorded from a time on. */
  readonly start?: 'beginning' | 'now' | number | Date | undefined;
  /** What events are kept in order by; a property of the content is written like `customer.id`. The event source unless given. */
  readonly partitionBy?: 'source' | 'whole' | { readonly property: string } | undefined;
  /** How content travels: BSON is what the server keeps and the faster by far. */
  readonly as?: ContentFormat | undefined;
  /** Events that may be on their way to this client, unacknowledged: all that it holds in memory. */
  readonly credits?: number | undefined;
  /** Milliseconds that a delivery may go without an acknowledgement before the server counts it as failed. */
  readonly acknowledgementDeadlineMs?: number | undefined;
  /** Events in one delivery at most. */
  readonly deliverySize?: number | undefined;
  /** Partitions that are handled at once. 16 unless given. */
  readonly concurrency?: number | undefined;
  /** A name for this client in lists. */
  readonly name?: string | undefined;
  /**
   * Ends the observation at once: what is being handled is told by its context's signal, is not
   * acknowledged, and comes again. To finish it, call `stop` instead.
   */
  readonly signal?: AbortSignal | undefined;
  /** `reason` is what led there, where something did. */
  readonly onStateChange?: ((state: ObservationState, reason?: AnnalsError) => void) | undefined;
  /** Whether trying again cannot help: the partition is quarantined at once. A `PermanentFailure` says so by itself. */
  readonly isPermanent?: ((error: unknown) => boolean) | undefined;
  /** When clients with another definition are connected: `wait` until they have left (as rolling deployments want), or `fail`. */
  readonly onDefinitionInUse?: 'wait' | 'fail' | undefined;
}

/** `on` names the types; which of their events is said by sources and tags. */
interface HandledByType<Handlers> {
  readonly on: Handlers;
  readonly eventSourceIds?: readonly string[] | undefined;
  /** All of these. */
  readonly tags?: readonly string[] | undefined;
  readonly correlationId?: string | undefined;
  /** Also the announcements of compensations and redactions of these events: `event.announcement` tells. */
  readonly announcements?: boolean | undefined;
  readonly types?: undefined;
  readonly filters?: undefined;
  readonly handle?: undefined;
  readonly batch?: undefined;
}

/** One filter written out, or several, of which an event must match any. Every event unless given. */
interface Selected extends Filter {
  readonly filters?: readonly Filter[] | undefined;
  readonly on?: undefined;
}

interface HandledAlike<Handler> extends Selected {
  readonly handle: Handler;
  readonly batch?: undefined;
}

interface HandledTogether<Handler> extends Selected {
  /** Takes a whole delivery: events of one partition, in order. When it throws, all of them failed but those told by `context.handledThrough`. */
  readonly batch: Handler;
  readonly handle?: undefined;
}

export type ObserveOptions<Types extends object = AnyTypes> = ObserveSettings &
  (
    | HandledByType<HandlersByType<Types>>
    | HandledAlike<EventHandler<AnyEventOf<Types>>>
    | HandledTogether<EventHandler<readonly AnyEventOf<Types>[]>>
  );

/** The same once its types have done their work. Events are built as what they are declared to be by the filter. */
export type PlainHandler =
  | { readonly kind: 'each'; readonly handle: EventHandler<RecordedEvent> }
  | { readonly kind: 'batch'; readonly handle: EventHandler<readonly RecordedEvent[]> };

export function plainHandler<Types extends object>(options: ObserveOptions<Types>): PlainHandler {
  // The three casts: what the filter selects has the types that the program declared for it.
  if (options.batch !== undefined) {
    return { kind: 'batch', handle: options.batch as EventHandler<readonly RecordedEvent[]> };
  }
  if (options.handle !== undefined) return { kind: 'each', handle: options.handle as EventHandler<RecordedEvent> };
  const byType = new Map(Object.entries(options.on) as [string, EventHandler<RecordedEvent>][]);
  return {
    kind: 'each',
    handle: (event, context) => {
      const handler = byType.get(event.type);
      // The filter is made of the handlers' names, so no other type comes; passing one over in silence would lose it.
      if (handler === undefined) throw new Error(`${context.observer} has no handler for ${event.type}`);
      return handler(event, context);
    },
  };
}
