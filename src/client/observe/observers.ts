import type { Observable } from 'rxjs';
import { AnnalsError } from '../../kernel/annals-error';
import {
  CANCEL_REPLAY,
  GET_OBSERVER,
  LIST_FAILED_PARTITIONS,
  LIST_OBSERVERS,
  PAUSE_OBSERVER,
  REPLAY,
  RESUME_OBSERVER,
  RETRY_PARTITION,
  SKIP_EVENT,
  WAIT_FOR,
  type Call,
} from '../calls';
import { checkDate, checkNumber, checkText, invalidField } from '../field-checks';
import { observe as observable } from '../observable';
import type { Session } from '../session';
import { durationOf, msOf } from '../../contract/seconds-and-nanos';
import type { CallOptions } from '../unary';
import { oneByOne } from '../watch';
import { ownedName } from './observation';
import { failedPartition, observerInfo, type FailedPartition, type ObserverInfo } from './observer-info';
import { watchObservers } from './watch';

/** The observers of a store's namespace, as a person or a program looks after them. */

export interface ReplayOptions extends CallOptions {
  /** Inclusive. The beginning unless given. */
  readonly from?: number | undefined;
  /** Instead of `from`: the first event recorded at or after this time. */
  readonly fromTime?: Date | undefined;
  /** Inclusive. The last event before the observer's position unless given. */
  readonly to?: number | undefined;
  /** One partition alone. */
  readonly partition?: string | undefined;
  /** Says what it would do, and does nothing. */
  readonly dryRun?: boolean | undefined;
}

export interface ReplayPlan {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** Events that will be delivered. */
  readonly events: number;
  /** About how long, in ms, by the observer's rate so far; undefined when it is not known. */
  readonly estimateMs: number | undefined;
}

/** `held`: a failure holds the event's partition, so that waiting longer may not help. `timed-out`: it is not handled yet. */
export type Waited =
  | { readonly outcome: 'handled'; readonly position: number }
  | { readonly outcome: 'held'; readonly position: number; readonly held: FailedPartition }
  | { readonly outcome: 'timed-out' };

export class Observers {
  readonly #session: Session;
  readonly #namespace: { readonly store: string; readonly namespace: string };

  /** @internal Use `annals.observers`. */
  constructor(session: Session, namespace: { readonly store: string; readonly namespace: string }) {
    this.#session = session;
    this.#namespace = namespace;
  }

