/** Constraints as a person sees them, and as a program does: pure. */
import type { ConstraintDefinition, ConstraintInfo, NamespaceConstraint } from '../../client';
import { table } from '../table';
import { count, printable, type Colors } from '../terminal';

/** `number of order.placed is unique within shop, without regard to case, until order.cancelled`. */
export function ruleWords({ uniqueValue, uniqueEventType }: ConstraintDefinition): string {
  if (uniqueEventType !== undefined) {
    return `a source has one ${uniqueEventType.type} at most${until(uniqueEventType.releasedBy)}`;
  }
  const { types, scope, ignoreCase = false, releasedBy, holder } = uniqueValue;
  const claims = types.map(({ type, properties }) => `${properties.join(' + ')} of ${type}`).join(', ');
  const within = scope === undefined ? '' : ` within ${scope === 'source' ? 'a source' : scope.property}`;
  const cases = ignoreCase ? ', without regard to case' : '';
  return `${claims} is unique${within}${cases}${holder === 'source' ? ', held by the source' : ''}${until(releasedBy)}`;
}

const until = (types: readonly string[] | undefined): string =>
  types === undefined || types.length === 0 ? '' : `, until ${types.join(' or ')}`;

const STATES: Readonly<Record<NamespaceConstraint['state'], string>> = {
  unspecified: 'unknown',
  checking: 'being checked',
  'in-force': 'in force',
  refused: 'refused: what is recorded breaks it',
};

export const stateWords = ({ state, from }: NamespaceConstraint): string =>
  from === undefined ? STATES[state] : `${STATES[state]} from ${from}`;

/** A row for each namespace: a constraint holds in each for itself. */
export function constraintTable(constraints: readonly ConstraintInfo[], colors: Colors): string[] {
  const rows = constraints.flatMap(({ definition, namespaces }) =>
    namespaces.map((one, i) => ({
      refused: one.state === 'refused',
      cells: [
        i === 0 ? definition.name : '',
        i === 0 ? (definition.sequence ?? '') : '',
        one.namespace,
        stateWords(one),
        count(one.claims),
        i === 0 ? ruleWords(definition) : '',
      ],
    })),
  );
  const heading = ['CONSTRAINT', 'SEQUENCE', 'NAMESPACE', 'STATE', 'CLAIMS', 'RULE'];
  const [head = '', ...lines] = table(
    heading,
    rows.map(({ cells }) => cells),
    colors,
  );
  return [head, ...lines.map((line, i) => (rows[i]?.refused === true ? colors.red(line) : line))];
}

export const constraintJson = ({ definition, namespaces }: ConstraintInfo): string =>
  JSON.stringify({ ...definition, namespaces: namespaces.map(({ from, ...one }) => ({ ...one, from: from ?? null })) });

/** `order-numbers is in force: number of order.placed is unique (2 namespaces).` */
export const inForceWords = ({ definition, namespaces }: ConstraintInfo, unchanged: boolean): string =>
  printable(
    `${definition.name} is ${unchanged ? 'in force, as it was' : 'in force'}: ${ruleWords(definition)} (${namespaces
      .map((one) => `${one.namespace}${one.from === undefined ? '' : ` from ${one.from}`}`)
      .join(', ')}).`,
  );
