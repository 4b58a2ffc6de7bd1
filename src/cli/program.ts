/** The command line: which verbs there are, and how a run of one ends. */
import { Command, CommanderError } from 'commander';
import { VERSION } from '../server/version';
import { addAppend } from './append';
import { addCompensate } from './compensate';
import { addConstraints } from './constraints/constraints';
import { addCauses } from './correlation/causes';
import { addEffects } from './correlation/effects';
import { addTrace } from './correlation/trace';
import { addDiagnose } from './diagnose';
import { EXIT_CODE_HELP, Exit, exitCodeOf, UsageError } from './exit-codes';
import { failureLines } from './failure-lines';
import { addFollow } from './follow';
import { addGet } from './get';
import { addIdentities } from './identities/identities';
import { Invocation } from './invocation';
import { addJobs } from './jobs/jobs';
import { addLinks } from './links/links';
import { addOrdered } from './ordered/ordered';
import { addObservers } from './observers/observers';
import { addRead } from './read';
import { addRedact } from './redact';
import { addSequences } from './sequences';
import { addShow } from './show';
import { addStart } from './start';
import { addStores } from './stores';
import { addTail } from './tail';
import { addTypes } from './types/types';

const GUIDE = `
First steps:
  annals start                                                       a server, with a MongoDB of its own
  echo '{"total":42}' | annals append - --type order.placed --source order-17
  annals read
  annals follow
  annals diagnose                                                    when something is not as it should be

Where the server is, --server or ANNALS_URL says. NO_COLOR takes the colours away.`;

/** The verbs, in the order that the help has them: as a person meets them. */
const VERBS = [
  { name: 'start', add: addStart },
  { name: 'append', add: addAppend },
  { name: 'read', add: addRead },
  { name: 'follow', add: addFollow },
  { name: 'get', add: addGet },
  { name: 'show', add: addShow },
  { name: 'tail', add: addTail },
  { name: 'trace', add: addTrace },
  { name: 'causes', add: addCauses },
  { name: 'effects', add: addEffects },
  { name: 'compensate', add: addCompensate },
  { name: 'redact', add: addRedact },
  { name: 'types', add: addTypes },
  { name: 'constraints', add: addConstraints },
  { name: 'stores', add: addStores },
  { name: 'sequences', add: addSequences },
  { name: 'observers', add: addObservers },
  { name: 'links', add: addLinks },
  { name: 'ordered', add: addOrdered },
  { name: 'identities', add: addIdentities },
  { name: 'jobs', add: addJobs },
  { name: 'diagnose', add: addDiagnose },
];

/** Runs the command and resolves to its exit code. */
export async function run(argv: readonly string[]): Promise<Exit> {
  const invocation = new Invocation();
  const program = programOf(invocation);
  try {
    await program.parseAsync([...argv]);
    await invocation.output.end();
    return exitOf(invocation, invocation.exitCode);
  } catch (error) {
    await invocation.output.end();
    if (error instanceof CommanderError && HELP_WAS_SHOWN.has(error.code))
      return error.exitCode === 0 ? Exit.OK : Exit.USAGE;
    const failure = error instanceof CommanderError ? usageError(error, argv) : error;
    if (invocation.endedBy === undefined) {
      const lines = failureLines(failure, argv.includes('--json'), invocation.errorColors);
      for (const line of lines) invocation.note(line);
    }
    return exitOf(invocation, exitCodeOf(failure));
  }
}

/** Commander's codes for a run that ended by showing something. */
const HELP_WAS_SHOWN: ReadonlySet<string> = new Set(['commander.help', 'commander.helpDisplayed', 'commander.version']);

/** What Commander has against the command line, told as every failure is: one line what, one line what to do. */
function usageError({ message }: CommanderError, argv: readonly string[]): UsageError {
  const verb = VERBS.some(({ name }) => name === argv[2]) ? ` ${argv[2]}` : '';
  return new UsageError(message.replace(/^error: /, '').replace(/\n/g, ' '), `See \`annals${verb} --help\`.`);
}

/** A reader that leaves (`| head -1`) has what it wanted. */
function exitOf({ endedBy }: Invocation, otherwise: Exit): Exit {
  if (endedBy === 'pipe') return Exit.OK;
  return endedBy === 'interrupt' ? Exit.INTERRUPTED : otherwise;
}

function programOf(invocation: Invocation): Command {
  const program = new Command('annals')
    .description('An event store: append-only, numbered, live.')
    .version(VERSION, '--version', 'show the version')
    .helpOption('--help', 'show help; behind a verb, with its examples')
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', GUIDE)
    .addHelpText('afterAll', EXIT_CODE_HELP)
    .hook('preAction', (_, verb) => {
      // `start` listens for itself: what it has to end is a server.
      if (verb.name() !== 'start') invocation.listenForSignals();
    });
  for (const { add } of VERBS) add(program, invocation);
  return program;
}
