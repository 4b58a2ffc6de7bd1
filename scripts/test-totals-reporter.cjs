/**
 * A Jest reporter that leaves one line in a file: `12 passed, 0 failed`, with `, 1 skipped` when any were. `.ci/run`
 * prints it last. A suite that could not even load counts as one failure, since Jest counts no test of it.
 */
const { writeFileSync } = require('node:fs');

module.exports = class TestTotalsReporter {
  constructor(_globalConfig, { file }) {
    this.file = file;
  }

  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    writeFileSync(this.file, `${line}\n`);
  }
};
