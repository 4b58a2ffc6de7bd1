/** Whether alternatives exclude each other, as `oneOf` needs it. */
import { canonicalText } from './canonical-text';
import { isObject, type Schema, type SchemaObject } from './schema-text';
import { followed, namesListed, schemasByName, typesOf, valuesOf } from './schema-view';

/** Levels down to which two alternatives are told apart: by their type, or by a property such as `action` or `kind`. */
const DEPTH = 3;
/** Alternatives that are compared each with each. */
const MOST = 200;

/** Whether no value can fit two of them, as far as can be seen. */
export function apart(schemas: readonly Schema[], root: Schema): boolean {
  if (schemas.length > MOST) return false;
  return schemas.every((a, i) => schemas.slice(i + 1).every((b) => disjoint(a, b, root, 0)));
}

function disjoint(a: Schema, b: Schema, root: Schema, depth: number): boolean {
  const [x, y] = [followed(a, root), followed(b, root)];
  if (x === false || y === false) return true;
  if (!isObject(x) || !isObject(y) || depth > DEPTH) return false;
  const [typesOfX, typesOfY] = [families(x), families(y)];
  if (typesOfX !== undefined && typesOfY !== undefined && ![...typesOfX].some((type) => typesOfY.has(type)))
    return true;
  const [valuesOfX, valuesOfY] = [valuesOf(x)?.map(canonicalText), valuesOf(y)?.map(canonicalText)];
  if (valuesOfX !== undefined && valuesOfY !== undefined) return !valuesOfX.some((value) => valuesOfY.includes(value));
  // Two objects that both must have a property, with values that exclude each other.
  if (![typesOfX, typesOfY].every((types) => types?.size === 1 && types.has('object'))) return false;
  const [ofX, ofY] = [schemasByName(x, 'properties'), schemasByName(y, 'properties')];
  const requiredOfY = new Set(namesListed(y, 'required'));
  return namesListed(x, 'required').some((name) => {
    const [one, other] = [ofX.get(name), ofY.get(name)];
    return requiredOfY.has(name) && one !== undefined && other !== undefined && disjoint(one, other, root, depth + 1);
  });
}

/** An integer is a number. */
function families(schema: SchemaObject): ReadonlySet<string> | undefined {
  const types = typesOf(schema);
  return types === undefined ? undefined : new Set([...types].map((type) => (type === 'integer' ? 'number' : type)));
}
