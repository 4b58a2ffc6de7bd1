/** The clients that are connected under one observer, and when each was heard of last. */
import type { AnnalsError } from '../kernel/annals-error';
import type { Delivery } from './dispatcher';
import { OBSERVATION } from './tuning';

export interface ObserverClient {
  readonly id: string;
  readonly name: string;
  /** Events that may be on their way to it. */
  readonly credits: number;
  /** Events in one delivery at most. */
  readonly deliveryEvents: number;
  /** How long a delivery may be unacknowledged, in ms. */
  readonly deadlineMs: number;
  /** @param replay they are part of a replay. */
  send(deliveries: readonly Delivery[], replay: boolean): void;
  /** Ends its stream. */
  end(reason: AnnalsError): void;
}

const SILENCE_MS = OBSERVATION.heartbeatMs * OBSERVATION.missedHeartbeats;

export class ClientRoster {
  readonly #clients = new Map<string, { readonly client: ObserverClient; heardAt: number }>();

  get size(): number {
    return this.#clients.size;
  }

  add(client: ObserverClient): void {
    this.#clients.set(client.id, { client, heardAt: performance.now() });
  }

  remove(id: string): boolean {
    return this.#clients.delete(id);
  }

  get(id: string): ObserverClient | undefined {
    return this.#clients.get(id)?.client;
  }

  list(): ObserverClient[] {
    return [...this.#clients.values()].map(({ client }) => client);
  }

  /** Deliveries by the client that each is for. */
  byClient(deliveries: readonly Delivery[]): Map<ObserverClient, Delivery[]> {
    const byClient = new Map<ObserverClient, Delivery[]>();
    for (const delivery of deliveries) {
      const client = this.get(delivery.client);
      if (client === undefined) continue;
      const theirs = byClient.get(client) ?? [];
      theirs.push(delivery);
      byClient.set(client, theirs);
    }
    return byClient;
  }

  heard(id: string): void {
    const entry = this.#clients.get(id);
    if (entry !== undefined) entry.heardAt = performance.now();
  }

  /** Those that have missed too many heartbeats. */
  silent(now: number): string[] {
    return [...this.#clients].filter(([, { heardAt }]) => now - heardAt > SILENCE_MS).map(([id]) => id);
  }
}
