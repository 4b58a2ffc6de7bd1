/**
 * Paths of properties in content: `customer.id`, and `lines[].price` for every element of an array.
 * A step works inside one document at a time, so a path is the way to such documents (through
 * arrays) and the way on from each of them (through objects alone).
 */
import { LIMITS } from '../kernel/limits';
import { BsonArray, BsonDocument, levelsOf, type BsonValue } from './bson-tree';
import { CannotCast } from './cannot-cast';
import { typeName } from './scalars';

export interface PropertyPath {
  readonly text: string;
  /** One way of keys to each array on the way, from the one before. */
  readonly arrays: readonly (readonly string[])[];
  /** From an element of the last array, or from the content, to the property. At least one key. */
  readonly keys: readonly [string, ...string[]];
}

/** A path, or what is wrong with it, as a sentence's end. */
export function parsePath(path: string): PropertyPath | string {
  if (path === '') return 'is empty';
  if (path.length > LIMITS.propertyPathLength) {
    return `has ${path.length} characters; the limit is ${LIMITS.propertyPathLength}`;
  }
  const arrays: string[][] = [];
  let keys: string[] = [];
  for (const part of path.split('.')) {
    const key = part.replace(/\[\]$/, '');
    if (key === '') return 'has an empty part';
    if (/[[\]\0]/.test(key)) return 'has brackets other than [] after a part';
    keys.push(key);
    if (key === part) continue;
    arrays.push(keys);
    keys = [];
  }
  const [first, ...rest] = keys;
  if (first === undefined) return 'ends with []; name a property of the elements';
  return { text: path, arrays, keys: [first, ...rest] };
}

/** Whether two paths go through the same arrays, so that a value can move between them. */
export const sameArrays = (a: PropertyPath, b: PropertyPath): boolean =>
  JSON.stringify(a.arrays) === JSON.stringify(b.arrays);

/** Calls `visit` with each document that a step works in. Where the way ends early there is none. */
export function eachPlace(
  content: BsonDocument,
  arrays: PropertyPath['arrays'],
  visit: (document: BsonDocument) => void,
): void {
  const [keys, ...rest] = arrays;
  if (keys === undefined) return visit(content);
  const array = valueAt(content, keys);
  if (!(array instanceof BsonArray)) return;
  for (const element of array.elements) if (element instanceof BsonDocument) eachPlace(element, rest, visit);
}

/** The value at the end of the keys; undefined where the way ends early. */
export function valueAt(document: BsonDocument, keys: readonly string[]): BsonValue | undefined {
  let value: BsonValue | undefined = document;
  for (const key of keys) value = value instanceof BsonDocument ? value.get(key) : undefined;
  return value;
}

/** Takes the value away and returns it. Objects that become empty stay. */
export function takeAt(document: BsonDocument, keys: readonly string[]): BsonValue | undefined {
  const key = keys.at(-1);
  const holder = valueAt(document, keys.slice(0, -1));
  if (key === undefined || !(holder instanceof BsonDocument)) return undefined;
  const value = holder.get(key);
  holder.delete(key);
  return value;
}

/**
 * Puts a value there, and makes the objects on the way. Refuses a way through something that is no
 * object, and one that leads deeper than content may be nested.
 */
export function putAt(document: BsonDocument, path: PropertyPath, value: BsonValue): void {
  const { arrays, keys } = path;
  // The content itself, an object for each key before the last one, and an array with its element for each [].
  const level = arrays.reduce((sum, way) => sum + way.length + 1, keys.length);
  if (level + levelsOf(value) > LIMITS.contentDepth) {
    throw new CannotCast(`"${path.text}" would be nested over ${LIMITS.contentDepth} levels deep`);
  }
  let holder = document;
  for (const key of path.keys.slice(0, -1)) {
    const next = holder.get(key) ?? new BsonDocument();
    if (!(next instanceof BsonDocument)) {
      throw new CannotCast(`"${path.text}" leads through "${key}", which is ${typeName(next)}`);
    }
    holder.set(key, next);
    holder = next;
  }
  holder.set(path.keys.at(-1) ?? path.keys[0], value);
}
