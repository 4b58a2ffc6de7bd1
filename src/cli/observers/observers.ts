/** `annals observers`: consumers that the server looks after. One file a verb. */
import type { Command } from 'commander';
import type { Invocation } from '../invocation';
import { addCancelReplay } from './cancel-replay';
import { addFailed } from './failed';
import { addList } from './list';
import { addPause, addResume } from './pause';
import { addReplay } from './replay';
import { addRetry } from './retry';
import { addShow } from './show';
import { addSkip } from './skip';
import { addWatch } from './watch';

const EXAMPLES = `
Examples:
  annals observers                                    how far each has come
  annals observers watch
  annals observers failed invoices                    what holds it back, and where
  annals observers retry invoices order-17
  annals observers replay invoices --dry-run

Every verb has --help with examples.`;

/** The verbs, in the order that the help has them: looking, then healing, then replaying. */
const VERBS = [
  addList,
  addShow,
  addWatch,
  addFailed,
  addRetry,
  addSkip,
  addPause,
  addResume,
  addReplay,
  addCancelReplay,
];

export function addObservers(program: Command, invocation: Invocation): void {
  const observers = program
    .command('observers')
    .description('look after the observers: lag, failures, replays')
    .addHelpText('after', EXAMPLES);
  for (const add of VERBS) add(observers, invocation);
}
