/** What the suites of ordered sequences share: names that no other test uses, documents, and events for them. */
import { awaitFact } from './await-fact';
import { OrderedCalls, type Shown } from './ordered-sequence-calls';
import { event, json, type RawClient } from './raw-client';

let serial = 0;

/** A name that no other test of this process uses. */
export const fresh = (name: string): string => `${name}-${process.pid}-${++serial}`;

/** A document whose operation is its own id. */
export const document = (sequenceId: string, events: readonly object[], rollback: object = {}, rest: object = {}) => ({
  sequenceId,
  name: 'invoice',
  events,
  metadata: { correlationId: sequenceId, causationId: '', source: { type: 'task', id: 't', name: 'test' }, tags: {} },
  rollback_strategy: { type: 'manual', max_retries: 0, compensating_events: [], ...rollback },
  ...rest,
});

/** Steps of orders 1, 2, 3 … whose events are `<sequenceId>-1`, `<sequenceId>-2` … */
export const steps = (sequenceId: string, count: number, each: object = {}): object[] =>
  Array.from({ length: count }, (_, i) => ({ eventId: `${sequenceId}-${i + 1}`, order: i + 1, ...each }));

export class Suite {
  readonly calls: OrderedCalls;

  constructor(readonly client: RawClient) {
    this.calls = new OrderedCalls(client);
  }

  async append(eventId: string, type: string, about: string, content: object = {}): Promise<number> {
    const { firstSequenceNumber } = await this.client.appended({
      sequence: {},
      events: [event({ eventId, type, correlationId: about, eventSourceId: about, content: json(content) })],
    });
    return firstSequenceNumber;
  }

  /** The events of `steps`, all of one type. */
  async appendAll(sequenceId: string, count: number, type: string): Promise<void> {
    const events = Array.from({ length: count }, (_, i) =>
      event({
        eventId: `${sequenceId}-${i + 1}`,
        type,
        correlationId: sequenceId,
        eventSourceId: sequenceId,
        content: json({ n: i + 1 }),
      }),
    );
    await this.client.appended({ sequence: {}, events });
  }

  /** Returns it once it is so. */
  async until(sequenceId: string, what: string, isSo: (shown: Shown) => boolean): Promise<Shown> {
    let shown: Shown | undefined;
    const instead = (): string => JSON.stringify(shown);
    await awaitFact(`${sequenceId} ${what}`, async () => isSo((shown = await this.calls.get(sequenceId))), { instead });
    return shown ?? this.calls.get(sequenceId);
  }

  async completed(sequenceId: string): Promise<Shown> {
    return this.until(sequenceId, 'is completed', ({ document: { status } }) => status === 'completed');
  }

  async waitsForPerson(sequenceId: string): Promise<Shown> {
    return this.until(sequenceId, 'waits for a person', ({ sequence: { phase } }) => phase.endsWith('NEEDS_PERSON'));
  }
}
