/** `annals stores`: which event stores there are, and a new one. */
import type { Command } from 'commander';
import { addServerOptions, collect, withAnnals, type ServerOptions } from './connection-options';
import { UsageError } from './exit-codes';
import type { Invocation } from './invocation';
import { table } from './table';

interface EnsureOptions extends ServerOptions {
  readonly namespace?: readonly string[];
}

interface ConfigureOptions extends ServerOptions {
  readonly strict?: boolean;
}

const LIST_EXAMPLES = `
Examples:
  annals stores
  annals stores list --json`;

const ENSURE_EXAMPLES = `
Examples:
  annals stores ensure orders
  annals stores ensure orders --namespace acme --namespace globex

Running it again changes nothing: what is there stays.`;

const CONFIGURE_EXAMPLES = `
Examples:
  annals stores configure orders --strict          refuse events of types that are not registered
  annals stores configure orders --no-strict       record them as they are

What is recorded already stays readable either way. It is the same for all namespaces of the store.`;

export function addStores(program: Command, invocation: Invocation): void {
  const stores = program
    .command('stores')
    .description('list the event stores, make one, say how one behaves')
    .addHelpText('after', `${LIST_EXAMPLES}\n  annals stores ensure orders`);
  addServerOptions(stores.command('list', { isDefault: true }).description('list the stores and their namespaces'))
    .addHelpText('after', LIST_EXAMPLES)
    .action((options: ServerOptions) => list(options, invocation));
  addServerOptions(stores.command('ensure').description('make a store and its namespaces unless they are there'))
    .argument('<name>', "the store's name: 1 to 24 of a-z, 0-9 and hyphen")
    .option('--namespace <name>', 'a namespace beside `default` (again for several)', collect)
    .addHelpText('after', ENSURE_EXAMPLES)
    .action((name: string, options: EnsureOptions) => ensure(name, options, invocation));
  addServerOptions(stores.command('configure').description('say how a store behaves'))
    .argument('<name>', "the store's name")
    .option('--strict', 'refuse events of types that are not registered')
    .option('--no-strict', 'record them as they are')
    .addHelpText('after', CONFIGURE_EXAMPLES)
    .action((name: string, options: ConfigureOptions) => configure(name, options, invocation));
}

async function list(options: ServerOptions, { output, colors }: Invocation): Promise<void> {
  await withAnnals(options, async (annals) => {
    const stores = await annals.stores.list();
    const lines =
      options.json === true
        ? stores.map((store) => JSON.stringify(store))
        : table(
            ['STORE', 'STRICT', 'NAMESPACES'],
            stores.map((store) => [store.name, store.strict ? 'yes' : 'no', store.namespaces.join(', ')]),
            colors,
          );
    for (const line of lines) await output.line(line);
  });
}

/** Here `--namespace` says what is to be made, not where to connect. */
function serverOnly({ namespace: _, ...options }: EnsureOptions): ServerOptions {
  return options;
}

async function ensure(name: string, options: EnsureOptions, { output }: Invocation): Promise<void> {
  await withAnnals(serverOnly(options), async (annals) => {
    const { store, created } = await annals.stores.ensure(name, { namespaces: [...(options.namespace ?? [])] });
    await output.line(
      options.json === true
        ? JSON.stringify({ ...store, created })
        : `${created ? 'Made' : 'Already there'}: ${store.name}, with ${store.namespaces.join(', ')}.`,
    );
  });
}

async function configure(name: string, options: ConfigureOptions, { output }: Invocation): Promise<void> {
  const { strict } = options;
  if (strict === undefined) throw new UsageError('nothing to configure', 'Give --strict or --no-strict.');
  await withAnnals(options, async (annals) => {
    const store = await annals.stores.configure(name, { strict });
    await output.line(
      options.json === true
        ? JSON.stringify(store)
        : `${store.name} ${store.strict ? 'refuses events of types that are not registered' : 'records events of any type'}.`,
    );
  });
}
