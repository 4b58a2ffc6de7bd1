/** The keywords that stand for themselves, and when a change of one of them is a widening. */
import { pathStep } from '../kernel/content/json-place';
import { canonicalText } from './canonical-text';
import type { SchemaObject } from './schema-text';
import { JSON_TYPES, namesListed, numberUnder, sameText, typesOf, typesOfValue, valuesOf } from './schema-view';

interface KeywordChange {
  readonly path: string;
  readonly words: string;
  readonly compatible: boolean;
}

const widened = (words: string, path = ''): KeywordChange => ({ path, words, compatible: true });
const narrowed = (words: string, path = ''): KeywordChange => ({ path, words, compatible: false });

/** All that a value can be; of numbers some are integers and some are not. */
const KINDS = ['integer', ...JSON_TYPES];

export function compareTypes(o: SchemaObject, n: SchemaObject): KeywordChange[] {
  const [before, after] = [typesOf(o) ?? typesOfValues(o), typesOf(n)];
  const allowed = (types: ReadonlySet<string> | undefined, kind: string): boolean =>
    types === undefined || types.has(kind) || (kind === 'integer' && types.has('number'));
  const lost = KINDS.filter((kind) => allowed(before, kind) && !allowed(after, kind));
  const won = KINDS.filter((kind) => !allowed(before, kind) && allowed(after, kind));
  return [
    ...(lost.length > 0 ? [narrowed(`may no longer be ${spoken(lost)}`)] : []),
    ...(won.length > 0 && typesOf(o) !== undefined ? [widened(`may also be ${spoken(won)}`)] : []),
  ];
}

/** Where the values are listed they say what the types are. */
function typesOfValues(schema: SchemaObject): ReadonlySet<string> | undefined {
  const values = valuesOf(schema);
  if (values === undefined) return undefined;
  return new Set(values.map((value) => typesOfValue(value)[0]));
}

const spoken = (kinds: readonly string[]): string =>
  kinds.filter((kind) => kind !== 'integer' || !kinds.includes('number')).join(' or ');

export function compareValues(o: SchemaObject, n: SchemaObject): KeywordChange[] {
  const [before, after] = [textsOfValues(o), textsOfValues(n)];
  if (after === undefined) return before === undefined ? [] : [widened('may have other values than those listed')];
  if (before === undefined) return [narrowed('may only have the values that are listed now')];
  const [lost, won] = [without(before, after), without(after, before)];
  return [
    ...(lost.length > 0 ? [narrowed(`may no longer be ${listed(lost)}`)] : []),
    ...(won.length > 0 ? [widened(`may also be ${listed(won)}`)] : []),
  ];
}

const textsOfValues = (schema: SchemaObject): ReadonlySet<string> | undefined => {
  const values = valuesOf(schema);
  return values === undefined ? undefined : new Set(values.map(canonicalText));
};

const without = (some: ReadonlySet<string>, others: ReadonlySet<string>): string[] =>
  [...some].filter((one) => !others.has(one));

/** Characters of a value and number of values in a sentence. */
const SHOWN = 60;
const LISTED = 10;

function listed(texts: readonly string[]): string {
  const shown = texts.slice(0, LISTED).map((text) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text));
  return shown.join(', ') + (texts.length > LISTED ? ` and ${texts.length - LISTED} more` : '');
}

export function compareRequired(o: SchemaObject, n: SchemaObject): KeywordChange[] {
  const [before, after] = [new Set(namesListed(o, 'required')), new Set(namesListed(n, 'required'))];
  return [
    ...without(before, after).map((name) => widened('is no longer required', pathStep(name))),
    ...without(after, before).map((name) => narrowed('is required now', pathStep(name))),
  ];
}

/** The least that a value may be: a smaller one is wider. An upper bound is the same, turned round. */
interface Bound {
  readonly keyword: string;
  readonly exclusive: string | undefined;
  readonly sign: 1 | -1;
  /** Where nothing is said. */
  readonly otherwise: number;
  readonly words: string;
}

const lower = (keyword: string, words: string, exclusive?: string): Bound => ({
  ...{ keyword, words, exclusive, sign: 1 },
  otherwise: exclusive === undefined ? 0 : Number.NEGATIVE_INFINITY,
});
const upper = (keyword: string, words: string, exclusive?: string): Bound => ({
  ...{ keyword, words, exclusive, sign: -1, otherwise: Number.NEGATIVE_INFINITY },
});

const BOUNDS: readonly Bound[] = [
  lower('minimum', 'least value', 'exclusiveMinimum'),
  upper('maximum', 'greatest value', 'exclusiveMaximum'),
  lower('minLength', 'least length'),
  upper('maxLength', 'greatest length'),
  lower('minItems', 'least number of elements'),
  upper('maxItems', 'greatest number of elements'),
  lower('minProperties', 'least number of properties'),
  upper('maxProperties', 'greatest number of properties'),
];

/** Those that are the same or gone, or else narrower for all we know. */
const ALL_OR_NOTHING: readonly string[] = ['pattern', 'format'];

export function compareLimits(o: SchemaObject, n: SchemaObject): KeywordChange[] {
  const found: KeywordChange[] = [];
  const add = (words: string, compatible: boolean): void => void found.push({ path: '', words, compatible });
  for (const bound of BOUNDS) {
    const [before, after] = [boundOf(o, bound), boundOf(n, bound)];
    if (after.at === before.at && after.exclusive === before.exclusive) continue;
    const wider = after.at < before.at || (after.at === before.at && before.exclusive);
    add(`has another ${bound.words}`, wider);
  }
  for (const keyword of ALL_OR_NOTHING) {
    if (sameText(o[keyword], n[keyword])) continue;
    add(n[keyword] === undefined ? `no longer has a ${keyword}` : `has another ${keyword}`, n[keyword] === undefined);
  }
  if ((o['uniqueItems'] === true) !== (n['uniqueItems'] === true)) {
    const wider = n['uniqueItems'] !== true;
    add(wider ? 'may have the same element twice' : 'may no longer have the same element twice', wider);
  }
  const [before, after] = [numberUnder(o, 'multipleOf'), numberUnder(n, 'multipleOf')];
  if (before !== after) {
    const whole = before !== undefined && after !== undefined && Number.isInteger(before) && Number.isInteger(after);
    add('has another number that it is a multiple of', after === undefined || (whole && before % after === 0));
  }
  return found;
}

/** Turned round for upper bounds, so that a smaller one is always the wider one. */
function boundOf(schema: SchemaObject, bound: Bound): { readonly at: number; readonly exclusive: boolean } {
  const { keyword, exclusive, sign, otherwise } = bound;
  const inclusiveAt = numberUnder(schema, keyword);
  const exclusiveAt = exclusive === undefined ? undefined : numberUnder(schema, exclusive);
  const a = inclusiveAt === undefined ? otherwise : sign * inclusiveAt;
  const b = exclusiveAt === undefined ? Number.NEGATIVE_INFINITY : sign * exclusiveAt;
  return b >= a && exclusiveAt !== undefined ? { at: b, exclusive: true } : { at: a, exclusive: false };
}
