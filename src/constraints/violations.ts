/** What is said of a constraint that stands against an event. */
import type { Violation } from '../kernel/violation';
import type { Fault, MadeClaim } from './claims';

/** Characters of a value in a message: enough to know it by. */
const SHOWN_CHARACTERS = 200;

/** Another event of the log holds the value. @param field names the event in the request. */
export function claimedBefore(made: MadeClaim, field: string, holder: number): Violation {
  return taken(made, field, `event ${holder}`, holder, String(holder));
}

/** An event of the same call stands before this one and holds the value. @param other names that one. */
export function claimedInCall(made: MadeClaim, field: string, other: string): Violation {
  return taken(made, field, `${other || 'another event'} of the same call`, undefined, other);
}

/** A property has an object or an array where a single value should be. */
export function notScalar({ rule, notScalar: { property, found } }: Fault, field: string): Violation {
  const at = contentField(field, property);
  return {
    code: 'CONSTRAINT_VALUE_NOT_SCALAR',
    message: `${at} is ${found}, or ${found} stands on the way to it; the constraint ${rule.name} compares single values there`,
    field: at,
    sequenceNumber: undefined,
    metadata: { constraint: rule.name, property, value: found },
  };
}

function taken(
  { rule, claim }: MadeClaim,
  field: string,
  holder: string,
  sequenceNumber: number | undefined,
  event: string,
): Violation {
  const value = shortened(claim.shown);
  const property = claim.properties.join(', ');
  const { definition } = rule;
  const [at, what] =
    definition.rule.kind === 'unique-event-type'
      ? [join(field, 'type'), `the event source ${JSON.stringify(value)} has ${definition.rule.type} already`]
      : [contentField(field, claim.properties[0] ?? ''), `${JSON.stringify(value)} of ${property} is held already`];
  return {
    code: 'CONSTRAINT_VIOLATION',
    message: `${what}, by ${holder}; the constraint ${rule.name} allows one`,
    field: at,
    sequenceNumber,
    metadata: { constraint: rule.name, property, value, event },
  };
}

const contentField = (field: string, property: string): string => join(join(field, 'content'), property);

const join = (outer: string, inner: string): string => (outer === '' ? inner : `${outer}.${inner}`);

const shortened = (text: string): string => {
  if (text.length <= SHOWN_CHARACTERS) return text;
  // Half of a pair of code units would not be text.
  return `${text.slice(0, SHOWN_CHARACTERS).replace(/[\ud800-\udbff]$/, '')}…`;
};
