/**
 * Other servers, as a lookup asks them: a connection to each for as long as somebody asks, and an answer or a
 * reason in bounded time. One that did not answer is not waited for again right away.
 */
import { LRUCache } from 'lru-cache';
import { call } from '../../src/client/calls';
import { Session } from '../../src/client/session';
import { unreachable } from '../../src/client/unary';
import type { LookRequest } from '../../src/contract/generated/annals/v1/LookRequest';
import type { LookResponse__Output } from '../../src/contract/generated/annals/v1/LookResponse';
import { AnnalsError } from '../../src/kernel/annals-error';
import { CORRELATION } from './tuning';

const LOOK = call<LookRequest, LookResponse__Output>('Correlation', 'Look');

/** Connections that are kept at most. */
const CONNECTIONS = 100;

export class Servers {
  readonly #sessions = new LRUCache<string, Session>({
    max: CONNECTIONS,
    ttl: CORRELATION.connectionMs,
    ttlAutopurge: true,
    updateAgeOnGet: true,
    dispose: (session) => void session.close(),
  });
  /** Why a server did not answer a moment ago. */
  readonly #away = new LRUCache<string, AnnalsError>({ max: CONNECTIONS, ttl: CORRELATION.serverMs });

  /** @throws AnnalsError when there is no answer within `ms`, or the server says no. */
  async look(hosts: readonly string[], request: LookRequest, ms: number, signal?: AbortSignal) {
    const key = hosts.join(',');
    const away = this.#away.get(key);
    if (away !== undefined) throw away;
    let session = this.#sessions.get(key);
    if (session === undefined) this.#sessions.set(key, (session = new Session(hosts, { timeoutMs: ms })));
    try {
      await connected(session, Math.min(ms, CORRELATION.connectMs), signal);
      return await session.unary(LOOK, request, { timeoutMs: ms, signal });
    } catch (error) {
      if (error instanceof AnnalsError && error.code === 'SERVER_UNREACHABLE') this.#away.set(key, error);
      throw error;
    }
  }

  close(): void {
    this.#sessions.clear();
  }
}

/** A server that is not there at all is known sooner than one that is slow. */
async function connected({ connection }: Session, ms: number, signal?: AbortSignal): Promise<void> {
  const patience = AbortSignal.timeout(ms);
  try {
    await connection.ready(signal === undefined ? patience : AbortSignal.any([signal, patience]));
  } catch (error) {
    throw patience.aborted && signal?.aborted !== true ? unreachable(connection, ms) : error;
  }
}
