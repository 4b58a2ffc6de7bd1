/**
 * Which server, store, namespace and sequence a verb is about: the options that the verbs share,
 * and the connection that follows from them.
 */
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { connect, type Annals, type EventSequence } from '../client';
import { DEFAULT_ADDRESS } from '../kernel/limits';
import { DEFAULT_SEQUENCE, DEFAULT_STORE } from '../kernel/names';

export const DEFAULT_URL = `annals://${DEFAULT_ADDRESS}/${DEFAULT_STORE}`;

/** Seconds for a server to answer at first: a restart in place takes less. */
const REACH_SECONDS = 5;
const MS_PER_SECOND = 1000;

export interface ServerOptions {
  readonly server?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

export interface StoreOptions extends ServerOptions {
  readonly store?: string;
  readonly namespace?: string;
}

export interface SequenceOptions extends StoreOptions {
  readonly sequence: string;
}

export const addServerOptions = (command: Command): Command =>
  command
    .option(
      '--server <url>',
      `annals://host:port[,host:port]/store?namespace=… (or ANNALS_URL; default ${DEFAULT_URL})`,
    )
    .option(
      '--timeout <seconds>',
      `give up when no server answers for so long (default ${REACH_SECONDS})`,
      positiveNumber,
    )
    .option('--json', 'write JSON for programs');

export const addStoreOptions = (command: Command): Command =>
  addServerOptions(command)
    .option('--store <name>', 'the event store, instead of the one in the URL')
    .option('--namespace <name>', 'the namespace, instead of the one in the URL');

export const addSequenceOptions = (command: Command): Command =>
  addStoreOptions(command).option('--sequence <name>', 'the event sequence', DEFAULT_SEQUENCE);

/** The connection string that options and environment ask for. What is wrong with it, the client says. */
export function connectionUrl(options: StoreOptions, env: NodeJS.ProcessEnv): string {
  const given = options.server ?? (env['ANNALS_URL'] || DEFAULT_URL);
  const url = given.includes('://') ? given : `annals://${given}`;
  const parts = /^([^:]+:\/\/[^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url);
  if (parts === null) return url;
  const [, server = '', path = '', query = ''] = parts;
  const parameters = new URLSearchParams(query);
  if (options.namespace !== undefined) parameters.set('namespace', options.namespace);
  const store = options.store === undefined ? path : encodeURIComponent(options.store);
  return `${server}/${store || DEFAULT_STORE}${parameters.size > 0 ? `?${parameters.toString()}` : ''}`;
}

/** Works with a connection to a server that answers, and closes it whatever happens. */
export async function withAnnals<T>(options: StoreOptions, work: (annals: Annals) => Promise<T>): Promise<T> {
  const annals = connect(connectionUrl(options, process.env));
  try {
    // Asked first, so that a person at a wrong address does not wait as long as a program in production does.
    await annals.server.info({ timeoutMs: (options.timeout ?? REACH_SECONDS) * MS_PER_SECOND });
    return await work(annals);
  } finally {
    await annals.close();
  }
}

export const withSequence = <T>(options: SequenceOptions, work: (sequence: EventSequence) => Promise<T>): Promise<T> =>
  withAnnals(options, (annals) => work(annals.sequence(options.sequence)));

/** For commander: a whole number, 0 or more. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}

/** For commander: a whole number, 1 or more. */
export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}

/** For commander: an option that may be given several times. */
export const collect = (value: string, all: readonly string[] | undefined): string[] => [...(all ?? []), value];
