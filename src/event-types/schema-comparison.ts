/**
 * Compares two schemas place by place. A schema is all of its keywords at once, so content that fitted
 * the old one fits the new one when every keyword of the new one asks no more than the old one did. A
 * keyword that is gone asks nothing. It compares what is written and proves nothing: a change that no
 * rule here knows to be a widening counts as none.
 */
import { pathStep } from '../kernel/content/json-place';
import { compilePattern } from './patterns';
import { apart } from './schema-alternatives';
import { compareLimits, compareRequired, compareTypes, compareValues } from './schema-keyword-rules';
import { isObject, resolveReference, type Schema, type SchemaObject } from './schema-text';
import {
  elementSchemas,
  followed,
  IN_PLACE,
  meansNothing,
  otherProperties,
  sameText,
  schemasByName,
  schemasListed,
  schemaUnder,
} from './schema-view';

/** A change at a place inside the value, such as `.lines[].price`. */
export interface PlacedChange {
  readonly path: string;
  readonly words: string;
  readonly compatible: boolean;
}

type Changes = readonly PlacedChange[];

/** Comparisons of one part with another; alternatives are compared each with each. */
const MAX_COMPARISONS = 50_000;
/** Comparisons inside each other: references can lead from one to the next as often as there are schemas. */
const MAX_DEPTH = 300;
/** Changes that are kept of one part: what is referred to in many places has them in each. */
const KEPT = 60;

const SAME: Changes = [];
const TOO_FAR: PlacedChange = { path: '', words: 'differs too much to be compared', compatible: false };

const widened = (path: string, words: string): PlacedChange => ({ path, words, compatible: true });
const narrowed = (path: string, words: string): PlacedChange => ({ path, words, compatible: false });
const change = (path: string, words: string, compatible: boolean): PlacedChange => ({ path, words, compatible });
const inside = (path: string, changes: Changes): PlacedChange[] =>
  changes.map((one) => ({ ...one, path: `${path}${one.path}` }));
const compatible = (changes: Changes): boolean => changes.every((one) => one.compatible);

export class SchemaComparison {
  /** Pairs that have been compared, or are being. */
  private readonly known = new Map<Schema, Map<Schema, Changes>>();
  /** The same pairs in the order in which they were begun. */
  private readonly begun: (readonly [Schema, Schema])[] = [];
  private comparisons = 0;
  private depth = 0;
  /** New against old, for `not` and `if`. */
  private turned: SchemaComparison | undefined;

  constructor(
    private readonly old: Schema,
    private readonly now: Schema,
  ) {}

  changes(): Changes {
    const found = this.compare(this.old, this.now);
    return this.comparisons > MAX_COMPARISONS ? [TOO_FAR] : found;
  }

  private compare(oldSchema: Schema, newSchema: Schema): Changes {
    const old = followed(oldSchema, this.old);
    const now = followed(newSchema, this.now);
    const pairs = this.known.get(old) ?? new Map<Schema, Changes>();
    const known = pairs.get(now);
    if (known !== undefined) return known;
    if (++this.comparisons > MAX_COMPARISONS || this.depth > MAX_DEPTH) return [TOO_FAR];
    this.known.set(old, pairs);
    const place = this.begun.push([old, now]);
    // A schema that refers to itself comes back here, and may take it that all is well meanwhile.
    pairs.set(now, SAME);
    this.depth++;
    const all = this.compareSchemas(old, now);
    this.depth--;
    const found =
      all.length <= KEPT ? all : [...all].sort((a, b) => Number(a.compatible) - Number(b.compatible)).slice(0, KEPT);
    pairs.set(now, found);
    // It was not well, so what was concluded from that has to be looked at again.
    if (!compatible(found)) for (const [o, n] of this.begun.splice(place)) this.known.get(o)?.delete(n);
    return found;
  }

  private allows(old: Schema, now: Schema): boolean {
    return compatible(this.compare(old, now));
  }

  /** Exactly the same content fits both. */
  private equivalent(old: Schema, now: Schema): boolean {
    return this.allows(old, now) && this.reverse().allows(now, old);
  }

  private reverse(): SchemaComparison {
    return (this.turned ??= new SchemaComparison(this.now, this.old));
  }

