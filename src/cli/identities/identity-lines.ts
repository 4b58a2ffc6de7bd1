/** An identity as a person sees it, and as a program does: pure. */
import type { IdentityInfo } from '../../client';
import { table } from '../table';
import { clip, printable, type Colors } from '../terminal';

const HEADING = ['ID', 'KIND', 'NAME', 'SUBJECT', 'FOR', 'DESCRIBED'];

/** Signs of a cell: a subject may be a distinguished name. */
const CELL_SIGNS = 40;

export function identityTable(identities: readonly IdentityInfo[], colors: Colors): string[] {
  const rows = identities.map(({ id, kind, name, subject, onBehalfOf, described, erased }) =>
    erased === undefined
      ? [id, kind, name, subject, onBehalfOf, described?.toISOString() ?? ''].map((cell) => clip(cell, CELL_SIGNS))
      : [clip(id, CELL_SIGNS), 'erased', '', '', '', erased.at.toISOString()],
  );
  return table(HEADING, rows, colors);
}

/** Everything about one, a fact a line, then what it was before. */
export function identityFacts(identity: IdentityInfo, colors: Colors): string[] {
  const { id, kind, name, subject, onBehalfOf, described, former, erased } = identity;
  const facts: [string, string][] =
    erased === undefined
      ? [
          ['kind', kind],
          ['name', name],
          ['subject', subject],
          ['for', onBehalfOf],
          ['described', described?.toISOString() ?? ''],
        ]
      : [
          ['erased', erased.at.toISOString()],
          ['reason', erased.reason],
        ];
  const history = former.map((was) => {
    const said = [was.kind, was.name, was.subject, was.onBehalfOf === '' ? '' : `for ${was.onBehalfOf}`];
    return `${was.until.toISOString()}  ${said.filter((text) => text !== '').join(', ')}`;
  });
  return [
    colors.bold(printable(id)),
    ...facts
      .filter(([, fact]) => fact !== '')
      .map(([fact, value]) => `  ${colors.dim(fact.padEnd(9))}  ${printable(value)}`),
    ...history.map((line, i) => `  ${colors.dim((i === 0 ? 'until' : '').padEnd(9))}  ${printable(line)}`),
  ];
}

/** For programs: null where there is nothing. */
export const identityJson = ({ described, erased, ...identity }: IdentityInfo): string =>
  JSON.stringify({ ...identity, described: described ?? null, erased: erased ?? null });
