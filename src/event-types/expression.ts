/**
 * Expressions in CEL (the Common Expression Language) over `content`: it runs no code, reads nothing
 * but its input, and ends. What it may cost is bounded besides (see expression-budget.ts), and what
 * goes wrong in it is a reason why content cannot be cast.
 */
import { isCelError, parse, plan } from '@bufbuild/cel';
import { LIMITS } from '../kernel/limits';
import type { BsonDocument, BsonValue } from './bson-tree';
import { CannotCast } from './cannot-cast';
import { ExpressionBudget } from './expression-budget';
import { APPEND, expressionFunctions, HAS, NEW_LIST, RANGE } from './expression-functions';
import { contentToCel, NotContent, toBson } from './expression-values';

/** Throws CannotCast. */
export type CompiledExpression = (content: BsonDocument) => BsonValue;

const CONTENT = 'content';
const budget = new ExpressionBudget();
const functions = expressionFunctions(budget);

/** Names of types, as in `type(x) == int`. */
const TYPES = ['int', 'uint', 'double', 'bool', 'string', 'bytes', 'list', 'map', 'null_type', 'type'];
/** Operators that are no functions. */
const OPERATORS = new Set(['_[_]', '_?_:_', '_&&_', '_||_', '@not_strictly_false', '__not_strictly_false__']);

/** The parsed tree as `parse` gives it, in the parts that are looked at here. */
type Expr = ReturnType<typeof parse>['expr'];
type Comprehension = Extract<Expr['exprKind'], { case: 'comprehensionExpr' }>['value'];

/** The expression ready for use, or what is wrong with it, as a sentence's end. */
export function compileExpression(expression: string): CompiledExpression | string {
  const { length } = expression;
  if (length > LIMITS.expressionLength) return `has ${length} characters; the limit is ${LIMITS.expressionLength}`;
  let evaluate: ReturnType<typeof plan>;
  try {
    const { expr } = parse(expression);
    const problem = guarded(expr, new Set([CONTENT, ...TYPES]));
    if (problem !== undefined) return problem;
    evaluate = plan(functions.env, expr);
  } catch (error) {
    return `is not CEL: ${messageOf(error)}`;
  }
  return (content) => {
    const value = run(evaluate, content);
    if (budget.usedUp) throw new CannotCast('the expression takes too many steps');
    if (isCelError(value)) throw new CannotCast(`the expression fails: ${value.message}`);
    try {
      return toBson(value);
    } catch (error) {
      if (error instanceof NotContent) throw new CannotCast(`the expression gives ${error.message}`);
      throw new CannotCast(`the expression fails: ${messageOf(error)}`);
    }
  };
}

function run(evaluate: ReturnType<typeof plan>, content: BsonDocument): ReturnType<typeof evaluate> {
  budget.begin();
  // CEL makes an error for every element that something fails on, and a trace would cost ten times the error.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return evaluate({ [CONTENT]: contentToCel(content, functions.timestamp) });
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What an expression may not say, or undefined. Puts the functions of our own in where it loops. */
function guarded(expr: Expr, names: ReadonlySet<string>): string | undefined {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case 'constExpr':
      return undefined;
    case 'identExpr':
      return names.has(exprKind.value.name) ? undefined : `knows \`content\` alone, and not \`${exprKind.value.name}\``;
    case 'selectExpr': {
      const { operand, field, testOnly } = exprKind.value;
      const problem = guardedAll([operand], names);
      if (testOnly && operand !== undefined) replace(expr, call(HAS, [operand, constant('stringValue', field)]));
      return problem;
    }
    case 'callExpr': {
      const { function: name, target, args } = exprKind.value;
      if (!OPERATORS.has(name) && !functions.has(name)) return `has the function \`${name}\`, which there is not`;
      return guardedAll([target, ...args], names);
    }
    case 'listExpr':
      if (exprKind.value.optionalIndices.length > 0) return NO_OPTIONALS;
      return guardedAll(exprKind.value.elements, names);
    case 'structExpr': {
      const { messageName, entries } = exprKind.value;
      if (messageName !== '') return `makes a message \`${messageName}\`; it can make objects and lists`;
      if (entries.some(({ optionalEntry }) => optionalEntry)) return NO_OPTIONALS;
      const keys = entries.map(({ keyKind }) => (keyKind.case === 'mapKey' ? keyKind.value : undefined));
      return guardedAll([...keys, ...entries.map(({ value }) => value)], names);
    }
    case 'comprehensionExpr':
      return guardedLoop(exprKind.value, names);
    default:
      return 'is empty';
  }
}

