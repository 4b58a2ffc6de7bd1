/** The service `Server`: what this server is and how it is doing, as the composition root knows it. */
import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Health } from '../contract/generated/annals/v1/Health';
import type { ServerDiagnoseResponse } from '../contract/generated/annals/v1/ServerDiagnoseResponse';
import type { ServerGetInfoResponse } from '../contract/generated/annals/v1/ServerGetInfoResponse';
import { unary } from './calls';
import { durationOf } from '../contract/seconds-and-nanos';
import { decoding } from './decode-request';

export interface ServerFacts {
  readonly version: string;
  readonly serverId: string;
  readonly address: string;
  readonly started: Date;
  readonly mongodbVersion: string;
  readonly mongodbEmbedded: boolean;
  /** Empty when MongoDB is somebody else's. */
  readonly dataFolder: string;
  /** The same for all servers on this database, and for no others. */
  readonly deploymentId: string;
}

export interface Finding {
  readonly subject: string;
  readonly health: 'ok' | 'warning' | 'failing';
  readonly message: string;
  /** What to do next; empty when nothing needs doing. */
  readonly remedy: string;
}

const HEALTH = { ok: 'HEALTH_OK', warning: 'HEALTH_WARNING', failing: 'HEALTH_FAILING' } as const satisfies Record<
  Finding['health'],
  Health
>;

export function server(
  facts: () => ServerFacts,
  diagnose: () => Promise<readonly Finding[]>,
  logger: Logger,
): UntypedServiceImplementation {
  const getInfo = (): Promise<ServerGetInfoResponse> => {
    const { started, ...rest } = facts();
    const memoryBytes = process.memoryUsage.rss();
    return Promise.resolve({ ...rest, started: durationOf(started.getTime()), features: [], memoryBytes });
  };
  const run = async (): Promise<ServerDiagnoseResponse> => {
    const findings = await diagnose();
    return { now: durationOf(Date.now()), findings: findings.map((f) => ({ ...f, health: HEALTH[f.health] })) };
  };
  return {
    GetInfo: unary(logger, decoding('Server', 'GetInfo', getInfo)),
    Diagnose: unary(logger, decoding('Server', 'Diagnose', run)),
  };
}
