/**
 * The text of a template: `Invoice ${events[0].payload.number} failed`. An expression is a way through what a template
 * may see (`scope.ts`) and nothing else: names and indexes, no operators, no calls. `$${` stands for a plain `${`.
 *
 * Every character is looked at once, so no text takes longer than its length.
 */
import { LIMITS } from '../../src/kernel/limits';

export interface Expression {
  /** As it was written, without `${` and `}`. */
  readonly source: string;
  /** The first is the root, always a name. */
  readonly steps: readonly [string, ...(string | number)[]];
}

export type Part = string | Expression;

/** The parts of a text, or what is wrong with it as the end of a sentence. */
export type Parsed = { readonly parts: readonly Part[] } | { readonly problem: string };

/** They lead out of the data and into the language: nothing that a template may ask for. */
const FORBIDDEN: ReadonlySet<unknown> = new Set(['__proto__', 'constructor', 'prototype']);

const OPEN = '${';
const ESCAPED = '$${';
/** An array of content has far fewer elements: it would be too large. */
const INDEX_DIGITS = 7;
/** Characters of an expression that a message shows. */
const SHOWN = 80;

const NAME_START = /[A-Za-z_]/;
const NAME_CHARACTER = /[A-Za-z0-9_-]/;
const DIGIT = /[0-9]/;

export const shown = (text: string): string => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);

/** What a reader of one expression throws at itself; it never leaves this file. */
class Malformed extends Error {}

export function parseTemplate(text: string): Parsed {
  const parts: Part[] = [];
  let plain = '';
  let at = 0;
  try {
    while (at < text.length) {
      const dollar = text.indexOf('$', at);
      if (dollar < 0) break;
      plain += text.slice(at, dollar);
      if (text.startsWith(ESCAPED, dollar)) {
        plain += OPEN;
        at = dollar + ESCAPED.length;
      } else if (text.startsWith(OPEN, dollar)) {
        if (plain !== '') parts.push(plain);
        plain = '';
        const reader = new ExpressionReader(text, dollar + OPEN.length);
        parts.push(reader.read());
        at = reader.at;
      } else {
        plain += '$';
        at = dollar + 1;
      }
    }
  } catch (error) {
    if (error instanceof Malformed) return { problem: error.message };
    throw error;
  }
  plain += text.slice(at);
  return { parts: plain === '' ? parts : [...parts, plain] };
}

class ExpressionReader {
  constructor(
    private readonly text: string,
    public at: number,
  ) {
    this.from = at;
  }

  private readonly from: number;

  read(): Expression {
    const root = this.name();
    const steps: [string, ...(string | number)[]] = [root];
    while (!this.skip('}')) {
      if (steps.length === LIMITS.templateSteps) this.fail(`has more than ${LIMITS.templateSteps} names and indexes`);
      steps.push(this.step());
    }
    return { source: this.text.slice(this.from, this.at - 1), steps };
  }

  private step(): string | number {
    if (this.skip('.')) return this.name();
    if (!this.skip('[')) this.fail(this.ended ? 'does not end: } is missing' : "goes on with neither '.', '[' nor '}'");
    const step = this.text[this.at] === '"' ? this.quoted() : this.index();
    if (!this.skip(']')) this.fail("has no ']' here");
    return step;
  }

  private name(): string {
    const start = this.at;
    if (!NAME_START.test(this.text[start] ?? '')) {
      this.fail(
        this.ended
          ? 'does not end: } is missing'
          : 'has no name here; others than letters, digits, _ and - stand as ["name"]',
      );
    }
    while (NAME_CHARACTER.test(this.text[this.at] ?? '')) this.at++;
    return this.allowed(this.text.slice(start, this.at));
  }

  private index(): number {
    const start = this.at;
    while (DIGIT.test(this.text[this.at] ?? '')) this.at++;
    const digits = this.text.slice(start, this.at);
    if (digits === '') this.fail('has neither a number nor a name in double quotes after [');
    if (digits.length > INDEX_DIGITS) this.fail(`has an index of over ${INDEX_DIGITS} digits`);
    return Number(digits);
  }

  /** A name in double quotes, with the escapes that JSON has. */
  private quoted(): string {
    const start = this.at++;
    while (!this.ended && this.text[this.at] !== '"') this.at += this.text[this.at] === '\\' ? 2 : 1;
    if (!this.skip('"')) this.fail('has a name whose double quotes do not end');
    try {
      return this.allowed(String(JSON.parse(this.text.slice(start, this.at))));
    } catch (error) {
      if (error instanceof Malformed) throw error;
      return this.fail('has a name that is not JSON text');
    }
  }

  private allowed(name: string): string {
    if (FORBIDDEN.has(name)) this.fail(`names ${name}, which no template may`);
    return name;
  }

  private skip(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private get ended(): boolean {
    return this.at >= this.text.length;
  }

  private fail(reason: string): never {
    throw new Malformed(`has the expression ${OPEN}${shown(this.text.slice(this.from, this.at + 1))} that ${reason}`);
  }
}
