/** `annals redact`: content is taken away for good; says first what it will do, and asks. */
import type { Command } from 'commander';
import type { EventKey, EventSequence, RedactOptions, RedactResult, RedactSelection } from '../client';
import { canAsk, confirmed } from './confirm';
import { sequenceOption } from './compensate';
import { addSequenceOptions, withSequence, type SequenceOptions } from './connection-options';
import { addEventKeyOption, eventKey, type EventKeyOptions } from './event-key';
import { Exit, UsageError } from './exit-codes';
import type { Invocation } from './invocation';
import { COMMAND, plural, printable } from './terminal';

interface RedactVerbOptions extends SequenceOptions, EventKeyOptions {
  readonly reason: string;
  readonly type?: string;
  readonly source?: string;
  readonly correlation?: string;
  readonly causation?: string;
  readonly causedBy?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const EXAMPLES = `
Examples:
  annals redact 17 --reason 'erasure request 12' --dry-run
  annals redact 17 --reason 'erasure request 12'
  annals redact --type customer.registered --source customer-9 --reason 'erasure request 12' --yes

The content of the events is gone, that of their compensations too, in the database as well. That they happened, about
whom and when, and why they were redacted stays, and is announced on the log. Nobody can take it back: it asks first,
and without a terminal it does nothing unless --yes says so. Backups, and what observers made of the events, are yours
to clean. To put right what an event says, see compensate.`;

export function addRedact(program: Command, invocation: Invocation): void {
  const command = program
    .command('redact')
    .description('take the content of events away for good (asks first)')
    .argument('[number-or-id]', 'digits are a number, anything else is an event id')
    .option('--type <name>', 'with --source: all events of this type')
    .option('--source <id>', 'with --type: that are about this event source')
    .requiredOption('--reason <text>', 'why; it is kept for ever, so it must not say what is being taken away')
    .option('--correlation <id>', 'the business operation that it belongs to')
    .option('--causation <id>', 'the id of the event that caused it')
    .option('--caused-by <id>', 'the identity that caused it')
    .option('--dry-run', 'say what it would do, and do nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', EXAMPLES)
    .action((key: string | undefined, options: RedactVerbOptions) => redact(key, options, invocation));
  addSequenceOptions(addEventKeyOption(command));
}

type What = EventKey | RedactSelection;

function whatOf(key: string | undefined, options: RedactVerbOptions): What {
  const { type, source } = options;
  if ((key === undefined) === (type === undefined && source === undefined)) {
    throw new UsageError(
      'one event, or those of a type about a source',
      'Give a number or id, or --type and --source.',
    );
  }
  if (key !== undefined) return eventKey(key, options);
  if (type !== undefined && source !== undefined) return { type, eventSourceId: source };
  throw new UsageError('half a selection', 'Give both --type and --source.');
}

async function redact(key: string | undefined, options: RedactVerbOptions, invocation: Invocation): Promise<void> {
  const what = whatOf(key, options);
  const { reason, correlation, causation, causedBy } = options;
  const redaction = { reason, correlationId: correlation, causationId: causation, causedBy };
  if (options.dryRun !== true && options.yes !== true && !canAsk()) {
    throw new UsageError(
      'what is redacted is gone for good, and there is no terminal to ask on',
      'Look with --dry-run first, then say --yes.',
    );
  }
  await withSequence(options, async (sequence) => {
    if (options.yes !== true || options.dryRun === true) {
      const plan = await sequence.redact(what, { ...redaction, dryRun: true });
      if (options.dryRun === true) return say(plan, await subject(what, sequence), options, invocation);
      if (plan.redacted > 0) {
        const question = `${planWords(plan, await subject(what, sequence), 'is to be', 'are to be')} Go on?`;
        if (!(await confirmed(question, invocation.signal))) {
          invocation.note('Nothing is redacted.');
          invocation.exitCode = Exit.FAILED;
          return;
        }
      }
    }
    await act(what, redaction, sequence, options, invocation);
  });
}

async function act(
  what: What,
  redaction: RedactOptions,
  sequence: EventSequence,
  options: RedactVerbOptions,
  invocation: Invocation,
): Promise<void> {
  const words = await subject(what, sequence);
  await say(await sequence.redact(what, redaction), words, options, invocation);
}

/** What is to be redacted, so that a person sees whether a number is the one that was meant. */
async function subject(what: What, sequence: EventSequence): Promise<string> {
  if ('type' in what) return `${what.type} about ${what.eventSourceId}`;
  const { sequenceNumber, type, eventSourceId } = await sequence.get(what);
  return `number ${sequenceNumber}, ${type} about ${eventSourceId}`;
}

async function say(result: RedactResult, words: string, options: RedactVerbOptions, { output, colors }: Invocation) {
  const dryRun = options.dryRun === true;
  if (options.json === true) {
    const { redacted, alreadyRedacted, lastSequenceNumber } = result;
    return output.line(
      JSON.stringify({ redacted, alreadyRedacted, lastSequenceNumber: lastSequenceNumber ?? null, dryRun }),
    );
  }
  await output.line(dryRun ? planWords(result, words, 'would be', 'would be') : planWords(result, words, 'is', 'are'));
  const { lastSequenceNumber } = result;
  if (lastSequenceNumber !== undefined) {
    await output.line(colors.dim(`Announced; next: ${COMMAND} get ${lastSequenceNumber}${sequenceOption(options)}`));
  }
}

function planWords({ redacted, alreadyRedacted }: RedactResult, words: string, one: string, many: string): string {
  const before = alreadyRedacted === 0 ? '' : ` ${plural(alreadyRedacted, 'event')} had been redacted before.`;
  if (redacted === 0) return printable(`Nothing to redact (${words}).${before}`);
  return printable(
    `${plural(redacted, 'event')} (${words}) ${redacted === 1 ? one : many} redacted for good.${before}`,
  );
}
