/** A server inside the test's own process, on a port of its own, for suites that kill nothing. */
import { pino } from 'pino';
import { startServer, type RunningServer, type ServerConfig } from '../../src/server/start';
import { RawClient } from './raw-client';

export interface ServedHere {
  readonly server: RunningServer;
  readonly client: RawClient;
  stop(): Promise<void>;
}

/** A server on somebody's replica set, and a client of it. */
export async function serve(mongodbUrl: string, options: Partial<ServerConfig> = {}): Promise<ServedHere> {
  const server = await startServer({
    mongodbUrl,
    dataFolder: '',
    listen: '127.0.0.1:0',
    unsafe: false,
    // A disk that is nearly full is one suite's subject, and must not be every other's trouble.
    minFreeDiskBytes: 0,
    logger: pino({ level: process.env['ANNALS_TEST_LOG'] ?? 'silent' }),
    ...options,
  });
  const client = new RawClient(server.address);
  return {
    server,
    client,
    stop: async () => {
      client.close();
      await server.stop();
    },
  };
}