  private compareSchemas(old: Schema, now: Schema): Changes {
    if (isFalse(old)) return isFalse(now) ? SAME : [widened('', 'may be there')];
    if (isFalse(now)) return [narrowed('', 'may not be there any more')];
    const [o, n] = [asObject(old), asObject(now)];
    const found = [
      ...inside('', compareTypes(o, n)),
      ...inside('', compareValues(o, n)),
      ...inside('', compareLimits(o, n)),
      ...compareRequired(o, n),
      ...this.properties(o, n),
      ...this.patterns(o, n),
      ...this.elements(o, n),
      ...this.parts(o, n),
      ...this.alternatives(o, n),
      ...this.conditions(o, n),
    ];
    return [...found, ...this.unevaluated(o, n, found)];
  }

  private properties(o: SchemaObject, n: SchemaObject): PlacedChange[] {
    const [before, after] = [schemasByName(o, 'properties'), schemasByName(n, 'properties')];
    const found: PlacedChange[] = [];
    for (const [name, schema] of after) {
      const at = pathStep(name);
      const inOld = before.get(name);
      if (inOld !== undefined) {
        found.push(...inside(at, this.compare(inOld, schema)));
        continue;
      }
      const earlier = schemasFor(o, name).map((one) => this.compare(one, schema));
      if (earlier.some(({ length }) => length === 0)) continue;
      const wider = earlier.some(compatible);
      found.push(change(at, wider ? 'is new' : 'is new, where there could be anything before', wider));
    }
    for (const [name, schema] of before) {
      if (after.has(name)) continue;
      const wider = schemasFor(n, name).every((one) => this.allows(schema, one));
      found.push(change(pathStep(name), wider ? 'may be anything' : 'is gone', wider));
    }
    const others = this.compare(otherProperties(o), otherProperties(n));
    if (others.length > 0) {
      const wider = compatible(others);
      found.push(change('', wider ? 'may have more other properties' : 'may have fewer other properties', wider));
    }
    const names = this.compare(schemaUnder(o, 'propertyNames'), schemaUnder(n, 'propertyNames'));
    if (names.length > 0) found.push(change('', 'has another rule for names', compatible(names)));
    return found;
  }

  private patterns(o: SchemaObject, n: SchemaObject): PlacedChange[] {
    const [before, after] = [schemasByName(o, 'patternProperties'), schemasByName(n, 'patternProperties')];
    const found: PlacedChange[] = [];
    for (const [pattern, schema] of after) {
      const inOld = before.get(pattern);
      if (inOld !== undefined) {
        found.push(...inside(pathStep(pattern), this.compare(inOld, schema)));
        continue;
      }
      const matches = compilePattern(pattern);
      const named = [...schemasByName(o, 'properties')].filter(([name]) => matches.test(name));
      const held = [otherProperties(o), ...before.values(), ...named.map(([, one]) => one)];
      const wider = held.every((one) => this.allows(one, schema));
      found.push(change('', `has properties named like ${JSON.stringify(pattern)}`, wider));
    }
    for (const [pattern, schema] of before) {
      if (after.has(pattern)) continue;
      const wider = this.allows(schema, otherProperties(n));
      found.push(change('', `no longer has properties named like ${JSON.stringify(pattern)}`, wider));
    }
    return found;
  }

  private elements(o: SchemaObject, n: SchemaObject): PlacedChange[] {
    const [before, after] = [elementSchemas(o), elementSchemas(n)];
    const found = inside('[]', this.compare(before.rest, after.rest));
    for (let i = 0; i < Math.max(before.first.length, after.first.length); i++) {
      found.push(...inside(`[${i}]`, this.compare(before.first[i] ?? before.rest, after.first[i] ?? after.rest)));
    }
    return found;
  }

  /** Schemas that have to be fitted too: `allOf`, and a reference beside other keywords. */
  private parts(o: SchemaObject, n: SchemaObject): PlacedChange[] {
    const old = partsOf(o, this.old);
    return partsOf(n, this.now).flatMap((part, i) => {
      if ([...old, o].some((one) => this.allows(one, part))) {
        // Of the one in the same place the widenings are told.
        const counterpart = old[i];
        const changes = counterpart === undefined ? SAME : this.compare(counterpart, part);
        return compatible(changes) ? changes : SAME;
      }
      const counterpart = old[i];
      return counterpart === undefined
        ? [narrowed('', 'has to fit another schema too')]
        : this.compare(counterpart, part);
    });
  }

