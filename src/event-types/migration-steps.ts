/**
 * The steps of a migration, made ready: each becomes a function that changes a tree of content. What
 * a step cannot do to some content it refuses with CannotCast, so that nothing is lost or made up:
 * above all, no step writes over a value that is there already.
 */
import { jsonToBson } from '../kernel/content/json-to-bson';
import { LIMITS } from '../kernel/limits';
import { BsonDocument, BsonScalar, type BsonValue } from './bson-tree';
import { CannotCast } from './cannot-cast';
import { convert, textOf } from './convert';
import type { MigrationStep } from './definition';
import { compileExpression } from './expression';
import { eachPlace, parsePath, putAt, sameArrays, takeAt, valueAt, type PropertyPath } from './property-path';
import { plain, text, typeName } from './scalars';

/** Changes the content in place, or throws CannotCast. */
export type CompiledStep = (content: BsonDocument) => void;

/** A step that is not of its form; `property` is the step's field at fault. */
export class InvalidStep extends Error {
  override readonly name = 'InvalidStep';
  constructor(
    readonly property: string,
    message: string,
  ) {
    super(message);
  }
}

/** Throws InvalidStep. */
export function compileStep(step: MigrationStep): CompiledStep {
  switch (step.kind) {
    case 'rename':
      return renameStep(pathOf(step.from, 'from'), pathOf(step.to, 'to'));
    case 'default':
      return defaultStep(pathOf(step.property, 'property'), valueOf(step.value));
    case 'remove':
      return removeStep(pathOf(step.property, 'property'));
    case 'split': {
      const into = step.into.map((path, i) => pathOf(path, `into[${i}]`));
      return splitStep(pathOf(step.property, 'property'), separatorOf(step.separator), into);
    }
    case 'join': {
      const properties = step.properties.map((path, i) => pathOf(path, `properties[${i}]`));
      // An empty one is of use here: parts that were split by their place, for instance.
      return joinStep(properties, boundedText(step.separator, 'separator'), pathOf(step.into, 'into'));
    }
    case 'convert': {
      const path = pathOf(step.property, 'property');
      return eachValue(path, (value) => convert(value, step.to));
    }
    case 'expression':
      return expressionStep(pathOf(step.property, 'property'), step.expression);
  }
}

function pathOf(path: string, property: string): PropertyPath {
  const parsed = parsePath(path);
  if (typeof parsed === 'string') throw new InvalidStep(property, parsed);
  return parsed;
}

/** All paths of a step go through the same arrays: it works inside one element at a time. */
function inOneElement(a: PropertyPath, b: PropertyPath, property: string): void {
  if (sameArrays(a, b)) return;
  throw new InvalidStep(property, `is not inside the same elements as "${a.text}"`);
}

function boundedText(value: string, property: string): string {
  const size = Buffer.byteLength(value);
  if (size <= LIMITS.stepValueBytes) return value;
  throw new InvalidStep(property, `has ${size} bytes; the limit is ${LIMITS.stepValueBytes}`);
}

/** Characters of a separator that text is split at: looking for it can take the product of both lengths. */
const SEPARATOR_LENGTH = 100;

function separatorOf(separator: string): string {
  if (separator === '') throw new InvalidStep('separator', 'is empty');
  if (separator.length <= SEPARATOR_LENGTH) return separator;
  throw new InvalidStep('separator', `has ${separator.length} characters; the limit is ${SEPARATOR_LENGTH}`);
}

const KEY = 'value';

/** The value of JSON text, by the same rules as content. */
function valueOf(json: string): BsonValue {
  boundedText(json, 'value');
  try {
    const document = new BsonDocument(jsonToBson(Buffer.from(`{"${KEY}":${json}}`), 'value'));
    const value = document.get(KEY);
    if (value !== undefined && document.count === 1) return value;
  } catch {
    // Said below.
  }
  throw new InvalidStep('value', 'is not one JSON value');
}

function renameStep(from: PropertyPath, to: PropertyPath): CompiledStep {
  inOneElement(from, to, 'to');
  if (from.text === to.text) throw new InvalidStep('to', 'is what it is called already');
  const [key, ...deeper] = to.keys;
  const inPlace = deeper.length === 0 && from.keys.length === 1;
  return (content) =>
    eachPlace(content, from.arrays, (place) => {
      if (inPlace && place.get(key) === undefined) return place.rename(from.keys[0], key);
      const value = takeAt(place, from.keys);
      if (value !== undefined) putNew(place, to, value, from);
    });
}

