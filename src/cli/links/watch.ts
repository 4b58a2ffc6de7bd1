/** `annals links watch`: the state of all links as it changes, until it is ended. */
import type { Command } from 'commander';
import type { LinkInfo } from '../../client';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { linkJson, linkTable } from './link-lines';

const EXAMPLES = `
Examples:
  annals links watch
  annals links watch shop                     one of them
  annals links watch --json | jq -c '{id, state, lagEvents, rate}'

A line comes for each link that has changed. Ctrl-C ends it.`;

export function addWatch(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('watch').description('show the links and stay, with every change'))
    .argument('[id]', 'one link alone')
    .addHelpText('after', EXAMPLES)
    .action((id: string | undefined, options: StoreOptions) => watch(id, options, invocation));
}

async function watch(id: string | undefined, options: StoreOptions, invocation: Invocation): Promise<void> {
  const { signal } = invocation;
  const show = changed(options, invocation);
  await withAnnals(options, async (annals) => {
    // Said at once, and with the exit code of what is not there.
    if (id !== undefined) await annals.links.get(id);
    try {
      for await (const all of annals.links.watch({ signal })) {
        await show(id === undefined ? all : all.filter((link) => link.id === id));
      }
    } catch (error) {
      // Ended by Ctrl-C or by a reader that left: that is how watching ends.
      if (!signal.aborted) throw error;
    }
  });
  if (invocation.endedBy === 'interrupt') invocation.endedBy = undefined;
}

/** A line for each link that is not as it was. */
function changed(options: StoreOptions, { output, colors }: Invocation): (links: readonly LinkInfo[]) => Promise<void> {
  const told = new Map<string, string>();
  let headed = false;
  return async (links) => {
    const news = links.filter((link) => {
      // Age alone is no news: it changes with every look.
      const state = JSON.stringify({ ...link, lagMs: undefined });
      const isNews = told.get(link.id) !== state;
      told.set(link.id, state);
      return isNews;
    });
    if (news.length === 0) return;
    const lines = options.json === true ? news.map(linkJson) : linkTable(news, colors).slice(headed ? 1 : 0);
    headed = true;
    for (const line of lines) await output.line(line);
  };
}
