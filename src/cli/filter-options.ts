/** Which events a verb is about: the filter options of `read`, `follow` and `tail`. */
import type { Command } from 'commander';
import { collect } from './connection-options';

export interface FilterOptions {
  readonly type?: readonly string[];
  readonly source?: readonly string[];
  readonly tag?: readonly string[];
  readonly correlation?: string;
  /** Of the verbs that can show them. */
  readonly announcements?: boolean;
}

export const addFilterOptions = (command: Command): Command =>
  command
    .option('--type <name>', 'only events of this type (again for any of several)', collect)
    .option('--source <id>', 'only events about this event source (again for any of several)', collect)
    .option('--tag <tag>', 'only events with this tag (again for all of several)', collect)
    .option('--correlation <id>', 'only events of this business operation');

/** The filter as the client takes it. */
export function filterOf(options: FilterOptions) {
  return {
    ...(options.type === undefined ? {} : { types: options.type }),
    ...(options.source === undefined ? {} : { eventSourceIds: options.source }),
    ...(options.tag === undefined ? {} : { tags: options.tag }),
    ...(options.correlation === undefined ? {} : { correlationId: options.correlation }),
    ...(options.announcements === undefined ? {} : { announcements: options.announcements }),
  };
}
