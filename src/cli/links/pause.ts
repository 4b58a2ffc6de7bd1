/** `annals links pause` and `resume`: nothing is relayed until it is told to go on. */
import type { Command } from 'commander';
import { addStoreOptions, wholeNumber, withAnnals, type StoreOptions } from '../connection-options';
import type { Invocation } from '../invocation';
import { COMMAND } from '../terminal';

interface ResumeOptions extends StoreOptions {
  readonly position?: number;
  readonly acceptSource?: boolean;
}

const PAUSE_EXAMPLES = `
Examples:
  annals links pause shop

Nothing is lost: the source's log waits.`;

const RESUME_EXAMPLES = `
Examples:
  annals links resume shop
  annals links resume shop --position 1204     after a fault: what became of the events before it is your decision
  annals links resume shop --accept-source     the source was moved to another deployment, with its events

Also after a fault that somebody has looked at. When what was wrong still is, the link stops again and says so.`;

export function addPause(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('pause').description('relay nothing until it is resumed'))
    .argument('<id>', "the link's id")
    .addHelpText('after', PAUSE_EXAMPLES)
    .action((id: string, options: StoreOptions) => pause(id, options, invocation));
}

export function addResume(links: Command, invocation: Invocation): void {
  addStoreOptions(links.command('resume').description('go on after a pause or a fault'))
    .argument('<id>', "the link's id")
    .option('--position <number>', 'go on from this source number, whatever the checkpoint says', wholeNumber)
    .option('--accept-source', 'the deployment that answers now is the source')
    .addHelpText('after', RESUME_EXAMPLES)
    .action((id: string, options: ResumeOptions) => resume(id, options, invocation));
}

async function pause(id: string, options: StoreOptions, { output }: Invocation): Promise<void> {
  await withAnnals(options, (annals) => annals.links.pause(id));
  await output.line(
    options.json === true
      ? JSON.stringify({ link: id, paused: true })
      : `${id} is paused. Next: ${COMMAND} links resume ${id}`,
  );
}

async function resume(id: string, options: ResumeOptions, { output }: Invocation): Promise<void> {
  const { position, acceptSource } = options;
  await withAnnals(options, (annals) => annals.links.resume(id, { position, acceptSource }));
  const from = position === undefined ? 'where it stands' : `source number ${position}`;
  await output.line(
    options.json === true ? JSON.stringify({ link: id, paused: false }) : `${id} goes on from ${from}.`,
  );
}
