/**
 * The order of the suites: the longest begin first, so that none of them runs alone at the end. Jest orders by how long
 * each took the last time, which a fresh checkout knows nothing of: it goes by the size of the files there, and what
 * runs a minute under fire is a small file. All others are in Jest's order.
 */
const { default: Sequencer } = require('@jest/test-sequencer');

/** Those of twenty seconds and more, the longest first. One that is missing here costs time and nothing else. */
const LONGEST = [
  'test/torture',
  'test/guarantee-10-relay',
  'test/guarantee-11-rollback',
  'test/demo',
  'test/constraints-durability',
  'test/outlives-patience',
  'test/observe.e2e',
  'test/cli',
  'test/observer-chaos',
  'test/guarantee-12-memory',
  'test/demo-relay',
  'test/demo-sagas',
  'test/relay-trouble',
  'test/observer-memory',
  'test/guarantee-8-failing-partition',
  'test/observer-handover',
  'test/docs-relay',
  'test/cli-types',
  'test/cli-compensate',
  'test/cli-observers',
  'test/guarantee-7-observers',
  'test/durability',
  'src/storage/embedded/embedded-mongod',
  'test/guarantee-9-late-acknowledgements',
  'test/event-types',
  'src/event-types/octokit',
];

const rank = ({ path }) => {
  const at = LONGEST.findIndex((suite) => path.replaceAll('\\', '/').endsWith(`/${suite}.test.ts`));
  return at === -1 ? LONGEST.length : at;
};

module.exports = class LongestFirst extends Sequencer {
  async sort(tests) {
    // Those of the same rank stay in Jest's order, since sorting is stable.
    return [...(await super.sort(tests))].sort((a, b) => rank(a) - rank(b));
  }
};
