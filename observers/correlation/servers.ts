/**
 * Other servers, as a lookup asks them: a connection to each for as long as somebody asks, and an answer or a
 * reason in bounded time. One that was waited for in vain is not waited for again right away.
 */
import { LRUCache } from 'lru-cache';
import { call } from '../../src/client/calls';
import { Connection } from '../../src/client/connection';
import { unary, unreachable } from '../../src/client/unary';
import type { LookRequest } from '../../src/contract/generated/annals/v1/LookRequest';
import type { LookResponse__Output } from '../../src/contract/generated/annals/v1/LookResponse';
import { AnnalsError } from '../../src/kernel/annals-error';
import { CORRELATION } from './tuning';

const LOOK = call<LookRequest, LookResponse__Output>('Correlation', 'Look');

/** Connections that are kept at most. */
const CONNECTIONS = 100;

/** Where nobody listens that is said at once, and once is enough. */
const ROUNDS = 1;

export class Servers {
  readonly #connections = new LRUCache<string, Connection>({
    max: CONNECTIONS,
    ttl: CORRELATION.connectionMs,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    dispose: (connection) => {
      connection.close();
    },
  });
  /** Why a server that was waited for did not answer. */
  readonly #silent = new LRUCache<string, AnnalsError>({ max: CONNECTIONS, ttl: CORRELATION.silentMs });

  /** @throws AnnalsError when there is no answer within `ms`, or the server says no. */
  async look(hosts: readonly string[], request: LookRequest, ms: number, signal?: AbortSignal) {
    const key = hosts.join(',');
    const silent = this.#silent.get(key);
    if (silent !== undefined) throw silent;
    let connection = this.#connections.get(key);
    if (connection === undefined) this.#connections.set(key, (connection = new Connection(hosts, ROUNDS)));
    const began = performance.now();
    const connectMs = Math.min(ms, CORRELATION.connectMs);
    try {
      await connected(connection, connectMs, signal);
      return await unary(connection, connection.closed, LOOK, request, { timeoutMs: ms, signal });
    } catch (error) {
      const isAway = error instanceof AnnalsError && error.code === 'SERVER_UNREACHABLE';
      // A refusal comes long before, and patience may end a little early.
      if (isAway && performance.now() - began > connectMs / 2) this.#silent.set(key, error);
      throw error;
    }
  }

  close(): void {
    this.#connections.clear();
  }
}

/** A server that is not there at all is known sooner than one that is slow. */
async function connected(connection: Connection, ms: number, signal?: AbortSignal): Promise<void> {
  const patience = AbortSignal.timeout(ms);
  try {
    await connection.ready(signal === undefined ? patience : AbortSignal.any([signal, patience]));
  } catch (error) {
    throw patience.aborted && signal?.aborted !== true ? unreachable(connection, ms) : error;
  }
}
