/**
 * What is registered: a rule about the events of one sequence, as plain data. It is stored as it is and
 * mirrors `constraints.proto`. Lists that mean sets are kept sorted, so that the same rule is the same data.
 */
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import { checkName, DEFAULT_SEQUENCE, SYSTEM_SEQUENCE } from '../kernel/names';

export interface ConstraintDefinition {
  readonly name: string;
  readonly sequence: string;
  readonly rule: UniqueValue | UniqueEventType;
}

/** A value is held by one event at a time, or by one event source. */
export interface UniqueValue {
  readonly kind: 'unique-value';
  readonly types: readonly ClaimingType[];
  readonly scope: ConstraintScope;
  readonly ignoreCase: boolean;
  /** An event of one of these types releases what its event source holds. */
  readonly releasedBy: readonly string[];
  readonly holder: ClaimHolder;
}

export interface ClaimingType {
  readonly type: string;
  /** Paths such as `customer.email`. */
  readonly properties: readonly string[];
  /** The generation whose properties these are; 0 in a request: the latest. */
  readonly generation: number;
}

/** Within what values are compared. */
export type ConstraintScope =
  | { readonly kind: 'sequence' }
  | { readonly kind: 'event-source' }
  | { readonly kind: 'property'; readonly property: string };

/**
 * `event`: no second event has the value, of the same source neither. `source`: the event source holds
 * the value of the last of its events of the constraint's types, and none when that one has none.
 */
export type ClaimHolder = 'event' | 'source';

/** An event source has at most one event of a type. */
export interface UniqueEventType {
  readonly kind: 'unique-event-type';
  readonly type: string;
  readonly releasedBy: readonly string[];
}

const NAME = new RegExp(`^[a-z0-9][a-z0-9-]{0,${LIMITS.constraintNameLength - 1}}$`);

/** Fields are named as in the request that registers it. */
const FIELD = 'constraint';

/** The definition in its one form. @throws AnnalsError INVALID_CONSTRAINT, naming the field and its limit. */
export function checkConstraint(definition: ConstraintDefinition): ConstraintDefinition {
  const { name, rule } = definition;
  if (!NAME.test(name)) {
    throw invalid(
      'name',
      `is ${shown(name)}; a name is 1 to ${LIMITS.constraintNameLength} of a-z, 0-9 and hyphen, not starting with a hyphen`,
    );
  }
  const sequence = checkSequence(definition.sequence === '' ? DEFAULT_SEQUENCE : definition.sequence);
  if (rule.kind === 'unique-event-type') {
    const type = checkType(rule.type, 'unique_event_type.type');
    return {
      name,
      sequence,
      rule: { ...rule, type, releasedBy: checkReleasers(rule.releasedBy, 'unique_event_type') },
    };
  }
  const types = checkClaimingTypes(rule.types);
  const releasedBy = checkReleasers(rule.releasedBy, 'unique_value');
  if (rule.scope.kind === 'property') checkPath(rule.scope.property, 'unique_value.scope.property');
  if (rule.scope.kind === 'event-source' && rule.holder === 'source') {
    throw invalid(
      'unique_value.holder',
      'is the event source, which is the scope too: nothing could ever break this constraint',
    );
  }
  return { name, sequence, rule: { ...rule, types, releasedBy } };
}

/** Whether what is asked for is what there is. A generation of 0 asks for whichever it was. */
export function isSameConstraint(asked: ConstraintDefinition, existing: ConstraintDefinition): boolean {
  return JSON.stringify(withGenerations(asked, existing)) === JSON.stringify(existing);
}

/** The definition with every generation of 0 replaced. */
export const resolveGenerations = (
  definition: ConstraintDefinition,
  latest: (type: string) => number,
): ConstraintDefinition =>
  mapTypes(definition, (claiming) =>
    claiming.generation === 0 ? { ...claiming, generation: latest(claiming.type) } : claiming,
  );

