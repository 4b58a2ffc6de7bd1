/**
 * How the suites run. Unit tests stand beside their code, suites by guarantee in test/; all are TypeScript, stripped of
 * its types by swc (that the types are right is `npm run types`).
 */

const { existsSync } = require('node:fs');

/** Milliseconds: a suite may start three `mongod`s (6 s), kill them, and wait for an election, on a busy machine. */
const TEST_TIMEOUT_MS = 60_000;

/**
 * Suites wait for half of their time: for elections, leases that run out, deadlines that pass. Two of them leave a third of
 * two cores idle; four measure the machine's patience only, since each may run a server and a `mongod` of its own.
 */
const WORKERS = 3;

/** A file that gets the line `N passed, N failed` (see scripts/test-totals-reporter.cjs); .ci/run sets it. */
const report = process.env.ANNALS_TEST_REPORT;

/**
 * The MongoDB driver loads `os` by `import()`, which Jest's sandbox refuses; compiled to `require` it works as it does
 * outside. Without this every connection fails with "Missing required sub-document 'driver'".
 */
const DRIVER_WITH_DYNAMIC_IMPORT = 'mongodb/lib/runtime_adapters\\.js$';

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  // Those that are there: Jest refuses a root that is not.
  roots: ['src', 'observers', 'test', 'demo', 'bench']
    .map((folder) => `<rootDir>/${folder}`)
    .filter((root) => existsSync(root.replace('<rootDir>', __dirname))),
  testMatch: ['**/*.test.ts'],
  transform: {
    [`\\.ts$|${DRIVER_WITH_DYNAMIC_IMPORT}`]: [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' }, keepClassNames: true },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!${DRIVER_WITH_DYNAMIC_IMPORT})`],
  testSequencer: '<rootDir>/scripts/longest-first.cjs',
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  testTimeout: TEST_TIMEOUT_MS,
  maxWorkers: WORKERS,
  reporters: ['default', ...(report ? [['<rootDir>/scripts/test-totals-reporter.cjs', { file: report }]] : [])],
};
