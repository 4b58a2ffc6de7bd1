/** `annals compensate`: what an event says is put right; the original stays. */
import type { Command } from 'commander';
import type { NewCompensation } from '../client';
import { addSequenceOptions, positiveNumber, withSequence, type SequenceOptions } from './connection-options';
import { addEventKeyOption, eventKey, keyWords, type EventKeyOptions } from './event-key';
import { InputError, UsageError } from './exit-codes';
import type { Invocation } from './invocation';
import { readInput } from './json-input';
import { COMMAND, printable } from './terminal';

interface CompensateOptions extends SequenceOptions, EventKeyOptions {
  readonly reason: string;
  readonly type?: string;
  readonly generation?: number;
  readonly compensationId?: string;
  readonly correlation?: string;
  readonly causation?: string;
  readonly causedBy?: string;
  readonly occurred?: Date;
  readonly validFrom?: Date;
}

const EXAMPLES = `
Examples:
  echo '{"total":41}' | annals compensate 17 --reason 'typing error, ticket 77'
  annals compensate 17 right.json --reason 'ticket 77' --type order.placed      only if it is an order.placed
  annals compensate 17 right.json --reason 'ticket 77' --compensation-id ticket-77
                                                        run again without recording it twice

CONTENT is the whole content as it should have been, not a difference. It is checked, cast to every generation, and
held against constraints like an append. The original stays: \`annals show 17\` has both, and whoever reads with
--view effective gets the new content. A place of its own on the log announces it. To take content away, see redact.`;

export function addCompensate(program: Command, invocation: Invocation): void {
  const command = program
    .command('compensate')
    .description("replace an event's content; the original stays")
    .argument('<number-or-id>', 'digits are a number, anything else is an event id')
    .argument('[content]', 'a file with one JSON object; `-`, or nothing, for stdin')
    .requiredOption('--reason <text>', 'why; it is kept for ever')
    .option('--type <name>', 'refuse it unless the event is of this type')
    .option('--generation <n>', 'the generation that the content is in (default the latest)', positiveNumber)
    .option('--compensation-id <id>', 'an id, so that a repetition is known')
    .option('--correlation <id>', 'the business operation that it belongs to')
    .option('--causation <id>', 'the id of the event that caused it')
    .option('--caused-by <id>', 'the identity that caused it')
    .option('--occurred <time>', 'when it happened (default now)', time)
    .option('--valid-from <time>', 'from when it holds in the domain', time)
    .addHelpText('after', EXAMPLES)
    .action((key: string, file: string | undefined, options: CompensateOptions) =>
      compensate(key, file, options, invocation),
    );
  addSequenceOptions(addEventKeyOption(command));
}

/** For commander: a time as JavaScript reads it. */
function time(text: string): Date {
  const value = new Date(text);
  if (!Number.isNaN(value.getTime())) return value;
  throw new UsageError(`${text} is no time`, 'Give one such as 2026-03-01T12:00:00Z.');
}

async function compensate(key: string, file: string | undefined, options: CompensateOptions, invocation: Invocation) {
  const { output, colors } = invocation;
  const which = eventKey(key, options);
  const compensation = await compensationOf(file, options);
  await withSequence(options, async (sequence) => {
    const { recorded, ...result } = await sequence.compensate(which, compensation);
    if (options.json === true) {
      return output.line(JSON.stringify({ ...result, recorded: recorded.toISOString() }));
    }
    await output.line(
      printable(
        result.duplicate
          ? `Nothing new: ${keyWords(which)} had been compensated by ${result.compensationId}, announced at ${result.sequenceNumber}.`
          : `Compensated ${keyWords(which)}; announced at ${result.sequenceNumber}.`,
      ),
    );
    await output.line(colors.dim(`Next: ${COMMAND} show ${key}${sequenceOption(options)}`));
  });
}

export const sequenceOption = ({ sequence }: SequenceOptions): string =>
  sequence === 'event-log' ? '' : ` --sequence ${sequence}`;

async function compensationOf(file: string | undefined, options: CompensateOptions): Promise<NewCompensation> {
  if (file === undefined && process.stdin.isTTY === true) {
    throw new UsageError('the content is missing', 'Name a file with one JSON object, or pipe it in.');
  }
  const { name, bytes } = await readInput(file ?? '-');
  if (bytes.toString().trim() === '')
    throw new InputError(`${name} is empty`, 'Give one JSON object: the whole content.');
  const { reason, type, generation, compensationId, correlation, causation, causedBy, occurred, validFrom } = options;
  return {
    json: bytes,
    reason,
    type,
    generation,
    compensationId,
    correlationId: correlation,
    causationId: causation,
    causedBy,
    occurred,
    validFrom,
  };
}
