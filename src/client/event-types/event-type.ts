import { invalidField } from '../field-checks';
import type { EventFacts } from '../new-event';
import type { RecordedEvent } from '../recorded-event';
import type { EventTypeDefinition, MigrationStep } from './definition';
import type { ContentOfSchema, JsonSchema } from './json-schema';

/**
 * A type of events in code: its generations with their schemas, what leads from one to the next, and the types of
 * content that follow from them. It is registered by `annals.eventTypes.register`, makes events to append, and tells the
 * compiler what recorded ones hold.
 */

/** How content of the generation before becomes content of this one, and back. */
export interface Migrations {
  readonly up: readonly MigrationStep[];
  readonly down: readonly MigrationStep[];
}

/** What an event may say beside its type, source and content. */
export type EventDetails = Omit<EventFacts, 'type' | 'eventSourceId' | 'generation'>;

/** An event of a type, to be appended: what `append` takes. */
export interface TypedNewEvent<Name extends string, Content extends object> extends EventFacts {
  readonly type: Name;
  readonly generation: number;
  readonly content: Content;
}

/** A type in one of its generations. */
export class TypeInGeneration<Name extends string, Content extends object> {
  readonly type: Name;
  /** The generation that its content is in. */
  readonly contentGeneration: number;

  /** @internal */
  constructor(type: Name, contentGeneration: number) {
    this.type = type;
    this.contentGeneration = contentGeneration;
  }

  /** An event to append. */
  event(eventSourceId: string, content: Content, details: EventDetails = {}): TypedNewEvent<Name, Content> {
    return { ...details, type: this.type, generation: this.contentGeneration, eventSourceId, content };
  }

  /** Whether an event is of this type and its content of this generation: then the compiler knows the content. */
  is(event: RecordedEvent<unknown>): event is RecordedEvent<Content> & { readonly type: Name } {
    return event.type === this.type && event.contentGeneration === this.contentGeneration;
  }
}

/** What `Contents[n]` is: the content of generation n. At 0 stands nothing. */
type ContentsByGeneration = readonly [undefined, ...object[]];

type Last<Contents extends ContentsByGeneration> = Contents extends readonly [
  ...unknown[],
  infer Content extends object,
]
  ? Content
  : never;

type At<Contents extends ContentsByGeneration, Generation extends number> = Contents[Generation] extends infer C extends
  object
  ? C
  : never;

/** A type, as of its latest generation. */
export class EventType<Name extends string, Contents extends ContentsByGeneration> extends TypeInGeneration<
  Name,
  Last<Contents>
> {
  readonly definition: EventTypeDefinition;

  /** @internal Use `eventType`. */
  constructor(type: Name, definition: Omit<EventTypeDefinition, 'type'>) {
    super(type, definition.generations.length);
    this.definition = { type, ...definition };
  }

  /**
   * The type with one generation more: the number after the last, its schema, and what leads to it from the one before
   * and back. Steps that cannot say how something becomes what it should be are for `step.expression`.
   *
   * @throws {AnnalsError} INVALID_FIELD for a number that is not the next
   */
  generation<const S extends JsonSchema>(
    generation: Contents['length'],
    schema: S,
    { up, down }: Migrations,
  ): EventType<Name, readonly [...Contents, ContentOfSchema<S>]> {
    const { definition } = this;
    const last = definition.generations.length;
    if (generation !== last + 1)
      throw invalidField('generation', `is ${generation} after ${last}; they count up by one`);
    return new EventType(this.type, {
      ...definition,
      generations: [...definition.generations, { generation, schema }],
      migrations: [
        ...(definition.migrations ?? []),
        { from: last, to: generation, steps: up },
        { from: generation, to: last, steps: down },
      ],
    });
  }

  /** The type in a generation of its past, for a program that still writes or reads that. */
  inGeneration<Generation extends number>(generation: Generation): TypeInGeneration<Name, At<Contents, Generation>> {
    if (this.definition.generations[generation - 1] === undefined) {
      throw invalidField('generation', `is ${generation}; ${this.type} has 1 to ${this.contentGeneration}`);
    }
    return new TypeInGeneration(this.type, generation);
  }
}

/** A type that has no generation yet. */
export interface EventTypeStart<Name extends string> {
  /** The first one: whether it is 1 is a formality that makes what follows read well. */
  generation<const S extends JsonSchema>(
    generation: 1,
    schema: S,
  ): EventType<Name, readonly [undefined, ContentOfSchema<S>]>;
}

/**
 * A type of events.
 *
 * @example
 * const orderPlaced = eventType('order.placed')
 *   .generation(1, { type: 'object', properties: { total: { type: 'number' } }, required: ['total'] })
 *   .generation(2, schema<{ amount: number; currency: string }>(orderPlaced2), {
 *     up: [step.rename('total', 'amount'), step.defaultTo('currency', 'EUR')],
 *     down: [step.rename('amount', 'total'), step.remove('currency')],
 *   });
 * await annals.eventTypes.register(orderPlaced);
 * await annals.eventLog.append(orderPlaced.event('order-17', { amount: 42, currency: 'EUR' }));
 */
export const eventType = <const Name extends string>(
  type: Name,
  { description }: { readonly description?: string | undefined } = {},
): EventTypeStart<Name> => ({
  generation: (generation, schema) => {
    if (generation !== 1) throw invalidField('generation', `is ${String(generation)}; the first one is 1`);
    return new EventType(type, { description, generations: [{ generation, schema }], migrations: [] });
  },
});

/** Any type, or a type in one of its generations. */
export interface AnyEventType {
  readonly type: string;
  readonly contentGeneration: number;
  event(eventSourceId: string, content: never): { readonly content: object };
}

/**
 * The contents of several types by their names, as `observe` and `reduce` take them:
 * `annals.observe<ContentsOf<typeof orderPlaced | typeof orderPaid>>(…)`.
 */
export type ContentsOf<Types extends AnyEventType> = {
  [One in Types as One['type']]: ReturnType<One['event']>['content'];
};

/** The generations that these types are in, as reads, subscriptions and observers want them. */
export const generationsOf = (...types: readonly AnyEventType[]): Record<string, number> =>
  Object.fromEntries(types.map(({ type, contentGeneration }) => [type, contentGeneration]));
