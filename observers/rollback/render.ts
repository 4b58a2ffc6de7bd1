/**
 * A template and what it may see become a value. All of it or nothing: every expression that finds nothing is told, and
 * then there is no value. Only data's own properties are looked at, and what comes of it is bounded however large the
 * values are that it puts together. Never throws.
 */
import { LIMITS } from '../../src/kernel/limits';
import { pathStep } from '../../src/kernel/content/json-place';
import type { Json } from '../../src/contract/sequence-document';
import type { TemplateScope } from './scope';
import { parseTemplate, shown, type Expression } from './template';
import { isArray } from './template-texts';

export type Rendered<T extends Json = Json> =
  | { readonly value: T }
  /** Each with its place. */
  | { readonly faults: readonly [string, ...string[]] };

/** Bytes, as BSON, that may still be rendered: several renderings that end in one event share one. */
export interface Budget {
  left: number;
}

export const renderBudget = (): Budget => ({ left: LIMITS.renderedBytes });

/** Levels that the entry of the log has around a compensating event's content. */
const AROUND = 3;
const DEEPEST = LIMITS.contentDepth - AROUND;
/** Bytes of an element in BSON beside its name and value, and of a value of fixed size at most. */
const ELEMENT_BYTES = 2;
const VALUE_BYTES = 8;

/** @param place how faults name the template, such as `compensating_events[0].payload_template`. */
export function render(template: Json, scope: TemplateScope, place: string, budget = renderBudget()): Rendered {
  const rendering = new Rendering(scope, budget);
  const value = rendering.value(template, place, 1);
  return rendering.result(value);
}

/** The same for a template that becomes text, also where an expression stands alone. */
export function renderText(
  template: string,
  scope: TemplateScope,
  place: string,
  budget = renderBudget(),
): Rendered<string> {
  const rendering = new Rendering(scope, budget);
  const value = rendering.text(template, place);
  return rendering.result(value);
}

class Rendering {
  private readonly faults: string[] = [];
  /** Whether too much was told already, so that nothing more is built. */
  private full = false;

  constructor(
    private readonly scope: TemplateScope,
    private readonly budget: Budget,
  ) {}

  result<T extends Json>(value: T): Rendered<T> {
    const [first, ...others] = this.faults;
    return first === undefined ? { value } : { faults: [first, ...others] };
  }

  value(template: Json, place: string, depth: number): Json {
    if (this.full) return null;
    if (typeof template === 'string') return this.string(template, place, depth);
    if (typeof template !== 'object' || template === null) return this.spend(VALUE_BYTES, template, place);
    if (depth > DEEPEST) return this.tooDeep(place);
    this.spend(VALUE_BYTES, null, place);
    if (isArray(template)) return template.map((inner, i) => this.element(String(i), inner, `${place}[${i}]`, depth));
    // Own properties are made, whatever they are called.
    return Object.fromEntries(
      Object.entries(template).map(([key, inner]) => [
        key,
        this.element(key, inner, `${place}${pathStep(key)}`, depth),
      ]),
    );
  }

  private element(key: string, inner: Json, place: string, depth: number): Json {
    this.spend(Buffer.byteLength(key) + ELEMENT_BYTES, null, place);
    return this.value(inner, place, depth + 1);
  }

  private string(template: string, place: string, depth: number): Json {
    const parsed = parseTemplate(template);
    const [only, second] = 'parts' in parsed ? parsed.parts : [];
    if (only === undefined || typeof only === 'string' || second !== undefined) return this.text(template, place);
    const found = this.find(only, place);
    if (found === undefined || !this.weigh(found, place, depth)) return null;
    return found;
  }

  text(template: string, place: string): string {
    const parsed = parseTemplate(template);
    if ('problem' in parsed) {
      this.faults.push(`${place} ${parsed.problem}`);
      return '';
    }
    let text = '';
    this.spend(VALUE_BYTES, null, place);
    for (const part of parsed.parts) {
      const piece = typeof part === 'string' ? part : this.piece(part, place);
      this.spend(Buffer.byteLength(piece), null, place);
      if (this.full) return '';
      text += piece;
    }
    return text;
  }

  /** A value as a piece of text, where it is one that text can say. */
  private piece(expression: Expression, place: string): string {
    const found = this.find(expression, place);
    if (found === undefined) return '';
    if (typeof found !== 'object') return String(found);
    const what = found === null ? 'null' : isArray(found) ? 'an array' : 'an object';
    this.faults.push(`${place}: \${${shown(expression.source)}} is ${what}, which does not stand inside text`);
    return '';
  }

  /** Undefined, and a fault, when there is nothing. */
  private find({ steps, source }: Expression, place: string): Json | undefined {
    let value: unknown = this.scope;
    let way = '';
    for (const step of steps) {
      const inner = own(value, step);
      if (inner === undefined) {
        this.faults.push(`${place}: \${${shown(source)}} finds nothing: ${nothing(way, step)}`);
        return undefined;
      }
      way += typeof step === 'number' ? `[${step}]` : way === '' ? step : pathStep(step);
      value = inner;
    }
    // A scope is made of JSON alone, whichever way leads through it.
    return value as Json;
  }

  /** Counts a found value, and looks no further into it than there is room. */
  private weigh(value: Json, place: string, depth: number): boolean {
    if (this.full) return false;
    if (typeof value !== 'object' || value === null) {
      this.spend(VALUE_BYTES + (typeof value === 'string' ? Buffer.byteLength(value) : 0), null, place);
      return !this.full;
    }
    if (depth > DEEPEST) {
      this.tooDeep(place);
      return false;
    }
    this.spend(VALUE_BYTES, null, place);
    for (const [key, inner] of Object.entries(value)) {
      this.spend(Buffer.byteLength(key) + ELEMENT_BYTES, null, place);
      if (!this.weigh(inner, place, depth + 1)) return false;
    }
    return !this.full;
  }

  private spend<T extends Json>(bytes: number, value: T, place: string): T {
    this.budget.left -= bytes;
    if (this.budget.left < 0 && !this.full) {
      this.full = true;
      this.faults.push(`${place}: what is rendered here, with what was before, has over ${LIMITS.renderedBytes} bytes`);
    }
    return value;
  }

  private tooDeep(place: string): null {
    this.full = true;
    this.faults.push(`${place}: what is rendered here is nested over ${DEEPEST} levels deep`);
    return null;
  }
}

/** A value's own property or element; undefined: it has none. */
function own(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  // An index is of arrays and a name of objects: the other way round there is `length`, which is not data.
  if (Array.isArray(value) !== (typeof step === 'number') || !Object.hasOwn(value, step)) return undefined;
  // Reflect looks it up as a property like any other; that it is the value's own was just seen.
  return Reflect.get(value, step);
}

/** Why there is nothing, in words for the person who has to go on from here. */
function nothing(way: string, step: string | number): string {
  if (step === 'error' && way === '') return 'nothing has failed';
  const isEvent = /^events\[\d+\]$/.test(way);
  if (isEvent && step === 'output') return `${way} handed nothing back`;
  if (isEvent) return `${way} is not on the log, or its content is gone`;
  return `${way === '' ? 'a template' : way} has no ${typeof step === 'number' ? `[${step}]` : shown(step)}`;
}
