/**
 * Content on its way into the log: read as it came, held against the schema of its generation, and
 * cast to every other one. What is no content at all is thrown; what breaks a rule is told as data.
 */
import { AnnalsError } from '../kernel/annals-error';
import { jsonToBson } from '../kernel/content/json-to-bson';
import { schemaView } from '../kernel/content/schema-view';
import { checkBson } from '../kernel/content/validate-bson';
import type { GenerationContent } from '../kernel/generation-content';
import type { Violation } from '../kernel/violation';
import { ContentType } from '../contract/messages';
import { contentsOf } from '../event-types/contents';
import type { CompiledType, ContentOutcome, TypesOfStore } from '../event-types/types-of-store';

/** The one generation that a type has that is not registered. */
const FIRST_GENERATION = 1;

/** An event's content as a call has it. */
export interface GivenContent {
  readonly type: string;
  /** 0: the latest. */
  readonly generation: number;
  readonly content: Buffer;
  readonly contentType: ContentType;
}

export interface CheckedContent {
  /** The generation that it is written in. */
  readonly generation: number;
  /** With violations only the one that was given. */
  readonly contents: readonly GenerationContent[];
  readonly violations: readonly Violation[];
}

const NONE: readonly Violation[] = [];

/**
 * @param field the event's place in the call, such as `events[3]`; empty when the call is about one alone.
 * @throws AnnalsError INVALID_CONTENT, CONTENT_TOO_LARGE, UNKNOWN_GENERATION
 */
export function checkContent(given: GivenContent, types: TypesOfStore | undefined, field: string): CheckedContent {
  const prefix = field === '' ? '' : `${field}.`;
  const type = types?.type(given.type);
  const generation = generationOf(given, type, `${prefix}generation`);
  const content = toBson(given, `${prefix}content`);
  if (type === undefined) {
    const violations = types?.strict === true ? [unregistered(given.type, `${prefix}type`)] : NONE;
    return { generation, contents: [{ generation, content }], violations };
  }
  const outcome = contentsOf(type, generation, content, asSchemaSees(given, content));
  if ('contents' in outcome) return { generation, contents: outcome.contents, violations: NONE };
  const violations = violationsOf(outcome, given.type, generation, `${prefix}content`);
  return { generation, contents: [{ generation, content }], violations };
}

function generationOf({ generation, type: name }: GivenContent, type: CompiledType | undefined, field: string): number {
  const latest = type?.latest ?? FIRST_GENERATION;
  if (generation === 0) return latest;
  if (generation <= latest) return generation;
  const known = type === undefined ? 'is not registered and has generation 1 alone' : `has generations 1 to ${latest}`;
  throw new AnnalsError('UNKNOWN_GENERATION', `${field} is ${generation}; ${name} ${known}`, {
    field,
    metadata: { type: name, limit: String(latest), actual: String(generation) },
  });
}

function toBson({ content, contentType }: GivenContent, field: string): Buffer {
  // An empty message field is no content at all, in either encoding.
  if (content.length === 0) {
    throw new AnnalsError('INVALID_CONTENT', `${field} is empty; send {} for an event that says nothing more`, {
      field,
    });
  }
  if (contentType !== ContentType.BSON) return jsonToBson(content, field);
  checkBson(content, field);
  return content;
}

/** What a schema is held against. */
function asSchemaSees({ content, contentType }: GivenContent, bson: Buffer): unknown {
  // What came as JSON need not be made of the BSON again.
  return contentType === ContentType.BSON ? schemaView(bson) : JSON.parse(content.toString());
}

type Refusal = Exclude<ContentOutcome, { readonly contents: unknown }>;

/** What stands against content, as data. @param field the content's place in the call. */
export function violationsOf(outcome: Refusal, type: string, generation: number, field: string): Violation[] {
  if (outcome.kind === 'migration') {
    const { from, to, failure } = outcome;
    return [
      {
        code: 'MIGRATION_FAILED',
        message: `${field} of ${type} cannot be cast from generation ${from} to ${to}: ${failure}`,
        field,
        sequenceNumber: undefined,
        metadata: { type, from: String(from), to: String(to) },
      },
    ];
  }
  const { at, faults } = outcome;
  const where = at === generation ? `generation ${at}` : `cast from generation ${generation} to ${at}`;
  return faults.map(({ path, message }) => ({
    code: 'SCHEMA_VIOLATION',
    message: `${field}${path} (${type}, ${where}) ${message}`,
    field: `${field}${path}`,
    sequenceNumber: undefined,
    metadata: { type, generation: String(at) },
  }));
}

export const unregistered = (type: string, field: string): Violation => ({
  code: 'UNREGISTERED_TYPE',
  message: `${field} is ${JSON.stringify(type)}, which is not registered, and the store takes registered types alone`,
  field,
  sequenceNumber: undefined,
  metadata: { type },
});
