/** The composition root: starts a server, part by part, and stops it in the opposite order. */
import type { Logger } from 'pino';
import { EventTypeRegistry, type RegistryOptions } from '../event-types/registry';
import { JobRunner } from '../jobs/job-runner';
import { JOBS } from '../jobs/tuning';
import type { MongoClient } from 'mongodb';
import { activationJob, type RecordAct } from '../constraints/activation-job';
import { castingIn } from '../constraints/casting';
import type { ConstraintKeeper } from '../constraints/constraint-keeper';
import type { ConstraintDefinition } from '../constraints/definition';
import { MongoConstraintKeeper } from '../constraints/keeper';
import { ConstraintRegistry } from '../constraints/registry';
import type { TypeSource } from '../event-types/types-of-store';
import { Correlation } from '../../observers/correlation/correlation';
import { IdentityLookup } from '../../observers/correlation/identity-lookup';
import { IdentityRegistry } from '../../observers/correlation/identity-registry';
import { OrderedSequences } from '../../observers/ordered-sequences/ordered-sequences';
import { Relay } from '../../observers/relay/relay';
import { newId } from '../kernel/ids';
import { DEFAULT_NAMESPACE, DEFAULT_STORE, type SequenceAddress } from '../kernel/names';
import { ensureStore } from '../sequences/administration';
import { Observation } from '../observation/observation';
import { CommitWatch } from '../sequences/commit-watch';
import { Sequences } from '../sequences/sequences';
import { WriteGenerations } from '../sequences/write-generations';
import { Catalogue } from '../storage/catalogue';
import { connectDeployment, type Deployment } from '../storage/deployment';
import type { EmbeddedMongod, MongodEvent } from '../storage/embedded/embedded-mongod';
import type { OnProgress, Progress } from '../storage/embedded/progress';
import { ConstraintStore } from '../storage/constraints';
import { EventTypeStore } from '../storage/event-types';
import { Identities } from '../storage/identities';
import { JobStore } from '../storage/jobs';
import { deploymentId } from '../storage/deployment-id';
import { Leases } from '../storage/leases';
import { namespaceDatabase, sequenceCollection, storeOfDatabase } from '../storage/names';
import { ServerRegistry } from '../storage/servers';
import { SETTINGS_COLLECTION, StoreSettings } from '../storage/store-settings';
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
  const serverId = newId();
  const started = new Date();
  let address = config.listen;
  const advertised = (): string => config.advertise ?? address;
  const registry = new ServerRegistry(client, { id: serverId, address: advertised, version: VERSION });
  // It is on the list as soon as it looks at the types of a store.
  teardown.add(() => registry.leave());
  const types = eventTypes(client, catalogue, registry, async (store, type, subject, facts) =>
    sequences.recordAct(store, DEFAULT_NAMESPACE, type, subject, facts),
  );
  const gate = () => guard.refusal();
  const keepers = constraintKeepers(client, types);
  const sequences = new Sequences({ client, catalogue, types, constraints: keepers, logger, gate });
  await ensureDefaultStore(catalogue, sequences, guard);

  const leases = new Leases(client, serverId, advertised, JOBS.leaseMs);
  const jobStore = new JobStore(client);
  const jobs = new JobRunner({ store: jobStore, leases, logger });
  jobs.add(new WriteGenerations({ client, catalogue, sequences, types, gate }));
  const constraints = constraintRegistry({ client, catalogue, types, sequences, jobs, jobStore });
  const observation = new Observation({ client, sequences, catalogue, logger, serverId, address: advertised });
  const id = await deploymentId(client);
  const relay = new Relay({ client, sequences, catalogue, logger, serverId, deployment: id, address: advertised });
  const known = new Identities(client);
  const lookup = new IdentityLookup(known);
  const correlation = new Correlation({
    client,
    catalogue,
    identities: lookup,
    logger,
    serverId,
    deployment: id,
    address: advertised,
  });
  const identities = new IdentityRegistry({ identities: known, lookup, catalogue, sequences });
  const ordered = new OrderedSequences({ client, sequences, catalogue, logger, serverId, address: advertised });
  const server = await listen(config.listen, {
    sequences,
    catalogue,
    observation,
    relay,
    orderedSequences: ordered,
    correlation,
    identities,
    types,
    constraints,
    jobs,
    logger,
    diagnose: () => diagnose(deployment, guard, config.minFreeDiskBytes),
    facts: () => ({
      version: VERSION,
      serverId,
      address: advertised(),
      started,
      mongodbVersion: deployment.version,
      mongodbEmbedded: embedded !== undefined,
      dataFolder: embedded?.dataFolder ?? '',
      deploymentId: id,
    }),
  });
  teardown.add(() => server.close());
  ({ address } = server);
  embedded?.announce(address);

  const noticed = async (database: string, collection: string): Promise<void> => {
    const store = collection === SETTINGS_COLLECTION ? storeOfDatabase(database) : undefined;
    await (store === undefined ? sequences.noticed(database, collection) : types.noticed(store));
  };
  const watch = new CommitWatch(client, noticed, logger);
  const observers = { observation, relay, ordered, correlation };
  const parts = { registry, watch, sequences, ...observers, types, jobs, guard, logger };
  const membership = new Membership(parts);
  await membership.join();
  teardown.add(() => membership.leave());
  teardown.add(async () => {
    server.announceStop();
    await jobs.stop();
    await observation.stop();
    await Promise.all([relay.stop(), ordered.stop(), correlation.stop()]);
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
  // Loaded here: a server whose MongoDB is somebody else's needs none of it, and is back sooner without it.
  const { startEmbeddedMongod } = await import('../storage/embedded/embedded-mongod.js');
  return startEmbeddedMongod({
    dataFolder,
    onProgress: onProgress ?? (() => undefined),
    onEvent: (event: MongodEvent) => {
      if (event.kind === 'restarted') logger.warn(event, 'mongod runs again');
      else logger.error(event, 'mongod is gone');
    },
  });
}

function eventTypes(
  client: MongoClient,
  catalogue: Catalogue,
  servers: ServerRegistry,
  record: RegistryOptions['record'],
): EventTypeRegistry {
  const settings = new StoreSettings(client);
  return new EventTypeRegistry({ catalogue, settings, types: new EventTypeStore(client, settings), servers, record });
}

/** Each event sequence has a keeper of its constraints. */
const constraintKeepers =
  (client: MongoClient, types: TypeSource) =>
  ({ store, namespace, sequence }: SequenceAddress): ConstraintKeeper =>
    new MongoConstraintKeeper({
      db: client.db(namespaceDatabase(store, namespace)),
      sequence,
      collection: sequenceCollection(sequence),
      cast: castingIn(types, store),
      prepare: async () => types.load(store),
    });

interface ConstraintParts {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly types: TypeSource;
  readonly sequences: Sequences;
  readonly jobs: JobRunner;
  readonly jobStore: JobStore;
}

/** The constraints of all stores, and the job that brings them into force. */
function constraintRegistry({ client, catalogue, types, sequences, jobs, jobStore }: ConstraintParts) {
  const constraints = new ConstraintStore<ConstraintDefinition>(client);
  const record: RecordAct = async (...act) => sequences.recordAct(...act);
  jobs.add(activationJob({ client, constraints, types, fences: sequences, jobs: jobStore, record }));
  return new ConstraintRegistry({ client, catalogue, constraints, types, fences: sequences, jobs, record });
}

/** `default` is there from the start; on a full disk what is there already must do. */
async function ensureDefaultStore(catalogue: Catalogue, sequences: Sequences, guard: DiskGuard): Promise<void> {
  if (guard.refusal() === undefined) await ensureStore(catalogue, sequences, DEFAULT_STORE, []);
}
