/**
 * Reads JSON that a person wrote, field by field. Nothing is thrown: each fault is noted with its place and reading goes
 * on with what would be there, so that all faults are found in one go. A field that is not asked for is a fault.
 */
import { MAX_DATE_MS, MIN_DATE_MS } from '../../src/kernel/limits';
import { pathStep } from '../../src/kernel/content/json-place';
import { over, type Fault } from './fault';
import type { Json } from '../../src/contract/sequence-document';

/** Characters of a value that a message shows. */
const SHOWN = 80;
const CONTROL = /\p{Cc}/u;
/** RFC 3339; a time without its zone would be another one elsewhere. */
const TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;
/** Names of unknown fields that are told of one object. */
const UNKNOWN_TOLD = 5;

export interface TextRule {
  /** Characters (code points). */
  readonly most: number;
  /** Absent: 1. */
  readonly least?: 0 | 1;
  /** Line ends and tabs too, as in a description. */
  readonly anyCharacter?: boolean;
}

export interface NumberRule {
  readonly least: number;
  readonly most: number;
  /** Fractions too. */
  readonly fractions?: boolean;
}

export class Shape {
  readonly faults: Fault[] = [];

  fault(field: string, problem: string): void {
    this.faults.push({ field, problem });
  }

  /** The fields of what should be an object. When it is none that is the fault, and its fields are as if left out. */
  fields(value: unknown, place: string, known: readonly string[]): Fields {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isObject) this.fault(place, `is ${shown(value)}, not an object`);
    const fields = new Fields(this, isObject ? new Map(Object.entries(value)) : undefined, place);
    fields.refuseOthers(known);
    return fields;
  }
}

export class Fields {
  constructor(
    readonly shape: Shape,
    private readonly values: ReadonlyMap<string, unknown> | undefined,
    readonly place: string,
  ) {}

  refuseOthers(known: readonly string[]): void {
    const others = [...(this.values?.keys() ?? [])].filter((name) => !known.includes(name));
    for (const name of others.slice(0, UNKNOWN_TOLD)) {
      this.shape.fault(this.at(name), `is no field of it; there are ${known.join(', ')}`);
    }
    if (others.length > UNKNOWN_TOLD) this.shape.fault(this.place, `has ${others.length} fields that are none of it`);
  }

  at(name: string): string {
    return `${this.place}${pathStep(name)}`;
  }

  has(name: string): boolean {
    return this.values?.has(name) === true;
  }

  raw(name: string): unknown {
    return this.values?.get(name);
  }

  /** The field as a property when it was given, otherwise none. */
  optional<K extends string, T>(name: K, read: (name: K) => T): { readonly [P in K]?: T } {
    // A computed name has the type `string`; here it is K.
    return this.has(name) ? ({ [name]: read(name) } as { readonly [P in K]: T }) : {};
  }

  /** @param fallback stands for a field that was left out; without one it must be there. */
  text(name: string, rule: TextRule, fallback?: string): string {
    const value = this.value(name, fallback);
    if (value === undefined) return '';
    if (typeof value !== 'string') return this.no(name, `is ${shown(value)}, not text`, '');
    checkText(this.shape, this.at(name), value, rule);
    return value;
  }

  oneOf<T extends string>(name: string, choices: readonly [T, ...T[]], fallback?: T): T {
    const value = this.value(name, fallback);
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    if (value === undefined) return choices[0];
    return this.no(name, `is ${shown(value)}; it is one of ${choices.join(', ')}`, choices[0]);
  }

  number(name: string, { least, most, fractions = false }: NumberRule, fallback?: number): number {
    const value = this.value(name, fallback);
    if (value === undefined) return least;
    const fits = typeof value === 'number' && (fractions || Number.isInteger(value));
    const kind = fractions ? 'a number' : 'a whole number';
    if (!fits) return this.no(name, `is ${shown(value)}, not ${kind}`, least);
    if (value >= least && value <= most) return value;
    const limit = value < least ? least : most;
    const problem = `is ${value}; it is ${kind} from ${least} to ${most}`;
    this.shape.faults.push({ field: this.at(name), problem, limit, actual: value });
    return least;
  }

  flag(name: string, fallback?: boolean): boolean {
    const value = this.value(name, fallback);
    if (value === undefined || typeof value === 'boolean') return value ?? false;
    return this.no(name, `is ${shown(value)}, neither true nor false`, false);
  }

  /** ISO 8601 in UTC with milliseconds; null when it is null or was left out. */
  time(name: string): string | null {
    const value = this.value(name, null);
    if (value === null || value === undefined) return null;
    const ms = typeof value === 'string' && TIME.test(value) ? Date.parse(value) : NaN;
    if (ms >= MIN_DATE_MS && ms <= MAX_DATE_MS) return new Date(ms).toISOString();
    return this.no(name, `is ${shown(value)}, not a time such as 2026-03-01T12:00:00Z`, null);
  }

  /** @param most elements; of more none is read. */
  list<T>(name: string, most: number, unit: string, read: (value: unknown, place: string) => T, least = 0): T[] {
    const value = this.value(name, least === 0 ? [] : undefined);
    if (value === undefined) return [];
    if (!Array.isArray(value)) return this.no(name, `is ${shown(value)}, not a list`, []);
    const elements: readonly unknown[] = value;
    if (elements.length > most) {
      this.shape.faults.push(over(this.at(name), most, elements.length, unit));
      return [];
    }
    if (elements.length < least) this.shape.fault(this.at(name), `is empty; it has at least ${least} of ${unit}`);
    return elements.map((element, i) => read(element, `${this.at(name)}[${i}]`));
  }

  /** The fields of the object in this field; of one that was left out all are as if left out. */
  object(name: string, known: readonly string[]): Fields {
    return this.shape.fields(this.has(name) ? this.raw(name) : {}, this.at(name), known);
  }

  /** Any JSON; it must be there. */
  json(name: string): Json {
    // What is read here was parsed as JSON.
    return (this.value(name) ?? null) as Json;
  }

  private value(name: string, fallback?: unknown): unknown {
    if (this.has(name)) return this.raw(name);
    // Of what is no object, that it is none was told already.
    if (fallback === undefined && this.values !== undefined) this.shape.fault(this.at(name), 'is missing');
    return fallback;
  }

  private no<T>(name: string, problem: string, instead: T): T {
    this.shape.fault(this.at(name), problem);
    return instead;
  }
}

export function checkText(shape: Shape, field: string, text: string, rule: TextRule): void {
  const { most, least = 1, anyCharacter = false } = rule;
  const length = text.length > most ? characters(text) : text.length;
  if (length > most) shape.faults.push(over(field, most, length, 'characters'));
  else if (length < least) shape.fault(field, 'is empty');
  else if (!anyCharacter && CONTROL.test(text)) shape.fault(field, 'has a control character');
}

/** Code points, as every limit of a text counts them. */
export function characters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** A value in a message, short enough for one. */
export function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(typeof value === 'bigint' ? String(value) : value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
