/** `annals ordered statistics`: how many, how long, which step fails and why. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { span } from '../span';
import { table } from '../table';
import { clip, count } from '../terminal';

/** Signs of a message in its column. */
const MESSAGE_LENGTH = 80;

const EXAMPLES = `
Examples:
  annals ordered statistics
  annals ordered statistics 'invoice creation' --json`;

export function addStatistics(ordered: Command, invocation: Invocation): void {
  addStoreOptions(ordered.command('statistics').alias('stats').description('how many, how long, what fails and why'))
    .argument('[name]', 'one name alone')
    .addHelpText('after', EXAMPLES)
    .action((name: string | undefined, options: StoreOptions) => statistics(name, options, invocation));
}

async function statistics(name: string | undefined, options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors } = invocation;
  const all = await withAnnals(options, (annals) => annals.orderedSequences.statistics({ name: name ?? '' }));
  if (options.json === true) {
    await output.line(JSON.stringify(all));
    return;
  }
  const tables = [
    table(
      ['NAME', 'VERSION', 'STATUS', 'COUNT'],
      all.counts.map((one) => [one.name, one.version, one.status, count(one.count)]),
      colors,
    ),
    table(
      ['NAME', 'VERSION', 'COMPLETED', 'AVERAGE', 'SHORTEST', 'LONGEST'],
      all.durations.map((one) => [
        one.name,
        one.version,
        count(one.count),
        span(one.averageMs),
        span(one.shortestMs),
        span(one.longestMs),
      ]),
      colors,
    ),
    table(
      ['NAME', 'VERSION', 'ORDER', 'TYPE', 'CODE', 'FAILED', 'RETRIED', 'LAST MESSAGE'],
      all.failures.map((one) => [
        one.name,
        one.version,
        String(one.order),
        one.eventType || '-',
        one.code,
        count(one.failures),
        count(one.retries),
        clip(one.message, MESSAGE_LENGTH),
      ]),
      colors,
    ),
  ];
  for (const [i, lines] of tables.entries()) {
    if (i > 0) await output.line('');
    for (const line of lines) await output.line(line);
  }
}
