/**
 * The functions that expressions have: CEL's own, each paying for the text that it goes through, but
 * none that depends on the machine (its time zone, its list of zones) or compiles an expression of
 * another kind (`matches`). Those whose names start with @ cannot be written; the compiler puts them in.
 */
import {
  celEnv,
  celFunc,
  celList,
  celMethod,
  CelScalar,
  isCelError,
  isCelList,
  isCelMap,
  listType,
  mapType,
  type CelEnv,
  type CelFunc,
  type CelInput,
  type CelList,
  type CelValue,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import type { ExpressionBudget } from './expression-budget';
import { momentOf, type TimestampOf } from './expression-values';

/** Around the range of a loop: pays for all its rounds. */
export const RANGE = '@range';
/** A list that grows: see APPEND. */
export const NEW_LIST = '@list';
/** Adds to a list that NEW_LIST made and nobody else sees. CEL would make a list of lists, one inside the other. */
export const APPEND = '@append';
/** Whether an object has a key, be it null. */
export const HAS = '@has';

const { BOOL, DYN, INT, STRING } = CelScalar;
const LIST = listType(DYN);
const MAP = mapType(DYN, DYN);

/** Functions of CEL that there are not: RE2 inside an expression would be a language inside a language. */
const LEFT_OUT = new Set(['matches']);
/** Of CEL's library of text functions, those that give no more text than they are given; `replace` is below. */
const OF_TEXT = new Set([
  'charAt',
  'indexOf',
  'lastIndexOf',
  'lowerAscii',
  'upperAscii',
  'split',
  'substring',
  'trim',
  'join',
]);
/** Those that look for one text in another, which can take the product of both lengths. */
const SEARCHING = new Set(['contains', 'indexOf', 'lastIndexOf', 'split', 'replace']);
/** Comparisons of one character with another that a step pays for. */
const COMPARISONS_PER_STEP = 1024;
/** Those that go through lists and objects down to the last value. */
const DEEP = new Set(['_==_', '_!=_', '@in']);
/** Those that read a value out of text, which is never long. */
const CONVERSIONS = new Set(['int', 'uint', 'double', 'bool', 'timestamp', 'duration']);
const CONVERTED_LENGTH = 100;

export interface ExpressionFunctions {
  readonly env: CelEnv;
  has(name: string): boolean;
  readonly timestamp: TimestampOf;
}

export function expressionFunctions(budget: ExpressionBudget): ExpressionFunctions {
  const standard = [...celEnv().funcs, ...strings.filter(({ name }) => OF_TEXT.has(name))];
  const funcs = [
    ...standard.map((func) => paying(func, budget)),
    ...ownFunctions(budget),
    ...calendarFunctions(standard),
  ];
  const env = celEnv({ funcs });
  return {
    env,
    has: (name) => !LEFT_OUT.has(name) && env.funcs.find(name) !== undefined,
    timestamp(iso) {
      const made = env.funcs.find('timestamp')?.call(0, undefined, [iso]);
      if (made === undefined || isCelError(made)) throw new Error(`${iso} is no timestamp`);
      return made;
    },
  };
}

/** The same function under the same name and types, so that it takes the place of CEL's own. */
function paying(func: CelFunc, budget: ExpressionBudget): CelFunc {
  const { name, target, arguments: types, result } = func;
  const call = (self: CelValue | undefined, args: CelValue[]): CelInput => {
    for (const value of self === undefined ? args : [self, ...args]) {
      if (typeof value === 'string' || value instanceof Uint8Array) budget.spendOnText(value.length);
      else if (DEEP.has(name)) weigh(value, budget);
      else if (name === 'join' && isCelList(value)) spendOnJoin(value, args[0], budget);
      if (CONVERSIONS.has(name) && typeof value === 'string' && value.length > CONVERTED_LENGTH) {
        throw new Error(`${name} is for text of at most ${CONVERTED_LENGTH} characters`);
      }
    }
    const [sought] = args;
    if (SEARCHING.has(name) && typeof self === 'string' && typeof sought === 'string') {
      budget.spend(Math.floor((self.length * sought.length) / COMPARISONS_PER_STEP));
    }
    const answer = func.call(0, self, args);
    if (answer === undefined) throw new Error(`${name} does not take these values`);
    if (isCelError(answer)) throw answer as unknown as Error;
    return answer;
  };
  if (target === undefined) return celFunc(name, types, result, (...args: CelValue[]) => call(undefined, args));
  return celMethod(name, target, types, result, function (this: CelValue, ...args: CelValue[]) {
    return call(this, args);
  });
}

/** Pays for what a list of texts becomes. */
function spendOnJoin(list: CelList, separator: CelValue | undefined, budget: ExpressionBudget): void {
  const between = typeof separator === 'string' ? separator.length : 0;
  budget.spend(list.size);
  for (const text of list) budget.spendOnText(between + (typeof text === 'string' ? text.length : 0));
}

/** Pays for every value inside a value. */
function weigh(value: CelValue, budget: ExpressionBudget): void {
  budget.spend(1);
  if (typeof value === 'string') budget.spendOnText(value.length);
  else if (isCelList(value)) for (const element of value) weigh(element, budget);
  else if (isCelMap(value)) for (const inner of value.values()) weigh(inner, budget);
}

function ownFunctions(budget: ExpressionBudget): CelFunc[] {
  const growing = new WeakMap<CelList, CelValue[]>();
  const push = (values: CelValue[], more: CelList): void => {
    budget.spend(more.size);
    for (const value of more) values.push(value);
  };
  return [
    celFunc(RANGE, [DYN, INT], DYN, (range, parts) => {
      const rounds = isCelList(range) || isCelMap(range) ? range.size : 0;
      budget.spend(rounds * Number(parts));
      return range;
    }),
    celFunc(NEW_LIST, [], LIST, () => {
      const values: CelValue[] = [];
      const list = celList(values);
      growing.set(list, values);
      return list;
    }),
    celFunc(APPEND, [LIST, LIST], LIST, (list, more) => {
      const values = growing.get(list);
      if (values === undefined) throw new Error('a list that does not grow');
      push(values, more);
      return list;
    }),
    celFunc('_+_', [LIST, LIST], LIST, (left, right) => {
      const values: CelValue[] = [];
      push(values, left);
      push(values, right);
      return celList(values);
    }),
    celMethod('replace', STRING, [STRING, STRING], STRING, function (this: string, sought, instead) {
      if (sought === '') throw new Error('replace looks for an empty text');
      budget.spendOnText(this.length);
      budget.spend(Math.floor((this.length * sought.length) / COMPARISONS_PER_STEP));
      const parts = this.split(sought);
      budget.spendOnText(parts.length * instead.length);
      return parts.join(instead);
    }),
    celFunc(HAS, [DYN, STRING], BOOL, (holder, key) => hasKey(holder, key, budget)),
    celFunc('@in', [STRING, MAP], BOOL, (key, map) => hasKey(map, key, budget)),
  ];
}

function hasKey(holder: CelValue, key: CelValue, budget: ExpressionBudget): boolean {
  if (!isCelMap(holder)) return false;
  budget.spend(holder.size);
  for (const one of holder.keys()) if (one === key) return true;
  return false;
}

/** Parts of a moment, in UTC or at an offset: what a moment is in a zone with a name changes with the machine's tables. */
function calendarFunctions(standard: readonly CelFunc[]): CelFunc[] {
  const parts: Record<string, (moment: Date) => number> = {
    getFullYear: (moment) => moment.getUTCFullYear(),
    getMonth: (moment) => moment.getUTCMonth(),
    getDate: (moment) => moment.getUTCDate(),
    getDayOfMonth: (moment) => moment.getUTCDate() - 1,
    getDayOfWeek: (moment) => moment.getUTCDay(),
    getDayOfYear: (moment) => Math.floor((moment.getTime() - startOfYear(moment)) / DAY_MS),
    getHours: (moment) => moment.getUTCHours(),
    getMinutes: (moment) => moment.getUTCMinutes(),
    getSeconds: (moment) => moment.getUTCSeconds(),
    getMilliseconds: (moment) => moment.getUTCMilliseconds(),
  };
  return standard.flatMap(({ name, target, arguments: types, result }) => {
    const part = parts[name];
    if (part === undefined || target?.name !== 'google.protobuf.Timestamp') return [];
    return [
      celMethod(name, target, types, result, function (this: CelValue, zone?: CelValue) {
        return BigInt(part(new Date(momentOf(this).getTime() + offsetOf(zone))));
      }),
    ];
  });
}

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const startOfYear = (moment: Date): number => new Date(moment).setUTCMonth(0, 1) - (moment.getTime() % DAY_MS);

function offsetOf(zone: CelValue | undefined): number {
  if (zone === undefined || zone === 'UTC') return 0;
  const [, sign, hours, minutes] = /^([+-]?)(\d\d):(\d\d)$/.exec(typeof zone === 'string' ? zone : '') ?? [];
  if (hours === undefined) throw new Error('a time zone is "UTC" or an offset such as "+02:00"');
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}
