import type { AnyEventType } from '../event-types/event-type';
import type { ClaimingType, ConstraintDefinition, ConstraintNames, UniqueEventType, UniqueValue } from './definition';

/** Constraints as a program says them; each word gives a constraint more, and leaves the one before as it was. */

/** A type by its name, or one that `eventType` built: then properties are those of its generation. */
export type TypeOrName = string | AnyEventType;

const nameOf = (type: TypeOrName): string => (typeof type === 'string' ? type : type.type);

const claimOf = (type: TypeOrName, properties: readonly string[]): ClaimingType => ({
  type: nameOf(type),
  properties,
  ...(typeof type === 'string' ? {} : { generation: type.contentGeneration }),
});

/** A value is held by one event at a time. */
export class UniqueValueConstraint {
  readonly definition: ConstraintDefinition;
  readonly #names: ConstraintNames;
  readonly #rule: UniqueValue;

  /** @internal Use `constraint`. */
  constructor(names: ConstraintNames, rule: UniqueValue) {
    this.#names = names;
    this.#rule = rule;
    this.definition = { ...names, uniqueValue: rule };
  }

  /** Events of this type claim the same kind of value, too. */
  and(type: TypeOrName, ...properties: readonly string[]): UniqueValueConstraint {
    return this.#with({ types: [...this.#rule.types, claimOf(type, properties)] });
  }

  /** Values are compared among the events of one event source only. */
  withinSource(): UniqueValueConstraint {
    return this.#with({ scope: 'source' });
  }

  /** Values are compared among the events only that agree in this property, such as `repository.id`. */
  within(property: string): UniqueValueConstraint {
    return this.#with({ scope: { property } });
  }

  /** `Anna` and `anna` are the same value. */
  ignoringCase(): UniqueValueConstraint {
    return this.#with({ ignoreCase: true });
  }

  /** An event of one of these types releases what its event source holds. */
  releasedBy(...types: readonly TypeOrName[]): UniqueValueConstraint {
    return this.#with({ releasedBy: [...(this.#rule.releasedBy ?? []), ...types.map(nameOf)] });
  }

  /** The event source holds the value, not the event: its next event may repeat it, or takes another one instead. */
  heldBySource(): UniqueValueConstraint {
    return this.#with({ holder: 'source' });
  }

  #with(more: Partial<UniqueValue>): UniqueValueConstraint {
    return new UniqueValueConstraint(this.#names, { ...this.#rule, ...more });
  }
}

/** An event source has at most one event of a type. */
export class UniqueEventTypeConstraint {
  readonly definition: ConstraintDefinition;
  readonly #names: ConstraintNames;
  readonly #rule: UniqueEventType;

  /** @internal Use `constraint`. */
  constructor(names: ConstraintNames, rule: UniqueEventType) {
    this.#names = names;
    this.#rule = rule;
    this.definition = { ...names, uniqueEventType: rule };
  }

  /** An event of one of these types allows another one. */
  releasedBy(...types: readonly TypeOrName[]): UniqueEventTypeConstraint {
    const releasedBy = [...(this.#rule.releasedBy ?? []), ...types.map(nameOf)];
    return new UniqueEventTypeConstraint(this.#names, { ...this.#rule, releasedBy });
  }
}

/**
 * A constraint by its name, on `event-log` unless said otherwise.
 *
 * @example
 * constraint('order-numbers').unique(orderPlaced, 'number').within('shop').releasedBy('order.cancelled')
 * constraint('one-opening').oncePerSource('account.opened').releasedBy('account.closed')
 */
export const constraint = (name: string, { sequence }: { readonly sequence?: string | undefined } = {}) => {
  const names: ConstraintNames = sequence === undefined ? { name } : { name, sequence };
  return {
    /** Events of the type claim the value that these properties make together. */
    unique: (type: TypeOrName, ...properties: readonly string[]) =>
      new UniqueValueConstraint(names, { types: [claimOf(type, properties)] }),

    /** An event source has at most one event of the type. */
    oncePerSource: (type: TypeOrName) => new UniqueEventTypeConstraint(names, { type: nameOf(type) }),
  };
};
