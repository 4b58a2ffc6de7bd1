/** What people ask of observers, in the default namespace, over the wire as any client would. */
import type { FailedPartition__Output } from '../../src/contract/generated/annals/v1/FailedPartition';
import type { ListFailedPartitionsResponse__Output } from '../../src/contract/generated/annals/v1/ListFailedPartitionsResponse';
import type { Observer__Output } from '../../src/contract/generated/annals/v1/Observer';
import type { ObserversGetResponse__Output } from '../../src/contract/generated/annals/v1/ObserversGetResponse';
import type { ObserversListResponse__Output } from '../../src/contract/generated/annals/v1/ObserversListResponse';
import type { ObserverDefinition } from '../../src/contract/generated/annals/v1/ObserverDefinition';
import type { Register } from '../../src/contract/generated/annals/v1/Register';
import type { ReplayRequest } from '../../src/contract/generated/annals/v1/ReplayRequest';
import type { ReplayResponse__Output } from '../../src/contract/generated/annals/v1/ReplayResponse';
import type { WaitForResponse__Output } from '../../src/contract/generated/annals/v1/WaitForResponse';
import type { ExpectedEvent, ObservationRecord } from '../history/observations';
import { awaitFact, type Patience } from './await-fact';
import type { RawClient, SequenceRef } from './raw-client';

export type { FailedPartition__Output, Observer__Output, ReplayRequest };

/** A registration of an observer on a sequence. */
export const registration = (
  observer: string,
  { sequence }: SequenceRef,
  definition: ObserverDefinition = {},
  rest: Register = {},
): Register => ({ observer: { observer }, definition: { sequence: sequence ?? '', ...definition }, ...rest });

let serial = 0;

/** An id that no other test uses. */
export const freshObserver = (): string => `observer-${process.pid.toString(36)}-${(++serial).toString(36)}`;

export class ObserverCalls {
  constructor(
    readonly client: RawClient,
    readonly id: string,
  ) {}

  get ref() {
    return { observer: this.id };
  }

  /** The same observer through another server. */
  through(client: RawClient): ObserverCalls {
    return new ObserverCalls(client, this.id);
  }

  async get(): Promise<Observer__Output> {
    const { observer } = await this.#call<ObserversGetResponse__Output>('Get', { observer: this.ref });
    if (observer === null) throw new Error(`no ${this.id}`);
    return observer;
  }

  async list(): Promise<Observer__Output[]> {
    return (await this.#call<ObserversListResponse__Output>('List', {})).observers;
  }

  async failed(): Promise<FailedPartition__Output[]> {
    const request = { observer: this.ref };
    return (await this.#call<ListFailedPartitionsResponse__Output>('ListFailedPartitions', request)).partitions;
  }

  async replay(request: Omit<ReplayRequest, 'observer'> = {}): Promise<ReplayResponse__Output> {
    return this.#call('Replay', { observer: this.ref, ...request });
  }

  async cancelReplay(): Promise<boolean> {
    return (await this.#call<{ cancelled: boolean }>('CancelReplay', { observer: this.ref })).cancelled;
  }

  async retry(partition: string): Promise<object> {
    return this.#call('RetryPartition', { observer: this.ref, partition });
  }

  async skip(partition: string, sequenceNumber: number, reason = 'broken by a test'): Promise<object> {
    return this.#call('SkipEvent', { observer: this.ref, partition, sequenceNumber, reason });
  }

  async pause(): Promise<object> {
    return this.#call('Pause', { observer: this.ref });
  }

  async resume(): Promise<object> {
    return this.#call('Resume', { observer: this.ref });
  }

  async waitFor(sequenceNumber: number): Promise<WaitForResponse__Output> {
    return this.#call('WaitFor', { observer: this.ref, sequenceNumber });
  }

  /** Waits until every number below `number` is handled or held. */
  async awaitPosition(number: number, patience: Patience = {}): Promise<void> {
    let last: Observer__Output | undefined;
    await awaitFact(
      `${this.id} stands at ${number}`,
      async () => {
        last = await passing(this.get());
        return last !== undefined && last.position >= number;
      },
      { ...patience, instead: () => JSON.stringify(last) },
    );
  }

  async awaitState(state: string, patience: Patience = {}): Promise<Observer__Output> {
    let last: Observer__Output | undefined;
    await awaitFact(
      `${this.id} is ${state}`,
      async () => {
        last = await passing(this.get());
        return last?.state === `OBSERVER_STATE_${state}`;
      },
      { ...patience, instead: () => JSON.stringify(last) },
    );
    if (last === undefined) throw new Error('it was just there');
    return last;
  }

  async awaitFailed(count: number, patience: Patience = {}): Promise<FailedPartition__Output[]> {
    let last: FailedPartition__Output[] | undefined;
    await awaitFact(
      `${count} partitions of ${this.id} have failed`,
      async () => (last = await passing(this.failed()))?.length === count,
      { ...patience, instead: () => JSON.stringify(last)?.slice(0, 2_000) ?? 'no answer' },
    );
    return last ?? [];
  }

  /**
   * Writes down where the observer stands. What is held is asked before and after: a partition that was held at either
   * moment may explain why the position passed its event.
   */
  async writePositionDown(book: ObservationRecord[]): Promise<void> {
    const before = await this.failed();
    const { position } = await this.get();
    // From here on records in the book may be later than the position, which is to the position's favour only.
    const held = [...before, ...(await this.failed())].map(({ partition, heldFrom: from }) => ({ partition, from }));
    held.sort((a, b) => b.from - a.from);
    book.push({ kind: 'position', position, held });
  }

  async #call<Response>(method: string, request: object): Promise<Response> {
    return this.client.unary('Observers', method, request);
  }
}

/** While a fact is awaited: the observer may not be there yet, or its server or database be away for a moment. */
const passing = <T>(answer: Promise<T>): Promise<T | undefined> => answer.catch(() => undefined);

/** Events read at once: a million of them would be more than a call has time for. */
const EXPECTED_PER_READ = 50_000;

/** The log as an observer of all events must handle it, partitioned by event source. */
export async function expectedOf(client: RawClient, sequence: SequenceRef): Promise<ExpectedEvent[]> {
  const expected: ExpectedEvent[] = [];
  for (;;) {
    const from = (expected.at(-1)?.number ?? -1) + 1;
    const events = await client.read({ sequence, from, limit: EXPECTED_PER_READ });
    for (const { sequenceNumber: number, eventSourceId: partition } of events) expected.push({ number, partition });
    if (events.length < EXPECTED_PER_READ) return expected;
  }
}
