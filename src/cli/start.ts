/** `annals start`: the server, until it is told to stop. */
import type { Command } from 'commander';
import { DEFAULT_ADDRESS } from '../kernel/limits';
import type { Invocation } from './invocation';
import type { ServeOptions } from './serve';

const EXAMPLES = `
Examples:
  annals start                                   on ${DEFAULT_ADDRESS}, with a MongoDB of its own
  annals start --data /var/lib/annals --listen 0.0.0.0:4400
  annals start --mongodb 'mongodb://db1,db2,db3/?replicaSet=rs0'
  annals start --listen 127.0.0.1:0 --json       any free port; the line "listening" names it

Ctrl-C (SIGINT) or SIGTERM lets what is under way end, then stops; a second one stops at once.
Each option has a variable, too: ANNALS_DATA, ANNALS_LISTEN, ANNALS_MONGODB_URL and so on; the option comes first.
Without --mongodb it looks for a mongod (ANNALS_MONGOD, the PATH, its cache) and fetches one if there is none.`;

export function addStart(program: Command, invocation: Invocation): void {
  program
    .command('start')
    .description('start an Annals server')
    .option('--data <folder>', 'where its own MongoDB keeps its data (default ./annals-data)')
    .option('--listen <host:port>', `where it listens (default ${DEFAULT_ADDRESS}; port 0 for any)`)
    .option('--mongodb <url>', 'a replica set of yours, instead of its own (or ANNALS_MONGODB_URL)')
    .option('--advertise <host:port>', 'where clients and other servers reach it, when that is not where it listens')
    .option('--unsafe', 'start although acknowledged events can be lost (a standalone, a weak write concern)')
    .option('--min-free-disk <bytes>', 'refuse appends when the disk has less room, such as 500MB')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default info)')
    .option('--json', 'log JSON lines, also on a terminal')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ServeOptions) => {
      // Loaded here: the other verbs need no server and no database driver, and start faster without them.
      const { serve } = await import('./serve.js');
      await serve(options, invocation);
    });
}
