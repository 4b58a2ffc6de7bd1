/** In which form a verb shows the content of events: generations wanted, and which of an event's contents. */
import { Option, type Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import type { View } from '../client';
import { positiveNumber } from './connection-options';

export interface GenerationOptions {
  readonly generation?: Readonly<Record<string, number>>;
  readonly announcements?: boolean;
}

export interface ViewOption {
  readonly view?: View;
}

/** For verbs about many events. */
export const addGenerationOptions = (command: Command): Command =>
  command
    .option(
      '--generation <type=n>',
      'content of this type in generation n, instead of its latest (again for several types)',
      wanted,
    )
    .option('--announcements', 'also the announcements of compensations and redactions');

export const addViewOption = (command: Command): Command =>
  command.addOption(
    new Option('--view <view>', 'what was appended, what the last compensation says, or all of it').choices([
      'original',
      'effective',
      'all',
    ] satisfies View[]),
  );

/** For commander: `order.placed=2`, gathered. */
function wanted(text: string, all: Readonly<Record<string, number>> | undefined): Record<string, number> {
  const [, type, generation] = /^(.+)=(\d+)$/.exec(text) ?? [];
  if (type !== undefined && generation !== undefined) return { ...all, [type]: positiveNumber(generation) };
  throw new InvalidArgumentError('It must be TYPE=NUMBER, such as order.placed=2.');
}

/** The options as the client takes them, without announcements, which are the filter's. */
export const contentWanted = ({ generation, view }: GenerationOptions & ViewOption) => ({
  ...(generation === undefined ? {} : { generations: generation }),
  ...(view === undefined ? {} : { view }),
});
