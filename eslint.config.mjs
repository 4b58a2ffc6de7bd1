/**
 * What the linter holds (`npm run lint`): typescript-eslint's strict, type-aware set, less the rules that cry wolf in
 * this code (each with its reason), plus a few of our own. Layout is Prettier's business alone.
 */
import { defineConfig, globalIgnores } from 'eslint/config';
import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Lines of code in one file. A file is a thought; one that passes this is usually two. */
const MAX_LINES = 300;

/** Node's globals that the plain JavaScript of the build uses; TypeScript knows its own. */
const NODE_GLOBALS = {
  process: 'readonly',
  performance: 'readonly',
  console: 'readonly',
  require: 'readonly',
  module: 'readonly',
  __dirname: 'readonly',
};

const SUITES = ['**/*.test.ts', '**/*.testing.ts', 'test/**/*.ts'];
const PROGRAMS = ['demo/**/*.ts', 'bench/**/*.ts', 'test/**/*.ts', 'src/cli/**/*.ts'];

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'src/contract/generated/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error', reportUnusedInlineConfigs: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.{js,cjs,mjs}'],
    languageOptions: { globals: NODE_GLOBALS },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Promises: a server that loses one loses its error too.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/promise-function-async': ['error', { checkArrowFunctions: false }],
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],

      // Types carry meaning.
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/no-shadow': 'error',
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: MAX_LINES, skipBlankLines: true, skipComments: true }],

      // A number or a boolean in a message reads as it should.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/restrict-plus-operands': ['error', { allowNumberAndString: true }],
      // `return writer.end()` in a function that gives nothing says what it does.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // An interface asks for a promise; that this implementation awaits nothing is its own affair.
      '@typescript-eslint/require-await': 'off',
      // It believes that a field cannot change across an `await`, and would have us delete the checks that matter most.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // What is declared boolean may be absent when it runs (`isTTY` of a pipe), and `=== true` says so.
      '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'off',
      // A plain object is as good as an instance where the shape is the contract, as for the driver's options.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      // A type parameter used once, or two signatures that could be one, may document more than they cost.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  {
    files: PROGRAMS,
    rules: { 'no-console': 'off' },
  },
  {
    // A suite reads answers of unknown shape and plants what the types forbid.
    files: SUITES,
    rules: {
      'max-lines': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  prettier,
);
