/** `annals observers watch`: the state of all observers as it changes, until it is ended. */
import type { Command } from 'commander';
import type { ObserverInfo } from '../../client';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { observerJson, observerTable } from './observer-lines';

const EXAMPLES = `
Examples:
  annals observers watch
  annals observers watch invoices             one of them
  annals observers watch --json | jq -c '{id, lagEvents, rate}'

On a terminal one table is drawn over and over. Elsewhere a line comes for each observer that has changed.
Ctrl-C ends it.`;

export function addWatch(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('watch').description('show the observers and stay, with every change'))
    .argument('[id]', 'one observer alone')
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: StoreOptions) => watch(id, options, invocation));
}

async function watch(id: string | undefined, options: StoreOptions, invocation: Invocation): Promise<void> {
  const { signal } = invocation;
  const show =
    process.stdout.isTTY === true && options.json !== true ? redrawn(invocation) : changed(options, invocation);
  await withAnnals(options, async (annals) => {
    // Said at once, and with the exit code of what is not there.
    if (id !== undefined) await annals.observers.get(id);
    try {
      for await (const all of annals.observers.watch({ signal })) {
        await show(id === undefined ? all : all.filter((observer) => observer.id === id));
      }
    } catch (error) {
      // Ended by Ctrl-C or by a reader that left: that is how watching ends.
      if (!signal.aborted) throw error;
    }
  });
  if (invocation.endedBy === 'interrupt') invocation.endedBy = undefined;
}

type Show = (observers: readonly ObserverInfo[]) => Promise<void>;

/** The table in the place of the one before. */
function redrawn({ colors }: Invocation): Show {
  let drawn = 0;
  return (observers) => {
    const lines = observerTable(observers, colors);
    const up = drawn === 0 ? '' : `\u001b[${drawn}A`;
    process.stdout.write(`${up}${lines.map((line) => `\r${line}\u001b[K\n`).join('')}\u001b[J`);
    drawn = lines.length;
    return Promise.resolve();
  };
}

/** A line for each observer that is not as it was. */
function changed(options: StoreOptions, { output, colors }: Invocation): Show {
  const told = new Map<string, string>();
  let headed = false;
  return async (observers) => {
    const news = observers.filter((observer) => {
      // Age alone is no news: it changes with every look.
      const state = JSON.stringify({ ...observer, lagMs: undefined });
      const isNews = told.get(observer.id) !== state;
      told.set(observer.id, state);
      return isNews;
    });
    if (news.length === 0) return;
    const lines = options.json === true ? news.map(observerJson) : observerTable(news, colors).slice(headed ? 1 : 0);
    headed = true;
    for (const line of lines) await output.line(line);
  };
}
