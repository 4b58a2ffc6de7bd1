/** A constraint from options: pure. */
import type { ClaimingType, ConstraintDefinition, UniqueValue } from '../../client';
import { UsageError } from '../exit-codes';

export interface ConstraintOptions {
  readonly name?: string;
  readonly sequence?: string;
  readonly unique?: readonly string[];
  readonly oncePerSource?: string;
  readonly scope?: string;
  readonly ignoreCase?: boolean;
  readonly releasedBy?: readonly string[];
  readonly heldBy?: string;
}

const ofUniqueValues = ['scope', 'ignoreCase', 'heldBy'] as const;
const FLAGS = { scope: '--scope', ignoreCase: '--ignore-case', heldBy: '--held-by' } as const;

/** Whether the options say a constraint at all. */
export const saysConstraint = (options: ConstraintOptions): boolean =>
  [options.name, options.unique, options.oncePerSource].some((one) => one !== undefined);

/** Throws UsageError for what does not go together. */
export function constraintOf(options: ConstraintOptions): ConstraintDefinition {
  const { name, sequence, unique, oncePerSource, releasedBy } = options;
  if (name === undefined)
    throw new UsageError('a constraint needs a name', 'Add --name, such as --name order-numbers.');
  const names = sequence === undefined ? { name } : { name, sequence };
  if ((unique === undefined) === (oncePerSource === undefined)) {
    throw new UsageError('a constraint has one rule', 'Give --unique TYPE:PROPERTY, or --once-per-source TYPE.');
  }
  if (unique !== undefined) return { ...names, uniqueValue: uniqueValueOf(unique, options) };
  const wrong = ofUniqueValues.find((flag) => options[flag] !== undefined);
  if (wrong !== undefined) throw new UsageError(`${FLAGS[wrong]} is about unique values`, 'Leave it out.');
  // One of the two rules is there.
  return { ...names, uniqueEventType: { type: oncePerSource as string, releasedBy: releasedBy ?? [] } };
}

function uniqueValueOf(unique: readonly string[], options: ConstraintOptions): UniqueValue {
  const { scope, ignoreCase = false, releasedBy = [], heldBy = 'event' } = options;
  if (heldBy !== 'event' && heldBy !== 'source') {
    throw new UsageError(`--held-by ${heldBy}`, 'It is `event` or `source`.');
  }
  return {
    types: unique.map(claimOf),
    ...(scope === undefined ? {} : { scope: scopeOf(scope) }),
    ignoreCase,
    releasedBy,
    holder: heldBy,
  };
}

/** `order.placed:shop,number`. A type's name may have a colon, a property's path has none. */
function claimOf(text: string): ClaimingType {
  const [, type = '', properties = ''] = /^(.+):([^:]+)$/.exec(text) ?? [];
  const paths = properties.split(',').map((path) => path.trim());
  if (type !== '' && paths.every((path) => path !== '')) return { type, properties: paths };
  throw new UsageError(
    `--unique ${text}`,
    'It is TYPE:PROPERTY, such as order.placed:number, or several properties: order.placed:shop,number.',
  );
}

function scopeOf(text: string): NonNullable<UniqueValue['scope']> {
  if (text === 'source') return 'source';
  const [, property] = /^property:(.+)$/.exec(text) ?? [];
  if (property !== undefined) return { property };
  throw new UsageError(`--scope ${text}`, 'It is `source`, or `property:PATH` such as property:repository.id.');
}
