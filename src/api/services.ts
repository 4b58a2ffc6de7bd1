/** Every service of the contract, and the standard ones, on one gRPC server. */
import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import type { Logger } from 'pino';
import type { ConstraintRegistry } from '../constraints/registry';
import type { EventTypeRegistry } from '../event-types/registry';
import type { JobRunner } from '../jobs/job-runner';
import type { Sequences } from '../sequences/sequences';
import type { Catalogue } from '../storage/catalogue';
import { constraints } from './constraints';
import { takingBytes } from './decode-request';
import { jobs, jobsDefinition } from './jobs';
import { eventTypes, eventTypesDefinition } from './event-types';
import { eventSequences, eventSequencesDefinition } from './event-sequences';
import type { Relay } from '../../observers/relay/relay';
import type { IdentityRegistry } from '../../observers/correlation/identity-registry';
import type { Correlation } from '../../observers/correlation/correlation';
import { correlation, correlationDefinition } from './correlation';
import { identities } from './identities';
import { links, linksDefinition } from './links';
import type { OrderedSequences } from '../../observers/ordered-sequences/ordered-sequences';
import { orderedSequences, orderedSequencesDefinition } from './ordered-sequences';
import { reflection } from './reflection';
import type { Observation } from '../observation/observation';
import { observers, observersDefinition } from './observers';
import { server as serverService, type Finding, type ServerFacts } from './server';
import { stores } from './stores';

export interface ServiceDependencies {
  readonly sequences: Sequences;
  readonly catalogue: Catalogue;
  readonly observation: Observation;
  readonly relay: Relay;
  readonly orderedSequences: OrderedSequences;
  readonly correlation: Correlation;
  readonly identities: IdentityRegistry;
  readonly types: EventTypeRegistry;
  readonly constraints: ConstraintRegistry;
  readonly jobs: JobRunner;
  readonly facts: () => ServerFacts;
  readonly diagnose: () => Promise<readonly Finding[]>;
  readonly logger: Logger;
}

/** What health is told for: the server as a whole, and the service that a load balancer may ask for by name. */
const HEALTH_NAMES = ['', 'annals.v1.EventSequences'];

/** Adds them all. Returns the way to say by health that the server is stopping. */
export function addServices(server: Server, dependencies: ServiceDependencies): () => void {
  const { sequences, logger } = dependencies;
  server.addService(eventSequencesDefinition(), eventSequences(sequences, logger));
  server.addService(observersDefinition(), observers(dependencies.observation, logger));
  server.addService(linksDefinition(), links(dependencies.relay, logger));
  server.addService(orderedSequencesDefinition(), orderedSequences(dependencies.orderedSequences, logger));
  server.addService(correlationDefinition(), correlation(dependencies.correlation, logger));
  server.addService(takingBytes('Identities'), identities(dependencies.identities, logger));
  server.addService(eventTypesDefinition(), eventTypes(dependencies));
  server.addService(takingBytes('Constraints'), constraints(dependencies.constraints, logger));
  server.addService(jobsDefinition(), jobs(dependencies.jobs, logger));
  server.addService(takingBytes('Stores'), stores(dependencies, logger));
  server.addService(takingBytes('Server'), serverService(dependencies.facts, dependencies.diagnose, logger));
  const health = new HealthImplementation(Object.fromEntries(HEALTH_NAMES.map((name) => [name, 'SERVING'] as const)));
  health.addToServer(server);
  reflection().addToServer(server);
  return () => {
    for (const name of HEALTH_NAMES) health.setStatus(name, 'NOT_SERVING');
  };
}
