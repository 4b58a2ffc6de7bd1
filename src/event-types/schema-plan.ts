/**
 * What a schema asks of whoever compiles and runs it, worked out before either is done: that it
 * refers to nothing outside itself, ends, is not too large, has only patterns that match in linear
 * time, and what each part of it costs. The result is a copy of the schema in which each part that
 * can be run any number of times says what it costs (see validation-budget.ts).
 */
import { LIMITS } from '../kernel/limits';
import { compilePattern } from './patterns';
import {
  APPLICATORS,
  DEFINITIONS,
  dialectOf,
  heldSchemas,
  InvalidSchema,
  isObject,
  resolveReference,
  type Dialect,
  type Schema,
  type SchemaObject,
} from './schema-text';

/** The keyword of our own that says what a part costs. */
export const COST_KEYWORD = 'annalsCost';

/** The id that a schema is compiled under; Ajv finds `#` in it by its id only. */
const SCHEMA_ID = 'annals:schema';

/** Keywords that change what other keywords mean, and which no schema of content needs. */
const REFUSED = [
  '$dynamicRef',
  '$dynamicAnchor',
  '$recursiveRef',
  '$recursiveAnchor',
  '$async',
  '$vocabulary',
  COST_KEYWORD,
];

/** Properties of one object, alternatives of one choice and so on: compiled, each stands inside the one before. */
const SIDE_BY_SIDE = 1_000;

export interface SchemaPlan {
  readonly dialect: Dialect;
  readonly schema: SchemaObject;
}

/** Throws InvalidSchema. */
export function planSchema(schema: Schema): SchemaPlan {
  // As schemas go, `true` is {} and `false` is {not: {}}.
  const root: SchemaObject = isObject(schema) ? schema : schema ? {} : { not: {} };
  const dialect = dialectOf(root);
  refuseDepth(root, 0);
  const walk = new SchemaWalk(root);
  walk.visitAll();
  walk.refuseLoops();
  return { dialect, schema: walk.costed() };
}

function refuseDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  // A keyword and what it holds are two levels of JSON, so a schema inside a schema takes two.
  if (depth > 2 * LIMITS.schemaDepth) throw new InvalidSchema(`is nested over ${LIMITS.schemaDepth} levels deep`);
  for (const inner of Object.values(value)) refuseDepth(inner, depth + 1);
}

class SchemaWalk {
  /** Every schema that can be run, with those about the same value that it runs. */
  private readonly inPlace = new Map<SchemaObject, SchemaObject[]>();
  /** Those that are run any number of times, or through a reference. */
  private readonly repeated = new Set<SchemaObject>();
  private readonly heights = new Map<SchemaObject, number | 'in progress'>();

  /** Seen and not yet visited: references may lead on and on, so this is no recursion. */
  private readonly waiting: Schema[] = [];

  constructor(private readonly root: SchemaObject) {
    this.repeated.add(root);
  }

  visitAll(): void {
    this.waiting.push(this.root);
    for (let schema = this.waiting.pop(); schema !== undefined; schema = this.waiting.pop()) {
      if (isObject(schema) && !this.inPlace.has(schema)) this.visit(schema);
    }
  }

  private visit(schema: SchemaObject): void {
    const same: SchemaObject[] = [];
    this.inPlace.set(schema, same);
    if (this.inPlace.size > LIMITS.schemaParts) {
      throw new InvalidSchema(`consists of over ${LIMITS.schemaParts} schemas`);
    }
    this.refuseKeywords(schema);
    for (const [keyword, value] of Object.entries(schema)) {
      const applicator = APPLICATORS.get(keyword);
      if (applicator !== undefined) {
        const schemas = heldSchemas(value, applicator.holds);
        if (schemas.length > SIDE_BY_SIDE) {
          throw new InvalidSchema(`has ${schemas.length} schemas in one "${keyword}"; the limit is ${SIDE_BY_SIDE}`);
        }
        for (const [, held] of schemas) {
          if (applicator.inPlace && isObject(held)) same.push(held);
          if (applicator.many && isObject(held)) this.repeated.add(held);
          this.waiting.push(held);
        }
      } else if (DEFINITIONS.includes(keyword)) {
        for (const [, held] of heldSchemas(value, 'by name')) this.waiting.push(held);
      }
    }
    if (typeof schema['$ref'] === 'string') {
      const target = resolveReference(this.root, schema['$ref']);
      if (isObject(target)) {
        same.push(target);
        this.repeated.add(target);
      }
      this.waiting.push(target);
    }
  }

