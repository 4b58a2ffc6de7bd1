/** `annals append`: events from a file or stdin into the log. */
import { Option, type Command } from 'commander';
import { AppendRefusedError, type AppendOptions, type AppendResult, type EventSequence } from '../client';
import { AnnalsError } from '../kernel/annals-error';
import { LIMITS } from '../kernel/limits';
import {
  addSequenceOptions,
  collect,
  positiveNumber,
  wholeNumber,
  withSequence,
  type SequenceOptions,
} from './connection-options';
import { UsageError } from './exit-codes';
import { AppendReport } from './append-report';
import { batches, DEFAULT_BATCH, openInput, type Batch, type Input } from './input-batches';
import { eventReader, type EventOptions } from './input-events';
import type { Invocation } from './invocation';
import { bar, plural, ProgressLine } from './terminal';

interface AppendVerbOptions extends SequenceOptions, EventOptions {
  readonly batch?: number;
  readonly skip?: number;
  readonly expectLast?: number;
  readonly expectNone?: boolean;
  readonly expectSource?: string;
}

const EXAMPLES = `
Input is NDJSON, a JSON array of objects, or one JSON object, in one of two shapes:
  whole events      {"type":"order.placed","eventSourceId":"order-17","content":{"total":42}}
                    and, if wanted: eventId, tags, correlationId, causationId, causedBy,
                    traceParent, occurred, validFrom, generation
  plain payloads    any objects, with --type and --source (or the properties to take them from)

Examples:
  annals append events.ndjson
  echo '{"total":42}' | annals append - --type order.placed --source order-17
  annals append hooks.json --type-property event --source-property repository.full_name
  annals append - --batch 100 < events.ndjson           100 at a time, each 100 all or nothing
  annals append events.ndjson --event-id-property id    run again without recording twice (with --type)
  annals append decided.json --expect-last 16 --expect-source order-17
                                                        only if 16 is still the last number about order-17`;

export function addAppend(program: Command, invocation: Invocation): void {
  const command = program
    .command('append')
    .description('append events from a file or stdin')
    .argument('<file>', 'a file of JSON or NDJSON; `-` for stdin')
    .option('--type <name>', 'take the objects for payloads of this type')
    .option('--type-property <path>', "take the type from a payload's property")
    .option('--source <id>', 'the event source of the payloads')
    .option('--source-property <path>', "take the event source from a payload's property, such as repository.full_name")
    .option('--event-id-property <path>', "take the event id from a payload's property, so that a repetition is known")
    .option('--tag <tag>', 'a tag for each event that has none of its own (again for several)', collect)
    .option('--correlation <id>', 'the business operation that the events belong to')
    .option('--causation <id>', 'the id of the event that caused them')
    .option('--caused-by <id>', 'the identity that caused them')
    .option('--trace-parent <context>', 'the W3C trace context that they belong to, such as a CI system’s TRACEPARENT')
    .option('--generation <n>', 'the generation that content is in, of events that name none', positiveNumber)
    .option('--batch <n>', `events of a call; each call is all or nothing (default up to ${DEFAULT_BATCH})`, batchSize)
    .option('--skip <n>', 'pass over so many events at the beginning of the input', wholeNumber)
    .addOption(
      new Option('--expect-last <number>', 'append only if this is still the last number')
        .argParser(wholeNumber)
        .conflicts('expectNone'),
    )
    .option('--expect-none', 'append only if there is no event yet')
    .option('--expect-source <id>', 'the expectation is about this event source alone')
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: AppendVerbOptions) => append(file, options, invocation));
  addSequenceOptions(command);
}

function batchSize(text: string): number {
  const size = positiveNumber(text);
  if (size <= LIMITS.eventsPerAppend) return size;
  throw new UsageError(`a call takes ${LIMITS.eventsPerAppend} events at most`, 'Give --batch a smaller number.');
}

async function append(file: string, options: AppendVerbOptions, invocation: Invocation): Promise<void> {
  const toEvent = eventReader(options);
  const expect = expectationOf(options);
  const input = await openInput(file);
  const report = new AppendReport(options, input.name);
  const progress = new ProgressLine();
  const stopReading = (): void => void input.stream.destroy();
  invocation.signal.addEventListener('abort', stopReading);
  try {
    await withSequence(options, async (sequence) => {
      const { batch: size, skip } = options;
      const wanted = {
        toEvent,
        single: expect !== undefined,
        ...(size === undefined ? {} : { size }),
        ...(skip === undefined ? {} : { skip }),
      };
      for await (const batch of batches(input, wanted)) {
        const result = await appendBatch(sequence, batch, input, expect);
        report.add(result, { events: batch.events.length, bytes: batch.bytes });
        if (options.json === true) await invocation.output.line(JSON.stringify(result));
        progress.show(() => progressText(report, input));
        if (invocation.signal.aborted) break;
      }
    });
  } catch (error) {
    progress.clear();
    // A stream that was destroyed because of Ctrl-C says so by an error of its own.
    // Of a refusal the rules are told, one by one, and not its message.
    if (error instanceof AppendRefusedError && report.events > 0 && options.json !== true) {
      invocation.note(report.resumption());
    }
    if (!(invocation.signal.aborted && isStreamEnd(error))) throw report.explain(error);
  } finally {
    invocation.signal.removeEventListener('abort', stopReading);
  }
  progress.clear();
  if (options.json !== true) for (const line of report.lines(invocation.colors)) await invocation.output.line(line);
  if (invocation.endedBy === 'interrupt') invocation.note(report.resumption());
}

async function appendBatch(
  sequence: EventSequence,
  { events, lines }: Batch,
  input: Input,
  expect: AppendOptions['expect'],
): Promise<AppendResult> {
  try {
    return await sequence.append([...events], expect === undefined ? {} : { expect });
  } catch (error) {
    throw atInputLine(error, lines, input.name);
  }
}

/** An error about `events[3]` of a call says which line of the input that is, and so does each rule that refused one. */
function atInputLine(error: unknown, lines: readonly number[], name: string): unknown {
  if (!(error instanceof AnnalsError)) return error;
  const at = (field: string, message: string): string => {
    const index = /^events\[(\d+)\]/.exec(field)?.[1];
    const line = index === undefined ? undefined : lines[Number(index)];
    return line === undefined ? message : `${name}, line ${line}: ${message}`;
  };
  if (error instanceof AppendRefusedError) {
    return new AppendRefusedError(error.violations.map((one) => ({ ...one, message: at(one.field, one.message) })));
  }
  error.message = at(error.field ?? '', error.message);
  return error;
}

function expectationOf(options: AppendVerbOptions): AppendOptions['expect'] {
  const { expectLast, expectNone, expectSource } = options;
  if (expectLast === undefined && expectNone !== true) {
    if (expectSource === undefined) return undefined;
    throw new UsageError('--expect-source expects nothing by itself', 'Add --expect-last NUMBER or --expect-none.');
  }
  if (options.batch !== undefined) {
    throw new UsageError('an expectation with --batch', 'Leave --batch out: an expectation holds for one call.');
  }
  return [
    {
      ...(expectSource === undefined ? {} : { source: expectSource }),
      ...(expectLast === undefined ? {} : { lastSeen: expectLast }),
    },
  ];
}

function progressText(report: AppendReport, { bytes }: Input): string {
  const done = `${plural(report.events, 'event')}, ${report.rate()} a second`;
  return bytes === undefined ? done : `${bar(report.bytes, bytes)}  ${done}`;
}

const isStreamEnd = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE';
