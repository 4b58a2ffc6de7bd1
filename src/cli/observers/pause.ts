/** `annals observers pause` and `resume`: an observer gets nothing until it is told to go on. */
import type { Command } from 'commander';
import { addStoreOptions, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { COMMAND } from '../terminal';

const PAUSE_EXAMPLES = `
Examples:
  annals observers pause invoices

What is on its way is still handled. A replay pauses with it. Nothing is lost: the log waits.`;

const RESUME_EXAMPLES = `
Examples:
  annals observers resume invoices

It also lets an observer go on that was quarantined because too many of its partitions failed.`;

export function addPause(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('pause').description('deliver nothing until it is resumed'))
    .argument('<id>', "the observer's id")
    .addHelpText('after', PAUSE_EXAMPLES)
    .action((id: string, options: StoreOptions) => pause(id, options, invocation));
}

export function addResume(observers: Command, invocation: Invocation): void {
  addStoreOptions(observers.command('resume').description('deliver again after a pause or a quarantine'))
    .argument('<id>', "the observer's id")
    .addHelpText('after', RESUME_EXAMPLES)
    .action((id: string, options: StoreOptions) => resume(id, options, invocation));
}

async function pause(id: string, options: StoreOptions, { output }: Invocation): Promise<void> {
  await withAnnals(options, (annals) => annals.observers.pause(id));
  await output.line(
    options.json === true
      ? JSON.stringify({ observer: id, paused: true })
      : `${id} is paused. Next: ${COMMAND} observers resume ${id}`,
  );
}

async function resume(id: string, options: StoreOptions, { output }: Invocation): Promise<void> {
  await withAnnals(options, (annals) => annals.observers.resume(id));
  await output.line(
    options.json === true ? JSON.stringify({ observer: id, paused: false }) : `${id} goes on from where it stands.`,
  );
}
