/** `annals links add`: makes a link, once both ends are compared. */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { AddLinkOptions, LinkMask } from '../../client';
import {
  addStoreOptions,
  collect,
  positiveNumber,
  wholeNumber,
  withAnnals,
  type StoreOptions,
} from '../connection-options';
import { UsageError } from '../exit-codes';
import type { Invocation } from '../invocation';
import { COMMAND, printable } from '../terminal';
import { linkJson, sourceWords } from './link-lines';

interface AddOptions extends StoreOptions {
  readonly from: string;
  readonly sequence?: string;
  readonly type?: readonly string[];
  readonly source?: readonly string[];
  readonly tag?: readonly string[];
  readonly start?: Start;
  readonly partition?: 'source' | 'whole' | { readonly property: string };
  readonly generation?: readonly string[];
  readonly drop?: readonly string[];
  readonly hash?: readonly string[];
  readonly hopLimit?: number;
  readonly paused?: boolean;
  readonly dryRun?: boolean;
}

type Start = NonNullable<AddLinkOptions['from']>;

const EXAMPLES = `
Examples:
  annals links add shop --from shop                                  a store of this deployment
  annals links add shop --from annals://shop:4400/shop?namespace=eu  another deployment
  annals links add shop --from shop --type order.placed --type order.paid --start now
  annals links add shop --from shop --hash customer.email --drop 'lines[].price'
  annals links add shop --from shop --dry-run                        what does not fit between the two

What the link brings goes into the inbox of --store and --namespace. The same again changes nothing.`;

export function addAdd(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('add').description('make a link into the inbox'))
    .argument('<id>', 'an id of your own')
    .requiredOption('--from <source>', 'STORE, STORE/NAMESPACE, or annals://host:port/store?namespace=…')
    .option('--sequence <name>', "the source's event sequence (default outbox)")
    .option('--type <name>', 'only events of this type (again for any of several)', collect)
    .option('--source <id>', 'only events about this event source (again for any of several)', collect)
    .option('--tag <tag>', 'only events with this tag (again for all of several)', collect)
    .option('--start <where>', 'a source number, a time, or `now` (default: the beginning)', start)
    .option('--partition <by>', 'what is kept in order: source, whole, or a property of the content', partition)
    .option('--generation <type=number>', 'bring this type in one generation alone (again for others)', collect)
    .option('--drop <property>', 'leave this property out (again for others)', collect)
    .option('--hash <property>', 'replace this property by a keyed hash (again for others)', collect)
    .option('--hop-limit <number>', 'relays that an event may have behind it (default 8)', positiveNumber)
    .option('--paused', 'make it paused')
    .option('--dry-run', 'compare the two ends, and make nothing')
    .addHelpText('after', EXAMPLES)
    .action((id: string, options: AddOptions) => add(id, options, invocation));
}

function start(text: string): Start {
  if (text === 'now') return 'now';
  if (/^\d+$/.test(text)) return wholeNumber(text);
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('It must be a whole number, a time such as 2026-03-01T12:00:00Z, or now.');
}

const partition = (text: string) => (text === 'source' || text === 'whole' ? text : { property: text });

async function add(id: string, options: AddOptions, invocation: Invocation): Promise<void> {
  const { output, errorColors } = invocation;
  const { type, source, tag, dryRun = false } = options;
  const selects = type !== undefined || source !== undefined || tag !== undefined;
  const masked = (action: LinkMask['action'], properties: readonly string[] = []): LinkMask[] =>
    properties.map((property) => ({ property, action }));
  const { link, created, warnings } = await withAnnals(options, (annals) =>
    annals.links.add(id, {
      source: sourceOf(options),
      filters: selects ? [{ types: type, eventSourceIds: source, tags: tag }] : [],
      from: options.start,
      partitionBy: options.partition,
      generations: Object.fromEntries((options.generation ?? []).map(generation)),
      mask: [...masked('drop', options.drop), ...masked('hash', options.hash)],
      hopLimit: options.hopLimit,
      paused: options.paused,
      dryRun,
    }),
  );
  if (options.json === true) {
    await output.line(JSON.stringify({ link: JSON.parse(linkJson(link)) as unknown, created, dryRun, warnings }));
    return;
  }
  for (const warning of warnings) invocation.note(errorColors.yellow(`Note: ${printable(warning)}.`));
  const what = `${id} from ${sourceWords(link)}, beginning at ${link.definition.start}`;
  await output.line(
    dryRun
      ? `${what}, would be made.`
      : created
        ? `${what}, is made. Next: ${COMMAND} links watch ${id}`
        : `${what}, was there already.`,
  );
}

function sourceOf({ from, sequence }: AddOptions): AddLinkOptions['source'] {
  if (from.includes('://')) return { connection: from, sequence };
  const [store = '', namespace, more] = from.split('/');
  if (more !== undefined)
    throw new UsageError('--from is STORE, STORE/NAMESPACE, or annals://…', 'See `annals links add --help`.');
  return { store, namespace, sequence };
}

function generation(text: string): [string, number] {
  const at = text.lastIndexOf('=');
  const number = Number(text.slice(at + 1));
  if (at < 1 || !Number.isSafeInteger(number) || number < 1) {
    throw new UsageError(`--generation ${text} is not TYPE=NUMBER`, 'See `annals links add --help`.');
  }
  return [text.slice(0, at), number];
}