  /** Each alternative of old has to be one of the new ones; of `oneOf` no two may overlap. */
  private alternatives(o: SchemaObject, n: SchemaObject): PlacedChange[] {
    return ['anyOf', 'oneOf'].flatMap((keyword) => {
      const after = schemasListed(n, keyword);
      const listed = [keyword, 'oneOf', 'anyOf'].map((one) => schemasListed(o, one)).find(({ length }) => length > 0);
      if (after.length === 0) {
        return schemasListed(o, keyword).length > 0 ? [widened('', `no longer has "${keyword}"`)] : [];
      }
      const before = listed ?? [o];
      const found = before.flatMap((old, i): Changes => {
        const fitting = after.find((now) => this.allows(old, now));
        if (fitting !== undefined) return this.compare(old, fitting);
        const counterpart = listed === undefined ? undefined : after[i];
        return counterpart === undefined ? [narrowed('', 'has fewer alternatives')] : this.compare(old, counterpart);
      });
      if (after.length > before.length && compatible(found)) found.push(widened('', 'has more alternatives'));
      const same =
        o[keyword] !== undefined &&
        before.length === after.length &&
        after.every((now, i) => this.compare(before[i] ?? true, now).length === 0);
      if (keyword === 'oneOf' && !same && !apart(after, this.now)) {
        found.push(narrowed('', 'has alternatives of which several may fit at once'));
      }
      return found;
    });
  }

  /** `not`, `if`, `contains` and what depends on a property. */
  private conditions(o: SchemaObject, n: SchemaObject): PlacedChange[] {
    const found: PlacedChange[] = [];
    const differs = (keyword: string, wider: () => boolean): void => {
      if (o[keyword] === undefined && n[keyword] === undefined) return;
      if (n[keyword] === undefined) found.push(widened('', `no longer has "${keyword}"`));
      else if (o[keyword] === undefined || !wider()) found.push(narrowed('', `has another "${keyword}"`));
    };
    const both = (keyword: string): readonly [Schema, Schema] => [schemaUnder(o, keyword), schemaUnder(n, keyword)];
    differs('not', () => this.reverse().allows(schemaUnder(n, 'not'), schemaUnder(o, 'not')));
    differs('if', () => this.equivalent(...both('if')) && this.allows(...both('then')) && this.allows(...both('else')));
    differs(
      'contains',
      () =>
        this.equivalent(...both('contains')) && ['minContains', 'maxContains'].every((one) => sameText(o[one], n[one])),
    );
    for (const keyword of ['dependentRequired', 'dependentSchemas', 'dependencies']) {
      // What is behind references in them may have changed, unless nothing has.
      differs(
        keyword,
        () => sameText(o[keyword], n[keyword]) && (!hasReference(n[keyword]) || sameText(this.old, this.now)),
      );
    }
    return found;
  }

  /** What counts as evaluated depends on every other keyword, so beside these nothing else may change. */
  private unevaluated(o: SchemaObject, n: SchemaObject, others: Changes): PlacedChange[] {
    return ['unevaluatedProperties', 'unevaluatedItems'].flatMap((keyword) => {
      const [before, after] = [schemaUnder(o, keyword), schemaUnder(n, keyword)];
      if (after === true) return before === true ? [] : [widened('', `no longer has "${keyword}"`)];
      // Counted in with the other properties above.
      const plain =
        keyword === 'unevaluatedProperties' && ![o, n].some((one) => IN_PLACE.some((key) => one[key] !== undefined));
      if (plain || (others.length === 0 && this.allows(before, after))) return [];
      return [narrowed('', `has "${keyword}", beside which other changes cannot be judged`)];
    });
  }
}

const isFalse = (schema: Schema): boolean => {
  if (!isObject(schema)) return !schema;
  const { not } = schema as { readonly not?: unknown };
  return Object.keys(schema).length === 1 && (not === true || (isObject(not) && meansNothing(not)));
};

const asObject = (schema: Schema): SchemaObject => (isObject(schema) ? schema : {});

const hasReference = (value: unknown): boolean => JSON.stringify(value).includes('"$ref"');

function partsOf(schema: SchemaObject, root: Schema): readonly Schema[] {
  const reference = schema['$ref'];
  const target = typeof reference === 'string' && isObject(root) ? [resolveReference(root, reference)] : [];
  return [...target, ...schemasListed(schema, 'allOf')];
}

/** The schemas for a property that `properties` does not name. */
function schemasFor(schema: SchemaObject, name: string): readonly Schema[] {
  const matching = [...schemasByName(schema, 'patternProperties')].filter(([pattern]) =>
    compilePattern(pattern).test(name),
  );
  return matching.length > 0 ? matching.map(([, one]) => one) : [otherProperties(schema)];
}