  async list(options: CallOptions = {}): Promise<ObserverInfo[]> {
    return (await this.#session.unary(LIST_OBSERVERS, this.#namespace, options)).observers.map(observerInfo);
  }

  /** Throws UNKNOWN_OBSERVER. Asks the owner, which knows what is not written yet. */
  async get(id: string, options: CallOptions = {}): Promise<ObserverInfo> {
    const request = { observer: this.#ref(id) };
    let { observer } = await this.#session.unary(GET_OBSERVER, request, options);
    // Any server answers; the owner knows best, as who is connected and what is in flight.
    if (observer !== null && observer.ownerAddress !== '' && observer.clients.length === 0) {
      ({ observer } = await this.#ask(id, GET_OBSERVER, request, options, observer.ownerAddress));
    }
    if (observer === null) throw new AnnalsError('UNKNOWN_OBSERVER');
    return observerInfo(observer);
  }

  /** The state of all observers, at once and again whenever it changes. Survives a lost connection. */
  watch({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterableIterator<
    readonly ObserverInfo[],
    undefined
  > {
    this.#session.checkOpen();
    return watchObservers(this.#session.connection, this.#namespace, signal);
  }

  /** `watch` as an Observable: each subscriber watches by itself. */
  watch$(): Observable<readonly ObserverInfo[]> {
    return observable((signal) => oneByOne(this.watch({ signal })));
  }

  /** Delivers events again, marked as replay. Throws NOTHING_TO_REPLAY. */
  async replay(
    id: string,
    { from, fromTime, to, partition, dryRun = false, ...options }: ReplayOptions = {},
  ): Promise<ReplayPlan> {
    if (from !== undefined && fromTime !== undefined) throw invalidField('from', 'stands beside fromTime');
    const time = checkDate('from_time', fromTime);
    const request = {
      observer: this.#ref(id),
      dryRun,
      ...(from === undefined ? {} : { from: checkNumber('from', from) }),
      ...(to === undefined ? {} : { to: checkNumber('to', to) }),
      ...(time === undefined ? {} : { fromTime: durationOf(time) }),
      ...(partition === undefined ? {} : { partition: checkText('partition', partition) }),
    };
    const plan = await this.#ask(id, REPLAY, request, options);
    return { from: plan.from, to: plan.to, events: plan.events, estimateMs: msOf(plan.estimate) };
  }

  /** Ends a replay where it stands; the observer goes on where it was before. False: there was none. */
  async cancelReplay(id: string, options: CallOptions = {}): Promise<boolean> {
    return (await this.#ask(id, CANCEL_REPLAY, { observer: this.#ref(id) }, options)).cancelled;
  }

  /** Tries a failed or quarantined partition again, now. Throws PARTITION_NOT_FAILED. */
  async retryPartition(id: string, partition: string, options: CallOptions = {}): Promise<void> {
    await this.#ask(id, RETRY_PARTITION, { observer: this.#ref(id), partition }, options);
  }

  /** Goes past the event that a failed partition stands at; `reason` is kept in the audit. Throws PARTITION_NOT_FAILED. */
  async skipEvent(
    id: string,
    { partition, sequenceNumber, reason }: { partition: string; sequenceNumber: number; reason: string },
    options: CallOptions = {},
  ): Promise<void> {
    checkNumber('sequence_number', sequenceNumber);
    await this.#ask(id, SKIP_EVENT, { observer: this.#ref(id), partition, sequenceNumber, reason }, options);
  }

  /** Stops deliveries, also those of a replay, until `resume`. What is on its way is still acknowledged. */
  async pause(id: string, options: CallOptions = {}): Promise<void> {
    await this.#ask(id, PAUSE_OBSERVER, { observer: this.#ref(id) }, options);
  }

  async resume(id: string, options: CallOptions = {}): Promise<void> {
    await this.#ask(id, RESUME_OBSERVER, { observer: this.#ref(id) }, options);
  }

  /** The partitions that a failure holds, and why. */
  async failedPartitions(id: string, options: CallOptions = {}): Promise<FailedPartition[]> {
    const request = { observer: this.#ref(id) };
    return (await this.#session.unary(LIST_FAILED_PARTITIONS, request, options)).partitions.map(failedPartition);
  }

  /** Returns once the observer has handled a number: read your own writes from what it projects. */
  async waitFor(id: string, sequenceNumber: number, options: CallOptions = {}): Promise<Waited> {
    const request = { observer: this.#ref(id), sequenceNumber: checkNumber('sequence_number', sequenceNumber) };
    const timeUp = new AnnalsError('CANCELLED', 'The time to wait was over');
    try {
      const { handled, position, held } = await this.#session.unaryToOwner(this.#owned(id), WAIT_FOR, request, {
        ...options,
        timeUp,
      });
      if (handled) return { outcome: 'handled', position };
      return held === null ? { outcome: 'timed-out' } : { outcome: 'held', position, held: failedPartition(held) };
    } catch (error) {
      if (error === timeUp) return { outcome: 'timed-out' };
      throw error;
    }
  }

  async #ask<Request, Response>(
    id: string,
    call: Call<Request, Response>,
    request: Request,
    options: CallOptions,
    owner?: string,
  ): Promise<Response> {
    const owned = this.#owned(id);
    if (owner !== undefined) {
      this.#session.owners.follow(owned, new AnnalsError('OWNED_ELSEWHERE', undefined, { metadata: { owner } }));
    }
    return this.#session.unaryToOwner(owned, call, request, options);
  }

  #owned(id: string): string {
    return ownedName({ ...this.#namespace, observer: id });
  }

  #ref(id: string) {
    return { ...this.#namespace, observer: checkText('observer', id) };
  }
}