  /** A schema about a value that runs itself about the same value never ends. */
  refuseLoops(): void {
    for (const schema of this.inPlace.keys()) this.height(schema, 0);
  }

  private height(schema: SchemaObject, above: number): number {
    const known = this.heights.get(schema);
    if (known === 'in progress') throw new InvalidSchema('refers to itself about the same value, which has no end');
    if (known !== undefined) return known;
    this.heights.set(schema, 'in progress');
    let height = 1;
    if (above > LIMITS.schemaDepth) throw tooLong();
    for (const next of this.inPlace.get(schema) ?? []) height = Math.max(height, 1 + this.height(next, above + 1));
    if (height > LIMITS.schemaDepth) throw tooLong();
    this.heights.set(schema, height);
    return height;
  }

  private refuseKeywords(schema: SchemaObject): void {
    for (const keyword of REFUSED) {
      if (Object.hasOwn(schema, keyword)) throw new InvalidSchema(`has ${keyword}, which is not supported`);
    }
    // An id inside would change what references mean from there on.
    if (schema !== this.root && Object.hasOwn(schema, '$id'))
      throw new InvalidSchema('has $id inside; only the whole may have one');
    if (typeof schema['pattern'] === 'string') refusePattern(schema['pattern']);
    if (isObject(schema['patternProperties'])) Object.keys(schema['patternProperties']).forEach(refusePattern);
  }

  /** A copy with costs. */
  costed(): SchemaObject {
    const copy = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(copy);
      if (!isObject(value)) return value;
      const entries = Object.entries(value).map(([key, inner]) => [key, copy(inner)] as const);
      const cost = this.repeated.has(value) ? [[COST_KEYWORD, this.cost(value)] as const] : [];
      const reference = this.inPlace.has(value) ? value['$ref'] : undefined;
      const inside = typeof reference === 'string' ? [['$ref', reference.replace(/^[^#]*#?/, '#')] as const] : [];
      const copied = Object.fromEntries([...entries, ...inside, ...cost]);
      return this.inPlace.has(value) ? withContainsApart(copied) : copied;
    };
    // The root is an object, so its copy is one. Under an id of ours two schemas with the same id do not meet.
    const { $schema: _dialect, ...rest } = copy(this.root) as SchemaObject;
    return { ...rest, $id: SCHEMA_ID };
  }

  /** The steps of a schema without those of the schemas in it that count for themselves. */
  private cost(schema: SchemaObject): number {
    let cost = 1;
    for (const [keyword, value] of Object.entries(schema)) {
      const applicator = APPLICATORS.get(keyword);
      if (applicator === undefined) {
        cost += DEFINITIONS.includes(keyword) ? 0 : sizeOf(value);
        continue;
      }
      for (const [, held] of heldSchemas(value, applicator.holds)) {
        cost += 1 + (isObject(held) && !this.repeated.has(held) ? this.cost(held) : 0);
      }
    }
    return cost;
  }
}

/**
 * Ajv forgets `contains` beside schemas for the first elements when there are no elements (when it ends
 * with the first fault). In a schema of its own it does not.
 */
function withContainsApart(schema: SchemaObject): SchemaObject {
  const { contains, minContains, maxContains, ...rest } = schema as Record<string, unknown>;
  if (contains === undefined || (rest['prefixItems'] ?? rest['items']) === undefined) return schema;
  const apart = {
    contains,
    ...(minContains === undefined ? {} : { minContains }),
    ...(maxContains === undefined ? {} : { maxContains }),
  };
  const others: readonly unknown[] = Array.isArray(rest['allOf']) ? rest['allOf'] : [];
  return { ...rest, allOf: [...others, apart] };
}

const tooLong = (): InvalidSchema =>
  new InvalidSchema(`has over ${LIMITS.schemaDepth} schemas that refer to each other about one value`);

/** Values in a value: what it costs to compare with it. */
function sizeOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce((sum: number, inner) => sum + sizeOf(inner), 1);
}

function refusePattern(pattern: string): void {
  try {
    compilePattern(pattern);
  } catch (error) {
    const shown = pattern.length > 100 ? `${pattern.slice(0, 100)}…` : pattern;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidSchema(`has the pattern ${JSON.stringify(shown)}, which cannot be used: ${reason}`);
  }
}
