/** `annals constraints register`: from options, or from a file; waits until it is in force. */
import type { Command } from 'commander';
import type { Annals, ConstraintDefinition, JobInfo } from '../../client';
import { addStoreOptions, collect, withAnnals, type StoreOptions } from '../connection-options';
import { InputError, UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { jobJson } from '../jobs/job-lines';
import { readObjects } from '../json-input';
import { progress } from '../progress';
import { COMMAND, ProgressLine } from '../terminal';
import { constraintJson, inForceWords } from './constraint-lines';
import { constraintOf, saysConstraint, type ConstraintOptions } from './constraint-options';

interface RegisterOptions extends StoreOptions, ConstraintOptions {
  readonly wait: boolean;
}

const EXAMPLES = `
Examples:
  annals constraints register --name order-numbers --unique order.placed:number
  annals constraints register --name order-numbers --unique order.placed:number --unique order.imported:ref \\
    --scope property:shop --ignore-case --released-by order.cancelled
  annals constraints register --name emails --unique customer.registered:email --unique customer.moved:email \\
    --held-by source                       a customer has one address at a time, and may change it
  annals constraints register --name one-opening --once-per-source account.opened --released-by account.closed
  annals constraints register constraints.json

A file holds one definition, or an array of them:
  { "name": "order-numbers",
    "uniqueValue": { "types": [{ "type": "order.placed", "properties": ["number"] }],
                     "scope": { "property": "shop" }, "ignoreCase": true,
                     "releasedBy": ["order.cancelled"], "holder": "event" } }
  { "name": "one-opening", "uniqueEventType": { "type": "account.opened", "releasedBy": ["account.closed"] } }

What is recorded is checked first. Where it breaks the constraint, the events are named, exit code 3, and the
constraint is not in force there. The same again changes nothing. Properties that are absent or null claim nothing.`;

export function addRegister(constraints: Command, invocation: Invocation): void {
  addStoreOptions(constraints.command('register').description('put a constraint into force'))
    .argument('[file]', 'definitions from a file of JSON; `-` for stdin')
    .option('--name <name>', 'its name: 1 to 63 of a-z, 0-9 and hyphen')
    .option('--sequence <name>', 'the event sequence that it is about (default event-log)')
    .option(
      '--unique <type:property>',
      'events of this type claim this value: a property, or several with commas (again for several types)',
      collect,
    )
    .option('--once-per-source <type>', 'an event source has one event of this type at most')
    .option('--scope <scope>', 'compare values within `source` or `property:PATH` (default the whole sequence)')
    .option('--ignore-case', '`Anna` and `anna` are the same value')
    .option('--released-by <type>', 'an event of this type releases what its source holds (again for several)', collect)
    .option('--held-by <event|source>', 'who holds a value: the event alone, or its source (default event)')
    .option('--no-wait', 'do not stay until what is recorded is checked')
    .addHelpText('after', EXAMPLES)
    .action((file: string | undefined, options: RegisterOptions) => register(file, options, invocation));
}

async function register(file: string | undefined, options: RegisterOptions, invocation: Invocation): Promise<void> {
  const definitions = await definitionsOf(file, options);
  await withAnnals(options, async (annals) => {
    for (const definition of definitions) await registerOne(annals, definition, options, invocation);
  });
}

async function definitionsOf(
  file: string | undefined,
  options: RegisterOptions,
): Promise<readonly ConstraintDefinition[]> {
  if (file === undefined) return [constraintOf(options)];
  if (saysConstraint(options)) throw new UsageError('a file and options about a constraint', 'Give one of the two.');
  const objects = await readObjects(file, 'a definition');
  for (const one of objects) {
    const unknown = Object.keys(one).find((key) => !MEMBERS.includes(key));
    if (unknown === undefined) continue;
    const what = `${file}: a constraint has no member ${JSON.stringify(unknown)}; it has ${MEMBERS.slice(0, 4).join(', ')}`;
    throw new InputError(what, 'Correct it; `annals constraints register --help` shows a definition.');
  }
  // Whether they are constraints the client says, naming the member.
  return objects as readonly ConstraintDefinition[];
}

/** The last one is what the server says: passed over, so that the output of `list --json` can be registered. */
const MEMBERS = ['name', 'sequence', 'uniqueValue', 'uniqueEventType', 'namespaces'];

async function registerOne(
  annals: Annals,
  definition: ConstraintDefinition,
  options: RegisterOptions,
  invocation: Invocation,
): Promise<void> {
  const { output, signal, errorColors } = invocation;
  const json = options.json === true;
  const line = new ProgressLine();
  let lines = Promise.resolve();
  const onProgress = (job: JobInfo): void => {
    if (json) lines = lines.then(() => output.line(jobJson(job)));
    line.show(() => `checking ${job.namespace ?? ''}  ${progress(job)}`);
  };
  try {
    const { constraint, unchanged, jobs } = await annals.constraints.register(definition, {
      wait: options.wait,
      onProgress,
      signal,
    });
    line.clear();
    await lines;
    const [job] = jobs;
    if (json) await output.line(constraintJson(constraint));
    else if (!options.wait && job !== undefined) {
      await output.line(`${definition.name} is being checked. Next: ${COMMAND} jobs watch ${job.id}`);
    } else await output.line(inForceWords(constraint, unchanged));
  } catch (error) {
    line.clear();
    await lines;
    if (!signal.aborted) throw error;
    invocation.note(errorColors.dim(`The check goes on. Next: ${COMMAND} constraints`));
  }
}