const NO_OPTIONALS = 'uses optional values, which are not supported';

function guardedAll(exprs: readonly (Expr | undefined)[], names: ReadonlySet<string>): string | undefined {
  for (const expr of exprs) {
    const problem = expr === undefined ? undefined : guarded(expr, names);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** A loop pays for all its rounds before the first one. */
function guardedLoop(loop: Comprehension, names: ReadonlySet<string>): string | undefined {
  const { iterRange, accuInit, loopCondition, loopStep, result, accuVar, iterVar } = loop;
  const inside = new Set([...names, accuVar, iterVar]);
  const problem = guardedAll([iterRange, accuInit], names) ?? guardedAll([loopCondition, loopStep, result], inside);
  if (problem !== undefined || iterRange === undefined) return problem;
  if (accuInit?.exprKind.case === 'listExpr') {
    replace(accuInit, call(NEW_LIST, []));
    if (loopStep !== undefined) growInPlace(loopStep, accuVar);
  }
  const parts = BigInt(size(loopCondition) + size(loopStep));
  loop.iterRange = { ...iterRange, exprKind: call(RANGE, [iterRange, constant('int64Value', parts)]) };
  return undefined;
}

/** `result + [x]`, as the macros write it, adds to the list that is being made. */
function growInPlace(step: Expr, accuVar: string): void {
  const { exprKind } = step;
  if (exprKind.case !== 'callExpr') return;
  const [left] = exprKind.value.args;
  const grows = left?.exprKind.case === 'identExpr' && left.exprKind.value.name === accuVar;
  if (exprKind.value.function === '_+_' && grows) exprKind.value.function = APPEND;
  if (exprKind.value.function === '_?_:_') for (const arg of exprKind.value.args) growInPlace(arg, accuVar);
}

/** The parts of an expression that run in each round; a loop inside pays for itself. */
function size(expr: Expr | undefined): number {
  if (expr === undefined) return 0;
  const { exprKind } = expr;
  switch (exprKind.case) {
    case 'selectExpr':
      return 1 + size(exprKind.value.operand);
    case 'callExpr':
      return [exprKind.value.target, ...exprKind.value.args].reduce((sum, arg) => sum + size(arg), 1);
    case 'listExpr':
      return exprKind.value.elements.reduce((sum, element) => sum + size(element), 1);
    case 'structExpr':
      return exprKind.value.entries.reduce((sum, { value }) => sum + 1 + size(value), 1);
    case 'comprehensionExpr':
      return 1 + size(exprKind.value.iterRange) + size(exprKind.value.result);
    default:
      return 1;
  }
}

type ExprKind = Expr['exprKind'];

function replace(expr: Expr, kind: ExprKind): void {
  expr.exprKind = kind;
}

function call(name: string, args: Expr[]): ExprKind {
  return { case: 'callExpr', value: { $typeName: 'cel.expr.Expr.Call', function: name, args } };
}

function constant(kind: 'stringValue', value: string): Expr;
function constant(kind: 'int64Value', value: bigint): Expr;
function constant(kind: 'stringValue' | 'int64Value', value: string | bigint): Expr {
  const constantKind =
    typeof value === 'string' ? ({ case: 'stringValue', value } as const) : ({ case: 'int64Value', value } as const);
  return {
    $typeName: 'cel.expr.Expr',
    id: 0n,
    exprKind: { case: 'constExpr', value: { $typeName: 'cel.expr.Constant', constantKind } },
  };
}