function defaultStep(path: PropertyPath, value: BsonValue): CompiledStep {
  return (content) =>
    eachPlace(content, path.arrays, (place) => {
      if (valueAt(place, path.keys) === undefined) putAt(place, path, value.copy());
    });
}

function removeStep(path: PropertyPath): CompiledStep {
  return (content) => eachPlace(content, path.arrays, (place) => void takeAt(place, path.keys));
}

function splitStep(path: PropertyPath, separator: string, into: readonly PropertyPath[]): CompiledStep {
  if (into.length < 2) throw new InvalidStep('into', 'names fewer than two properties');
  into.forEach((target, i) => inOneElement(path, target, `into[${i}]`));
  allDifferent(into, 'into');
  return (content) =>
    eachPlace(content, path.arrays, (place) => {
      const value = valueAt(place, path.keys);
      if (value === undefined || isNull(value)) return;
      const whole = value instanceof BsonScalar ? plain(value) : undefined;
      if (whole?.is !== 'text') throw new CannotCast(`"${path.text}" is ${typeName(value)} and not text`);
      takeAt(place, path.keys);
      let rest = whole.value;
      for (const [i, target] of into.entries()) {
        const end = i === into.length - 1 ? -1 : rest.indexOf(separator);
        putNew(place, target, text(end === -1 ? rest : rest.slice(0, end)), path);
        if (end === -1) return;
        rest = rest.slice(end + separator.length);
      }
    });
}

function joinStep(properties: readonly PropertyPath[], separator: string, into: PropertyPath): CompiledStep {
  if (properties.length < 2) throw new InvalidStep('properties', 'names fewer than two properties');
  properties.forEach((path, i) => inOneElement(into, path, `properties[${i}]`));
  allDifferent(properties, 'properties');
  return (content) =>
    eachPlace(content, into.arrays, (place) => {
      const parts = properties.flatMap((path) => {
        const value = valueAt(place, path.keys);
        if (value === undefined || isNull(value)) return [];
        const words = value instanceof BsonScalar ? textOf(plain(value)) : undefined;
        if (words === undefined) throw new CannotCast(`"${path.text}" is ${typeName(value)} and has no text`);
        return [words];
      });
      if (parts.length === 0) return;
      for (const path of properties) takeAt(place, path.keys);
      putNew(place, into, text(parts.join(separator)), undefined);
    });
}

function expressionStep(path: PropertyPath, expression: string): CompiledStep {
  if (path.arrays.length > 0) {
    throw new InvalidStep('property', 'names elements of an array; an expression gives one value, such as the array');
  }
  const evaluate = compileExpression(expression);
  if (typeof evaluate === 'string') throw new InvalidStep('expression', evaluate);
  return (content) => putAt(content, path, evaluate(content));
}

function eachValue(path: PropertyPath, change: (value: BsonValue) => BsonValue): CompiledStep {
  return (content) =>
    eachPlace(content, path.arrays, (place) => {
      const value = valueAt(place, path.keys);
      if (value === undefined) return;
      try {
        putAt(place, path, change(value));
      } catch (error) {
        throw error instanceof CannotCast ? new CannotCast(`"${path.text}": ${error.message}`) : error;
      }
    });
}

/**
 * Puts a value where none is yet. One that has moved out of the property itself (`name.full` to
 * `name`) may take the place of the object that it has left empty.
 */
function putNew(place: BsonDocument, to: PropertyPath, value: BsonValue, from: PropertyPath | undefined): void {
  const there = valueAt(place, to.keys);
  const leftEmpty = there instanceof BsonDocument && there.count === 0 && from?.text.startsWith(`${to.text}.`) === true;
  if (there !== undefined && !leftEmpty) throw new CannotCast(`"${to.text}" is there already`);
  putAt(place, to, value);
}

function allDifferent(paths: readonly PropertyPath[], property: string): void {
  const seen = new Set<string>();
  for (const [i, { text: path }] of paths.entries()) {
    if (seen.has(path)) throw new InvalidStep(`${property}[${i}]`, 'is named twice');
    seen.add(path);
  }
}

const isNull = (value: BsonValue): boolean => value instanceof BsonScalar && plain(value).is === 'null';
