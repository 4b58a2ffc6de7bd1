/**
 * A schema that content is held against. It is compiled when content first comes, and once for all
 * who have the same text: a store's types are loaded anew with every change of one of them.
 */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { LRUCache } from 'lru-cache';
import { compileSchema, EnoughFaults } from './schema-compiler';
import { faultOf, FAULTS_TOLD } from './schema-faults';
import { parseSchema } from './schema-text';
import type { SchemaFault } from './types-of-store';
import { beginValidation, TooCostly } from './validation-budget';

/** Characters of the schemas that are kept compiled beyond those that types in use hold: code takes some ten times as much. */
const KEPT_CHARACTERS = 4 * 1024 * 1024;

const FITS: readonly SchemaFault[] = [];
const TOO_COSTLY: readonly SchemaFault[] = [{ path: '', message: 'is too costly to check against its schema' }];

export class CompiledSchema {
  #first: ValidateFunction | undefined;
  #all: ValidateFunction | undefined;

  /** @param text JSON text of a schema that has been checked. */
  constructor(private readonly text: string) {}

  /** Compiles it now. Throws InvalidSchema. */
  compile(): void {
    this.#first ??= compileSchema(parseSchema(this.text), 'first');
  }

  /** The verdict alone. */
  fits(value: unknown): boolean {
    return this.#verdict(value).length === 0;
  }

  /** What is wrong with a value that JSON.parse gave, at most FAULTS_TOLD of it; nothing when it fits. */
  validate(value: unknown): readonly SchemaFault[] {
    const first = this.#verdict(value);
    if (first === 'too costly') return TOO_COSTLY;
    if (first.length === 0) return FITS;
    // It does not fit, which is certain now; what else is wrong is looked for as far as it is cheap.
    const all = this.#faults(value);
    const errors = all === 'too costly' || all.length === 0 ? first : all;
    return distinct(errors.slice(0, 4 * FAULTS_TOLD).map((error) => faultOf(error, value))).slice(0, FAULTS_TOLD);
  }

  #verdict(value: unknown): Verdict {
    return run((this.#first ??= compileSchema(parseSchema(this.text), 'first')), value);
  }

  #faults(value: unknown): Verdict {
    return run((this.#all ??= compileSchema(parseSchema(this.text), 'all')), value);
  }
}

/** What is wrong; nothing when it fits. */
type Verdict = readonly ErrorObject[] | 'too costly';

function run(validate: ValidateFunction, value: unknown): Verdict {
  beginValidation();
  try {
    return validate(value) ? [] : (validate.errors ?? []);
  } catch (error) {
    if (error instanceof EnoughFaults) return error.faults;
    // The stack is used up by content and schema that are both nested as deep as they may be.
    if (error instanceof TooCostly || error instanceof RangeError) return 'too costly';
    throw error;
  } finally {
    validate.errors = null; // They hold on to the content.
  }
}

function distinct(faults: readonly SchemaFault[]): SchemaFault[] {
  const seen = new Map(faults.map((fault) => [`${fault.path} ${fault.message}`, fault]));
  return [...seen.values()];
}

const compiled = new LRUCache<string, CompiledSchema>({
  maxSize: KEPT_CHARACTERS,
  sizeCalculation: (_schema, text) => text.length + 1,
});

/** The compiled schema of a text. */
export function schemaOf(text: string): CompiledSchema {
  const existing = compiled.get(text);
  if (existing !== undefined) return existing;
  const schema = new CompiledSchema(text);
  compiled.set(text, schema);
  return schema;
}
