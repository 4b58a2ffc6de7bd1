/**
 * Which room of the house may know which other (`npm run layers`).
 *
 * The order is kernel ← storage ← event-types, constraints, jobs ← sequences ← observation ← observers ← api ← server ← cli:
 * a room knows only what stands before it. `contract` (the wire) and `client` stand beside that order. A type alone is
 * knowledge too, so type-only imports count.
 *
 * A room that is not in this table is an error: adding one is a decision about its place, made here.
 */
const ROOMS = {
  kernel: {
    knows: [],
    because: 'The kernel is words and rules without I/O; it is what everything else is said in, so it knows nothing.',
  },
  contract: {
    knows: ['kernel'],
    because: 'The contract is messages and their bytes, for a client as for a server: no database, no sequencer.',
  },
  storage: {
    knows: ['kernel'],
    because: 'Storage is MongoDB in our words; it must not learn what the wire or the sequencer look like.',
  },
  'event-types': {
    knows: ['kernel', 'storage'],
    because: 'Schemas and migrations are rules about content, held beside constraints and not through them.',
  },
  constraints: {
    knows: ['kernel', 'storage', 'event-types', 'jobs'],
    because:
      'Constraints are claims in the database; they are checked by the sequencer, so they cannot call it. ' +
      'What was recorded before a generation existed is cast to it, hence the types.',
  },
  jobs: {
    knows: ['kernel', 'storage'],
    because: 'Jobs are run whatever they do; the rooms that have long work to do know them, never the other way round.',
  },
  sequences: {
    knows: ['kernel', 'contract', 'storage', 'event-types', 'constraints', 'jobs'],
    because:
      'The log is whole without anybody who observes it. It encodes events for the wire once, hence the contract.',
  },
  observation: {
    knows: ['kernel', 'contract', 'storage', 'event-types', 'constraints', 'jobs', 'sequences'],
    because:
      'Offsets, partitions and leases stand on the log. It hands events on in their wire form, hence the contract.',
  },
  observers: {
    knows: ['kernel', 'contract', 'storage', 'event-types', 'constraints', 'sequences', 'observation', 'client'],
    because:
      'What is built on the log uses what any observer may use, never the api, the server or the command line. The relay reads its source as any program does, also when that is another server: hence the client.',
  },
  api: {
    knows: [
      'kernel',
      'contract',
      'storage',
      'event-types',
      'constraints',
      'jobs',
      'sequences',
      'observation',
      'observers',
    ],
    because: 'The api translates between the wire and the rooms before it; who composes and starts it, it cannot know.',
  },
  server: {
    knows: ['kernel', 'storage', 'event-types', 'constraints', 'jobs', 'sequences', 'observation', 'observers', 'api'],
    because: 'The server composes all rooms and leaves the wire to the api.',
  },
  client: {
    knows: ['kernel', 'contract'],
    because: 'The client is what a user’s program links: the contract and the kernel, and no line of the server.',
  },
  cli: {
    knows: ['kernel', 'contract', 'client', 'server'],
    because:
      'The command line starts a server or is a client; what a verb needs beyond that belongs in one of the two.',
  },
};

/** The top-level folder `observers/` is a room like those of src/. */
const folderOf = (room) => (room === 'observers' ? '^observers/' : `^src/${room}/`);

const HOUSE = '^(src|observers)/';
/** A unit test, or what several of them share (`x.testing.ts`). */
const TEST = '\\.(test|testing)\\.ts$';

/** One rule a room. A unit test beside the code may import anything. */
const arrows = Object.entries(ROOMS).map(([room, { knows, because }]) => ({
  name: `${room}-looks-up-only`,
  comment: because,
  severity: 'error',
  from: { path: folderOf(room), pathNot: TEST },
  to: { path: HOUSE, pathNot: [room, ...knows].map(folderOf) },
}));

module.exports = {
  forbidden: [
    ...arrows,
    {
      name: 'a-new-room-is-a-decision',
      comment: 'A folder of src/ that the table above does not name has no place yet. Give it one.',
      severity: 'error',
      from: { path: '^src/', pathNot: Object.keys(ROOMS).map(folderOf) },
      to: {},
    },
    {
      name: 'no-file-on-its-own',
      comment: 'Imports nothing and nothing imports it: it is dead, or a room that the rule above could not see.',
      severity: 'error',
      from: { orphan: true, path: '^(src|observers|demo|bench|test)/', pathNot: ['/main\\.ts$', '\\.d\\.ts$', TEST] },
      to: {},
    },
    {
      name: 'no-circle',
      comment: 'Files that need each other are one thought in two files, and load in an order that nobody chose.',
      severity: 'error',
      from: { pathNot: '^src/contract/generated/' },
      to: { circular: true },
    },
    {
      name: 'nobody-imports-a-test',
      comment: 'What the suites share is for the suites: the product, the demo and the benchmark stand without it.',
      severity: 'error',
      from: { pathNot: ['^test/', TEST] },
      to: { path: ['^test/', TEST] },
    },
    {
      name: 'nobody-imports-the-benchmark-or-the-demo',
      comment: 'They are programs at the end of every arrow. One suite traces what the demo reads from its payloads.',
      severity: 'error',
      from: {
        path: '^(src|observers|test|bench|demo)/',
        pathNot: '^test/(correlation-webhooks\\.test|support/webhooks-by-hand)\\.ts$',
      },
      to: { path: '^(bench|demo)/', pathNot: ['^$1/'] },
    },
    {
      name: 'the-product-runs-without-dev-dependencies',
      comment: 'An installed Annals has its `dependencies` only. A package’s types may be a dev dependency.',
      severity: 'error',
      from: { path: HOUSE, pathNot: TEST },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/@types/' },
    },
    {
      name: 'every-package-is-declared',
      comment: 'A package that is there only because another one brought it goes away when that one changes its mind.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'every-import-resolves',
      comment: 'An import that leads nowhere would be outside every rule above.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['require', 'node', 'default', 'types'] },
  },
};
