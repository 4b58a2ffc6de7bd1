/**
 * Ajv as it is used here: real schemas compile, hostile ones are bounded. Patterns match in linear
 * time, every part that repeats counts its steps, duplicate elements are found without comparing
 * each with each, and names such as `constructor` are looked for in the content alone.
 */
import { Ajv, _, type KeywordCxt, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020';
import { allDifferent } from './canonical-text';
import { addFormats } from './formats';
import { compilePattern } from './patterns';
import { faultOf } from './schema-faults';
import { COST_KEYWORD, planSchema } from './schema-plan';
import { InvalidSchema, isObject, type Dialect, type Schema } from './schema-text';
import { charge } from './validation-budget';

/** Whether the first fault ends a validation, or all of them are looked for. */
export type Thoroughness = 'first' | 'all';

/** Faults in one part of a schema after which no more are looked for: their lists are joined over and over. */
const FAULTS_LOOKED_FOR = 100;

/** Ends the search for all faults. */
export class EnoughFaults extends Error {
  override readonly name = 'EnoughFaults';
  constructor(readonly faults: NonNullable<ValidateFunction['errors']>) {
    super();
  }
}

/** Reads the dialects' own schemas, which take longer to compile than most. */
const CHECKERS = new Map<Dialect, Ajv>();

function checkerFor(dialect: Dialect): Ajv {
  const existing = CHECKERS.get(dialect);
  if (existing !== undefined) return existing;
  const checker = newAjv(dialect, { messages: false, strict: false, logger: false });
  CHECKERS.set(dialect, checker);
  return checker;
}

/** One for each schema: it keeps whatever it has compiled. */
function compilerFor(dialect: Dialect, thoroughness: Thoroughness): Ajv {
  const ajv = newAjv(dialect, {
    allErrors: thoroughness === 'all',
    strict: false,
    ownProperties: true,
    // A schema that is referred to a thousand times is compiled once, not written out a thousand times.
    inlineRefs: false,
    meta: false,
    validateSchema: false,
    messages: false,
    logger: false,
    // Looking for code to leave out is half of compiling, and what is left runs no faster.
    code: { optimize: false, regExp: Object.assign(compilePattern, { code: 'compilePattern' }) },
  });
  addFormats(ajv);
  addCost(ajv);
  addUniqueItems(ajv);
  return ajv;
}

const newAjv = (dialect: Dialect, options: Options): Ajv =>
  dialect === 'draft-07' ? new Ajv(options) : new Ajv2020(options);

/** In front of everything else that a part does, its cost is counted. */
function addCost(ajv: Ajv): void {
  ajv.addKeyword({
    keyword: COST_KEYWORD,
    before: '$ref',
    schemaType: 'number',
    code({ gen, schema, it }: KeywordCxt) {
      gen.code(_`${gen.scopeValue('func', { ref: charge })}(${Number(schema)})`);
      if (it.allErrors !== true) return;
      const enough = gen.scopeValue('func', { ref: refuseMoreFaults });
      gen.if(_`errors > ${FAULTS_LOOKED_FOR}`, () => gen.code(_`${enough}(vErrors)`));
    },
  });
}

function refuseMoreFaults(faults: NonNullable<ValidateFunction['errors']>): never {
  throw new EnoughFaults(faults);
}

/** Ajv compares each element with each when they may be objects. */
function addUniqueItems(ajv: Ajv): void {
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (unique: boolean, elements: readonly unknown[]) => !unique || allDifferent(elements),
  });
}

/** Throws InvalidSchema. */
export function compileSchema(schema: Schema, thoroughness: Thoroughness): ValidateFunction {
  const { dialect, schema: planned } = planSchema(schema);
  try {
    refuseOther(dialect, schema);
    return compilerFor(dialect, thoroughness).compile(planned);
  } catch (error) {
    if (error instanceof InvalidSchema) throw error;
    // Compiling is recursive, over references too.
    if (error instanceof RangeError) throw new InvalidSchema('is too large or too deep to be compiled');
    throw new InvalidSchema(`cannot be compiled: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Refuses what is no schema of the dialect. */
function refuseOther(dialect: Dialect, schema: Schema): void {
  if (!isObject(schema)) return;
  const checker = checkerFor(dialect);
  const { $schema: _dialect, ...rest } = schema;
  if (checker.validateSchema(rest) === true) return;
  const [fault] = (checker.errors ?? []).map((error) => faultOf(error, schema));
  throw new InvalidSchema(`is no JSON Schema of ${dialect}: $${fault?.path ?? ''} ${fault?.message ?? ''}`);
}
