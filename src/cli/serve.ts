/** A server's life in this process: started, announced, and ended by a signal. */
import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import { readConfiguration, type GivenOptions } from '../server/configuration';
import { startServer, type RunningServer } from '../server/start';
import { DEFAULT_ADDRESS } from '../kernel/limits';
import { Exit } from './exit-codes';
import type { Invocation } from './invocation';
import { serverLogger } from './server-logger';
import { startProgress } from './start-progress';
import { COMMAND, type Colors } from './terminal';

export interface ServeOptions extends GivenOptions {
  readonly json?: boolean;
}

/** Serves until a signal ends it. */
export async function serve(options: ServeOptions, invocation: Invocation): Promise<void> {
  // What gRPC's library would write to stderr by itself comes as an error, too, and is told once.
  if (process.env['GRPC_VERBOSITY'] === undefined) setLogVerbosity(logVerbosity.NONE);
  const { json, ...given } = options;
  const configuration = readConfiguration(given, process.env);
  const human = process.stdout.isTTY === true && json !== true;
  const logger = await serverLogger(configuration.logLevel, human ? invocation.colors : undefined);
  const told = startProgress(human, logger);
  const stopping = stopOnSignal(logger);
  let server: RunningServer;
  try {
    server = await startServer({ ...configuration, logger, onProgress: (progress) => told.show(progress) });
  } finally {
    told.end();
  }
  stopping.arm(server);
  if (human) invocation.note(banner(server, configuration.dataFolder, invocation.errorColors).join('\n'));
  else logger.info(facts(server, configuration.dataFolder), 'listening');
  await server.closed;
  if (stopping.asked) logger.info('stopped');
  else {
    logger.error('stopped by itself');
    invocation.exitCode = Exit.FAILED;
  }
}

/**
 * The first SIGTERM, SIGINT or SIGHUP drains and stops, the second ends the process at once. One that comes
 * while the server is still starting ends it, too: nothing was acknowledged yet.
 */
function stopOnSignal(logger: Logger) {
  const state = { asked: false, server: undefined as RunningServer | undefined };
  // SIGHUP: the terminal that it runs in was closed.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (state.asked || state.server === undefined) process.exit(Exit.INTERRUPTED);
      state.asked = true;
      logger.info({ signal }, 'stopping; once more stops at once');
      state.server.stop().catch((error: unknown) => {
        logger.error({ err: error }, 'could not stop in order');
        process.exit(Exit.FAILED);
      });
    });
  }
  return {
    get asked() {
      return state.asked;
    },
    arm(server: RunningServer) {
      state.server = server;
    },
  };
}

const facts = ({ address, serverId, mongodb: { version, embedded } }: RunningServer, dataFolder: string) => ({
  address,
  serverId,
  mongodb: { version, embedded },
  ...(embedded ? { data: dataFolder } : {}),
  pid: process.pid,
});

function banner({ address, mongodb }: RunningServer, dataFolder: string, colors: Colors): string[] {
  const other = address === DEFAULT_ADDRESS ? '' : ` --server ${address}`;
  const data = mongodb.embedded ? dataFolder : 'in your MongoDB';
  return [
    '',
    `  ${colors.bold('Annals')} listens on ${colors.cyan(`annals://${address}`)}`,
    `  ${colors.dim('data')}     ${data}`,
    `  ${colors.dim('MongoDB')}  ${mongodb.version}${mongodb.embedded ? ', started by Annals' : ''}`,
    '',
    `  ${colors.dim('Next, in another terminal:')}`,
    `    echo '{"total":42}' | ${COMMAND} append - --type order.placed --source order-17${other}`,
    `    ${COMMAND} follow${other}`,
    '',
    `  ${colors.dim('Ctrl-C stops it; the data stays.')}`,
    '',
  ];
}