function withGenerations(asked: ConstraintDefinition, existing: ConstraintDefinition): ConstraintDefinition {
  const { rule } = existing;
  const generations = new Map(rule.kind === 'unique-value' ? rule.types.map((of) => [of.type, of.generation]) : []);
  return resolveGenerations(asked, (type) => generations.get(type) ?? 0);
}

function mapTypes(
  definition: ConstraintDefinition,
  map: (claiming: ClaimingType) => ClaimingType,
): ConstraintDefinition {
  const { rule } = definition;
  return rule.kind === 'unique-event-type'
    ? definition
    : { ...definition, rule: { ...rule, types: rule.types.map(map) } };
}

function checkSequence(sequence: string): string {
  if (sequence === SYSTEM_SEQUENCE) {
    throw invalid('sequence', 'is `system`, on which the server alone records');
  }
  return checkName(sequence, `${FIELD}.sequence`);
}

function checkClaimingTypes(types: readonly ClaimingType[]): readonly ClaimingType[] {
  const field = 'unique_value.types';
  if (types.length === 0) throw invalid(field, 'is empty; a constraint has at least one type');
  if (types.length > LIMITS.typesPerConstraint) throw over(field, LIMITS.typesPerConstraint, types.length, 'types');
  const wanted = types[0]?.properties.length ?? 0;
  types.forEach(({ type, properties, generation }, i) => {
    const at = `${field}[${i}]`;
    checkType(type, `${at}.type`);
    if (types.findIndex((other) => other.type === type) < i)
      throw invalid(`${at}.type`, `is ${shown(type)} a second time`);
    if (generation > LIMITS.generationsPerType) {
      throw over(`${at}.generation`, LIMITS.generationsPerType, generation, 'generations');
    }
    checkProperties(properties, `${at}.properties`);
    if (properties.length !== wanted) {
      throw invalid(
        `${at}.properties`,
        `has ${properties.length} where other types have ${wanted}; values of all types are compared with each other`,
      );
    }
  });
  return [...types].sort((a, b) => (a.type < b.type ? -1 : 1));
}

function checkProperties(properties: readonly string[], field: string): void {
  if (properties.length === 0) throw invalid(field, 'is empty; a value is made of at least one property');
  if (properties.length > LIMITS.propertiesPerClaim) {
    throw over(field, LIMITS.propertiesPerClaim, properties.length, 'properties');
  }
  properties.forEach((path, i) => {
    checkPath(path, `${field}[${i}]`);
    if (properties.indexOf(path) < i) throw invalid(`${field}[${i}]`, `is ${shown(path)} a second time`);
  });
}

function checkPath(path: string, field: string): void {
  if (path.length > LIMITS.propertyPathLength) throw over(field, LIMITS.propertyPathLength, path.length, 'characters');
  if (path.split('.').some((name) => name === '' || name.includes('\0'))) {
    throw invalid(field, `is ${shown(path)}; a path is names with dots between them, such as customer.email`);
  }
}

function checkReleasers(types: readonly string[], rule: string): readonly string[] {
  const field = `${rule}.released_by`;
  if (types.length > LIMITS.typesPerConstraint) throw over(field, LIMITS.typesPerConstraint, types.length, 'types');
  types.forEach((type, i) => checkType(type, `${field}[${i}]`));
  return [...new Set(types)].sort();
}

function checkType(type: string, field: string): string {
  if (type === '') throw invalid(field, 'is empty; it names an event type');
  if (type.length > LIMITS.eventTypeLength) throw over(field, LIMITS.eventTypeLength, type.length, 'characters');
  if (type.startsWith('$')) throw invalid(field, `is ${shown(type)}; names that start with $ are the server's own`);
  return type;
}

/** A name from a request, short enough for a message. */
const shown = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

/** @param field its path within the definition. */
export const invalid = (field: string, fault: string): AnnalsError =>
  new AnnalsError('INVALID_CONSTRAINT', `${FIELD}.${field} ${fault}`, { field: `${FIELD}.${field}` });

const over = (field: string, limit: number, actual: number, unit: string): AnnalsError =>
  overLimit(`${FIELD}.${field}`, limit, actual, unit, 'INVALID_CONSTRAINT');
