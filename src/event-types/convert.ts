/**
 * Values turned into another type without loss: what is turned one way can be turned back to the
 * same, but for forms of one value (`1.50` and `1.5`, a time in another zone). Null stays null: it
 * is no value of any type.
 */
import { MAX_DATE_MS, MIN_DATE_MS } from '../kernel/limits';
import { BsonScalar, type BsonValue } from './bson-tree';
import { CannotCast } from './cannot-cast';
import type { ConvertTarget } from './definition';
import { boolean, date, double, integer, plain, text, typeName, type Plain } from './scalars';

const INTEGER_TEXT = /^-?(?:0|[1-9]\d{0,18})$/;
const NUMBER_TEXT = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** ISO 8601 as JSON Schema's `date-time` has it, or a day alone; no more than milliseconds, which a date cannot hold. */
const DATE_TEXT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3}0*)?)?(?:Z|[+-]\d\d:\d\d))?$/i;
/** Characters of a number: more digits than any double or int64 has. */
const NUMBER_LENGTH = 400;
const SHOWN = 40;

export function convert(value: BsonValue, to: ConvertTarget): BsonValue {
  if (!(value instanceof BsonScalar)) throw new CannotCast(`${typeName(value)} cannot be turned into ${NAMES[to]}`);
  const from = plain(value);
  if (from.is === 'null') return value;
  const converted = CONVERSIONS[to](from, value);
  if (converted === undefined)
    throw new CannotCast(`${shown(from, value)} cannot be turned into ${NAMES[to]} without loss`);
  return converted;
}

const NAMES: Record<ConvertTarget, string> = {
  string: 'text',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  date: 'a date',
};

type Conversion = (from: Plain, value: BsonScalar) => BsonScalar | undefined;

const CONVERSIONS: Record<ConvertTarget, Conversion> = {
  string: (from, value) => {
    if (from.is === 'text') return value;
    const words = textOf(from);
    return words === undefined ? undefined : text(words);
  },
  integer: (from, value) => {
    switch (from.is) {
      case 'integer':
        return value;
      case 'double':
        return Number.isInteger(from.value) ? integer(BigInt(from.value)) : undefined;
      case 'text':
        return INTEGER_TEXT.test(from.value) ? integer(BigInt(from.value)) : undefined;
      case 'decimal':
        return INTEGER_TEXT.test(from.value) ? integer(BigInt(from.value)) : undefined;
      case 'boolean':
        return integer(from.value ? 1n : 0n);
      case 'date':
        return integer(BigInt(from.ms));
      default:
        return undefined;
    }
  },
  number: (from, value) => {
    switch (from.is) {
      case 'integer':
      case 'double':
        return value;
      case 'text':
      case 'decimal':
        return numberFrom(from.value);
      case 'boolean':
        return integer(from.value ? 1n : 0n);
      case 'date':
        return integer(BigInt(from.ms));
      default:
        return undefined;
    }
  },
  boolean: (from, value) => {
    if (from.is === 'boolean') return value;
    if (from.is === 'text')
      return from.value === 'true' || from.value === 'false' ? boolean(from.value === 'true') : undefined;
    if (from.is !== 'integer' && from.is !== 'double') return undefined;
    const number = Number(from.value);
    return number === 0 || number === 1 ? boolean(number === 1) : undefined;
  },
  date: (from, value) => {
    if (from.is === 'date') return value;
    if (from.is === 'integer' || from.is === 'double') return dateFrom(Number(from.value));
    return from.is === 'text' && isDate(from.value) ? dateFrom(Date.parse(from.value)) : undefined;
  },
};

/** An integer where it is one, as JSON content would have it. */
function numberFrom(words: string): BsonScalar | undefined {
  if (words.length > NUMBER_LENGTH || !NUMBER_TEXT.test(words)) return undefined;
  const exact = INTEGER_TEXT.test(words) && words !== '-0' ? integer(BigInt(words)) : undefined;
  if (exact !== undefined) return exact;
  const value = Number(words);
  return Number.isFinite(value) && digitsOf(String(value)) === digitsOf(words) ? double(value) : undefined;
}

/** A number's digits and its power of ten, the same for all forms of it. */
function digitsOf(words: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(words) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  const power = Number(exponent) - fraction.length + (digits.length - kept.length);
  return kept === '' ? '0' : `${kept}e${power}`;
}

/** JavaScript takes 30 February for 1 March. */
function isDate(words: string): boolean {
  if (!DATE_TEXT.test(words)) return false;
  const day = words.slice(0, 'yyyy-mm-dd'.length);
  const ms = Date.parse(day);
  return Number.isFinite(ms) && new Date(ms).toISOString().startsWith(day);
}

function dateFrom(ms: number): BsonScalar | undefined {
  return Number.isInteger(ms) && ms >= MIN_DATE_MS && ms <= MAX_DATE_MS ? date(ms) : undefined;
}

/** The text of a value, as JSON content would have it; undefined for those that have none. */
export function textOf(value: Plain): string | undefined {
  switch (value.is) {
    case 'text':
    case 'decimal':
    case 'object id':
      return value.value;
    case 'integer':
    case 'boolean':
      return String(value.value);
    case 'double':
      if (Object.is(value.value, -0)) return '-0';
      return Number.isFinite(value.value) ? String(value.value) : undefined;
    case 'date':
      return value.ms >= MIN_DATE_MS && value.ms <= MAX_DATE_MS
        ? new Date(value.ms).toISOString().replace('.000Z', 'Z')
        : undefined;
    default:
      return undefined;
  }
}

function shown(value: Plain, scalar: BsonScalar): string {
  const words = textOf(value);
  if (words === undefined) return typeName(scalar);
  return value.is === 'text' ? JSON.stringify(shortened(words)) : shortened(words);
}

const shortened = (words: string): string => (words.length > SHOWN ? `${words.slice(0, SHOWN)}…` : words);
