/**
 * The content of a relayed event as this store takes it: the generations that its own registration of
 * the type knows, held against their schemas, and cast to those that the source does not have.
 */
import { checkBson } from '../kernel/content/validate-bson';
import { byDistance, type GenerationContent } from '../kernel/generation-content';
import type { Violation } from '../kernel/violation';
import { completeContents } from '../event-types/contents';
import type { TypesOfStore } from '../event-types/types-of-store';
import type { CheckedContent } from './content-check';
import { unregistered, violationsOf } from './content-check';

export interface GivenContents {
  readonly type: string;
  /** The generation that it was written in. */
  readonly generation: number;
  readonly contents: readonly GenerationContent[];
}

/** @throws AnnalsError INVALID_CONTENT when what came is no BSON. */
export function relayedContents(given: GivenContents, types: TypesOfStore | undefined): CheckedContent {
  for (const { generation, content } of given.contents) checkBson(content, `contents[${generation}]`);
  const type = types?.type(given.type);
  if (type === undefined) {
    const violations = types?.strict === true ? [unregistered(given.type, 'type')] : [];
    return { ...given, violations };
  }
  const taken = given.contents.filter(({ generation }) => type.generations.includes(generation));
  const written = byDistance(taken, given.generation)[0]?.generation;
  if (written === undefined) return { ...given, violations: [unknownGeneration(given, type.latest)] };
  const outcome = completeContents(type, taken, written);
  if ('contents' in outcome) return { generation: written, contents: outcome.contents, violations: [] };
  return { generation: written, contents: taken, violations: violationsOf(outcome, given.type, written, 'content') };
}

const unknownGeneration = ({ type, contents }: GivenContents, latest: number): Violation => ({
  code: 'UNKNOWN_GENERATION',
  message: `${type} comes in generations ${contents.map(({ generation }) => generation).join(', ')}, and this store knows 1 to ${latest}`,
  field: 'generation',
  sequenceNumber: undefined,
  metadata: { type, limit: String(latest) },
});
