/** `annals identities list`: who there is in a store. */
import type { Command } from 'commander';
import type { IdentityInfo } from '../../client';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { identityJson, identityTable } from './identity-lines';

interface ListOptions extends StoreOptions {
  readonly subject?: string;
}

/** Identities that one call brings, and rows of which columns are made at once. */
const AT_ONCE = 500;

const EXAMPLES = `
Examples:
  annals identities
  annals identities list --subject 'auth0|5f2a'
  annals identities list --json | jq -r 'select(.erased == null).name'`;

export function addList(identities: Command, invocation: Invocation): void {
  addStoreOptions(
    identities
      .command('list', { isDefault: true })
      .description('list the identities, by their ids')
      .option('--subject <subject>', 'those with this name elsewhere alone'),
  )
    .addHelpText('after', EXAMPLES)
    .action((options: ListOptions) => list(options, invocation));
}

async function list(options: ListOptions, invocation: Invocation): Promise<void> {
  const { output, colors, signal } = invocation;
  const { subject, json = false } = options;
  await withAnnals(options, async (annals) => {
    let shown = 0;
    const show = async (some: readonly IdentityInfo[]): Promise<void> => {
      const lines = json ? some.map(identityJson) : identityTable(some, colors).slice(shown === 0 ? 0 : 1);
      for (const line of lines) await output.line(line);
      shown += some.length;
    };
    let some: IdentityInfo[] = [];
    for await (const identity of annals.identities.list({ subject, pageSize: AT_ONCE, signal })) {
      some.push(identity);
      if (some.length < AT_ONCE) continue;
      await show(some);
      some = [];
    }
    if (some.length > 0 || shown === 0) await show(some);
  });
}
