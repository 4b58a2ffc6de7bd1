/**
 * For property tests: content with everything that makes codecs stumble, as a tree that keeps the
 * order of keys (which JavaScript's objects do not), and its one canonical text.
 */
import fc from 'fast-check';

export type Tree =
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Tree])[] }
  | { readonly kind: 'array'; readonly values: readonly Tree[] }
  | { readonly kind: 'leaf'; readonly value: string | number | bigint | boolean | null };

const NASTY_KEYS = [
  '',
  '$',
  '$ref',
  '$id',
  '$db',
  'a.b',
  '.',
  '__proto__',
  'constructor',
  'toString',
  '0',
  '10',
  '"',
  '\\',
];
const NASTY_NUMBERS = [
  0,
  -0,
  1.5,
  -1,
  2 ** 31 - 1,
  2 ** 31,
  -(2 ** 31),
  -(2 ** 31) - 1,
  2 ** 53,
  2 ** 63,
  1e21,
  5e-324,
];

/** Any text that UTF-8 can hold, NUL too. */
export const anyText = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', '\0', '\u001f', '\u007f', 'é', '\u2028', '𝄞'),
    maxLength: 20,
  }),
);

const anyKey = fc.oneof(
  fc.constantFrom(...NASTY_KEYS),
  anyText.map((text) => text.replaceAll('\0', '')),
);

const leaf: fc.Arbitrary<Tree> = fc
  .oneof(
    anyText,
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(...NASTY_NUMBERS),
    fc.boolean(),
    fc.constant(null),
  )
  .map((value) => ({ kind: 'leaf', value }) as const);

const trees = fc.letrec<{ tree: Tree; object: Tree }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    tie('object'),
    fc.array(tie('tree'), { maxLength: 12 }).map((values) => ({ kind: 'array', values }) as const),
  ),
  object: fc
    .uniqueArray(fc.tuple(anyKey, tie('tree')), { selector: ([key]) => key, maxLength: 12 })
    .map((entries) => ({ kind: 'object', entries }) as const),
}));

/** Content: an object at the top. */
export const anyContent = trees.object;

/** The text that content has when it comes back. */
export function canonical(tree: Tree): string {
  switch (tree.kind) {
    case 'object':
      return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${canonical(value)}`).join(',')}}`;
    case 'array':
      return `[${tree.values.map(canonical).join(',')}]`;
    case 'leaf':
      if (typeof tree.value === 'bigint') return String(tree.value);
      return Object.is(tree.value, -0) ? '-0' : JSON.stringify(tree.value);
  }
}

/** The same content as another writer might put it: every character of a string escaped, space between all tokens. */
export function elaborate(tree: Tree): string {
  const text = (s: string): string =>
    `"${Array.from({ length: s.length }, (_, i) => `\\u${s.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
  switch (tree.kind) {
    case 'object':
      return ` {\n${tree.entries.map(([key, value]) => `\t${text(key)} : ${elaborate(value)}`).join(' ,\r\n')} } `;
    case 'array':
      return ` [ ${tree.values.map(elaborate).join(' , ')} ] `;
    case 'leaf':
      return typeof tree.value === 'string' ? text(tree.value) : canonical(tree);
  }
}

/** As a JavaScript object, for what starts from one. */
export function asObject(tree: Tree): unknown {
  switch (tree.kind) {
    case 'object': {
      const entries = tree.entries.map(([key, value]) => [key, asObject(value)] as const);
      return Object.fromEntries(entries); // Defines properties, so `__proto__` becomes one.
    }
    case 'array':
      return tree.values.map(asObject);
    case 'leaf':
      return tree.value;
  }
}
