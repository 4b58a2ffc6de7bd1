import type { ConstraintDefinition as WireDefinition } from '../../contract/generated/annals/v1/ConstraintDefinition';
import type { ConstraintDefinition__Output } from '../../contract/generated/annals/v1/ConstraintDefinition';
import type { UniqueValue as WireUniqueValue } from '../../contract/generated/annals/v1/UniqueValue';
import type { UniqueValue__Output } from '../../contract/generated/annals/v1/UniqueValue';
import { checkNumber, checkText, invalidField } from '../field-checks';

/** A constraint as data: what `constraint(…)` builds, what a file holds, and how both become the wire's message and back. */

export interface ConstraintNames {
  /** `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly name: string;
  /** `event-log` unless given. */
  readonly sequence?: string | undefined;
}

export type ConstraintDefinition = ConstraintNames &
  (
    | { readonly uniqueValue: UniqueValue; readonly uniqueEventType?: undefined }
    | { readonly uniqueEventType: UniqueEventType; readonly uniqueValue?: undefined }
  );

/** A value is held by one event at a time. */
export interface UniqueValue {
  /** The types whose events claim a value, each with the properties that make it. */
  readonly types: readonly ClaimingType[];
  /** Within what values are compared: the events of one event source, or those that agree in a property. The whole sequence unless given. */
  readonly scope?: 'source' | { readonly property: string } | undefined;
  /** `Anna` and `anna` are the same value. */
  readonly ignoreCase?: boolean | undefined;
  /** An event of one of these types releases what its event source holds. */
  readonly releasedBy?: readonly string[] | undefined;
  /**
   * Who holds a value. `event`: no second event has it, of the same source neither. `source`: its next event may repeat
   * the value, or takes another one instead. `event` unless given.
   */
  readonly holder?: 'event' | 'source' | undefined;
}

export interface ClaimingType {
  readonly type: string;
  /** Paths such as `customer.email`, 1 to 8. Where one is absent or null nothing is claimed. */
  readonly properties: readonly string[];
  /** The generation whose properties these are. The latest at the time of registration unless given. */
  readonly generation?: number | undefined;
}

/** An event source has at most one event of a type. */
export interface UniqueEventType {
  readonly type: string;
  /** An event of one of these types allows another one. */
  readonly releasedBy?: readonly string[] | undefined;
}

/** Throws INVALID_FIELD or INVALID_UTF8, naming the place. */
export function wireConstraint(definition: ConstraintDefinition): WireDefinition {
  const { name, sequence, uniqueValue, uniqueEventType } = definition;
  if ((uniqueValue === undefined) === (uniqueEventType === undefined)) {
    throw invalidField('constraint.rule', 'is `uniqueValue` or `uniqueEventType`, one of the two');
  }
  return {
    name: checkText('constraint.name', name),
    sequence: checkText('constraint.sequence', sequence ?? ''),
    ...(uniqueValue === undefined ? {} : { uniqueValue: wireUniqueValue(uniqueValue, 'constraint.unique_value') }),
    ...(uniqueEventType === undefined
      ? {}
      : {
          uniqueEventType: {
            type: checkText('constraint.unique_event_type.type', uniqueEventType.type),
            releasedBy: texts('constraint.unique_event_type.released_by', uniqueEventType.releasedBy),
          },
        }),
  };
}

function wireUniqueValue(rule: UniqueValue, field: string): WireUniqueValue {
  const { types, scope, ignoreCase = false, releasedBy, holder = 'event' } = rule;
  if (!Array.isArray(types)) throw invalidField(`${field}.types`, 'is no array');
  if (!Object.hasOwn(HOLDERS, holder)) throw invalidField(`${field}.holder`, 'is `event` or `source`');
  return {
    types: types.map(({ type, properties, generation = 0 }: ClaimingType, i) => ({
      type: checkText(`${field}.types[${i}].type`, type),
      properties: texts(`${field}.types[${i}].properties`, properties),
      generation: checkNumber(`${field}.types[${i}].generation`, generation),
    })),
    ...(scope === undefined ? {} : { scope: wireScope(scope, `${field}.scope`) }),
    ignoreCase,
    releasedBy: texts(`${field}.released_by`, releasedBy),
    holder: HOLDERS[holder],
  };
}

function wireScope(scope: NonNullable<UniqueValue['scope']>, field: string) {
  if (scope === 'source') return { eventSource: true };
  if (typeof scope !== 'object') throw invalidField(field, 'is `source`, or an object with a `property`');
  return { property: checkText(`${field}.property`, scope.property) };
}

function texts(field: string, values: readonly string[] | undefined): string[] {
  if (values !== undefined && !Array.isArray(values)) throw invalidField(field, 'is no array');
  return (values ?? []).map((value: string, i) => checkText(`${field}[${i}]`, value));
}

const HOLDERS = { event: 'CLAIM_HOLDER_EVENT', source: 'CLAIM_HOLDER_SOURCE' } as const;

export function constraintDefinition(wire: ConstraintDefinition__Output): ConstraintDefinition {
  const { name, sequence, uniqueValue, uniqueEventType } = wire;
  if (uniqueEventType) return { name, sequence, uniqueEventType };
  return { name, sequence, uniqueValue: uniqueValue ? uniqueValueOf(uniqueValue) : { types: [] } };
}

function uniqueValueOf({ types, scope, ignoreCase, releasedBy, holder }: UniqueValue__Output): UniqueValue {
  const property = scope?.property;
  return {
    types,
    ...(scope?.eventSource === true ? { scope: 'source' } : property === undefined ? {} : { scope: { property } }),
    ignoreCase,
    releasedBy,
    holder: holder === 'CLAIM_HOLDER_SOURCE' ? 'source' : 'event',
  };
}
