/** The composition root: starts a server, part by part, and stops it in the opposite order. */
import type { Logger } from 'pino';
import { newId } from '../kernel/ids';
import { DEFAULT_STORE } from '../kernel/names';
import { ensureStore } from '../sequences/administration';
import { Observation } from '../observation/observation';
import { CommitWatch } from '../sequences/commit-watch';
import { Sequences } from '../sequences/sequences';
import { Catalogue } from '../storage/catalogue';
import { connectDeployment, type Deployment } from '../storage/deployment';
import { startEmbeddedMongod, type EmbeddedMongod, type MongodEvent } from '../storage/embedded/embedded-mongod';
import type { OnProgress, Progress } from '../storage/embedded/progress';
import { ServerRegistry } from '../storage/servers';
import type { Configuration } from './configuration';
import { diagnose } from './diagnostics';
import { DiskGuard } from './disk-guard';
import { listen } from './grpc-server';
import { Membership } from './membership';
import { VERSION } from './version';

export type { OnProgress, Progress };

export interface ServerConfig extends Omit<Configuration, 'logLevel'> {
  readonly logger: Logger;
  /** Told while something is fetched or awaited. */
  readonly onProgress?: OnProgress;
}

export interface RunningServer {
  /** `host:port`, with the port that it got. */
  readonly address: string;
  readonly serverId: string;
  readonly mongodb: { readonly url: string; readonly version: string; readonly embedded: boolean };
  /** Drains and stops: everything acknowledged is recorded, and nothing is left registered. */
  stop(): Promise<void>;
  /** Settles when the server has stopped, by `stop` or because its MongoDB is gone for good. */
  readonly closed: Promise<void>;
}

/** How long appends that are under way may take at a stop, in ms: below the 10 s after which containers are killed. */
const DRAIN_MS = 7_000;

/** Undoes what was started, last first. */
class Teardown {
  readonly #steps: (() => Promise<void>)[] = [];

  constructor(private readonly logger: Logger) {}

  add(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  async run(): Promise<void> {
    for (const step of this.#steps.splice(0)) {
      // One part that does not stop in order must not keep the others from it.
      await step().catch((error: unknown) => {
        this.logger.warn({ err: error }, 'a part did not stop in order');
      });
    }
  }
}

/** @throws AnnalsError of the channel `local`, such as STANDALONE_MONGODB, DATA_FOLDER_IN_USE, ADDRESS_IN_USE. */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  const teardown = new Teardown(config.logger);
  try {
    return await compose(config, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function compose(config: ServerConfig, teardown: Teardown): Promise<RunningServer> {
  const { logger } = config;
  const embedded = config.mongodbUrl === undefined ? await startEmbedded(config) : undefined;
  if (embedded !== undefined) teardown.add(() => embedded.stop());
  const url = config.mongodbUrl ?? embedded?.url ?? '';
  const deployment = await connectDeployment({ url, unsafe: config.unsafe });
  teardown.add(() => deployment.close());

  const { client } = deployment;
  const catalogue = new Catalogue(client);
  const guard = new DiskGuard(client, config.minFreeDiskBytes, logger);
  await guard.check();
  const sequences = new Sequences({ client, catalogue, logger, gate: () => guard.refusal() });
  await ensureDefaultStore(catalogue, sequences, guard);

  const serverId = newId();
  const started = new Date();
  let address = config.listen;
  const observation = new Observation({
    client,
    sequences,
    catalogue,
    logger,
    serverId,
    address: () => config.advertise ?? address,
  });
  const server = await listen(config.listen, {
    sequences,
    catalogue,
    observation,
    logger,
    diagnose: () => diagnose(deployment, guard, config.minFreeDiskBytes),
    facts: () => ({
      version: VERSION,
      serverId,
      address: config.advertise ?? address,
      started,
      mongodbVersion: deployment.version,
      mongodbEmbedded: embedded !== undefined,
      dataFolder: embedded?.dataFolder ?? '',
    }),
  });
  teardown.add(() => server.close());
  ({ address } = server);
  embedded?.announce(address);

  const registry = new ServerRegistry(client, { id: serverId, address: config.advertise ?? address, version: VERSION });
  const watch = new CommitWatch(client, (database, collection) => sequences.noticed(database, collection), logger);
  const membership = new Membership({ registry, watch, sequences, observation, guard, logger });
  await membership.join();
  teardown.add(() => membership.leave());
  teardown.add(async () => {
    server.announceStop();
    await observation.stop();
    await sequences.drain(DRAIN_MS);
  });

  return running({ address, serverId, deployment, url, embedded, teardown });
}

interface Parts {
  readonly address: string;
  readonly serverId: string;
  readonly deployment: Deployment;
  readonly url: string;
  readonly embedded: EmbeddedMongod | undefined;
  readonly teardown: Teardown;
}

function running({ address, serverId, deployment, url, embedded, teardown }: Parts): RunningServer {
  let finish = (): void => undefined;
  const closed = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= teardown.run().then(finish));
  // Without its MongoDB the server can do nothing; whoever started it should know.
  void embedded?.ended.then(({ stopped }) => (stopped ? undefined : stop()));
  const mongodb = { url, version: deployment.version, embedded: embedded !== undefined };
  return { address, serverId, mongodb, stop, closed };
}

async function startEmbedded({ dataFolder, logger, onProgress }: ServerConfig): Promise<EmbeddedMongod> {
  return startEmbeddedMongod({
    dataFolder,
    onProgress: onProgress ?? (() => undefined),
    onEvent: (event: MongodEvent) => {
      if (event.kind === 'restarted') logger.warn(event, 'mongod runs again');
      else logger.error(event, 'mongod is gone');
    },
  });
}

/** `default` is there from the start; on a full disk what is there already must do. */
async function ensureDefaultStore(catalogue: Catalogue, sequences: Sequences, guard: DiskGuard): Promise<void> {
  if (guard.refusal() === undefined) await ensureStore(catalogue, sequences, DEFAULT_STORE, []);
}
