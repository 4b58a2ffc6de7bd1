import type { Observable } from 'rxjs';
import { encodeAppendRequest } from '../contract/append-codec';
import type { GetEventRequest } from '../contract/generated/annals/v1/GetEventRequest';
import type { NewEvent as WireNewEvent } from '../contract/messages';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { MAX_MESSAGE_BYTES } from '../kernel/limits';
import type { SequenceAddress } from '../kernel/names';
import { COMPENSATE, GET_EVENT, GET_TAIL, REDACT } from './calls';
import { carriedHere, tracedAppend } from './causation/appending';
import { currentContext, type EventContext } from './causation/event-context';
import { activeTracer } from './causation/tracer';
import {
  compensateRequest,
  compensateResult,
  redactRequest,
  redactResult,
  wireSelectionToRedact,
  type CompensateResult,
  type NewCompensation,
  type RedactOptions,
  type RedactResult,
  type RedactSelection,
} from './compensation';
import { contentTypeName, type ContentFormat } from './content-format';
import { checkGeneration, viewName, type ViewOptions } from './content-wanted';
import { AppendRefusedError } from './errors';
import { checkNumber, checkText } from './field-checks';
import { wireSelection, type Selection } from './filter';
import { wireEvents, wireExpectations, type Expectation, type NewEvent } from './new-event';
import { observe } from './observable';
import { ReadResult, type ReadOptions } from './read';
import { RecordedEvent, type UnknownContent } from './recorded-event';
import type { Session } from './session';
import { Subscription, type SubscribeOptions } from './subscription';
import type { CallOptions } from './unary';

/** One event sequence of a store and namespace: what a program appends to, reads and follows. */

export interface AppendOptions extends CallOptions {
  /** All must hold, or nothing is appended. */
  readonly expect?: Expectation | readonly Expectation[] | undefined;
}

export interface AppendResult {
  readonly firstSequenceNumber: number;
  readonly lastSequenceNumber: number;
  /** These events were recorded before, by this call or an earlier one with the same ids; nothing was written twice. */
  readonly duplicate: boolean;
  /** When they were committed, by the server's clock. */
  readonly recorded: Date;
  /** The events' ids, in order. */
  readonly eventIds: readonly string[];
}

export interface GetOptions extends CallOptions, ViewOptions {
  /** How content travels. BSON unless given. */
  readonly as?: ContentFormat | undefined;
  /** The generation in which the content is wanted. The latest of the event's type unless given. */
  readonly generation?: number | undefined;
  /** Every generation that is stored comes too, as `event.generations`. */
  readonly allGenerations?: boolean | undefined;
}

export type EventKey =
  | { readonly sequenceNumber: number; readonly eventId?: undefined }
  | { readonly eventId: string; readonly sequenceNumber?: undefined };

export class EventSequence {
  readonly address: SequenceAddress;
  private readonly session: Session;

  /** @internal */
  constructor(session: Session, address: SequenceAddress) {
    this.session = session;
    this.address = address;
  }

  /**
   * Appends one event or many: all of them, contiguous, or none. What is called in the same turn of
   * the event loop travels together. After a lost connection it is sent again by itself, and recorded
   * once. The event ids are made here unless given, so that this holds.
   *
   * What an event does not say of correlation, cause, identity and trace it takes from the event that is being
   * handled, or from `withContext`.
   *
   * Content is taken as it is when this is called; changing it later changes nothing. Await appends,
   * or some thousands at a time: those beyond what may be in flight are kept in memory.
   *
   * @throws {AppendRefusedError} rules stood against it (`violations`); nothing was recorded
   * @throws {AnnalsError} OUTCOME_UNKNOWN when time was up and nobody said whether it was recorded:
   *   append the same event ids again to find out; any other code when nothing was recorded
   */
  async append<Content extends object = object>(
    events: NewEvent<NoInfer<Content>> | readonly NewEvent<NoInfer<Content>>[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    this.session.checkOpen();
    // `Array.isArray` does not narrow a readonly array.
    const all = Array.isArray(events) ? (events as readonly NewEvent[]) : [events as NewEvent];
    const { propagate } = this.session;
    const tracer = propagate ? activeTracer() : undefined;
    if (tracer === undefined) return this.appendWire(wireEvents(all, propagate ? carriedHere() : undefined), options);
    const append = async (carried: EventContext) => this.appendWire(wireEvents(all, carried), options);
    return tracedAppend(tracer, this.address, append);
  }

  /** @internal For events that were given their ids and encoded before, and must stay the same. */
  async appendWire(
    wire: WireNewEvent[],
    { expect, signal, timeoutMs = this.session.timeoutMs }: AppendOptions,
  ): Promise<AppendResult> {
    this.session.checkOpen();
    const bytes = encodeAppendRequest({ sequence: this.address, events: wire, expectations: wireExpectations(expect) });
    if (bytes.length > MAX_MESSAGE_BYTES)
      throw overLimit('events', MAX_MESSAGE_BYTES, bytes.length, 'bytes as a message', 'CALL_TOO_LARGE');
    const response = await this.session.appends.append(bytes, timeoutMs, signal);
    if ('refused' in response) throw new AppendRefusedError(response.refused.violations);
    const { recorded, ...appended } = response.appended;
    // Every event was given its id before.
    return { ...appended, recorded: new Date(recorded), eventIds: wire.map((event) => event.eventId ?? '') };
  }

  get #carried(): EventContext | undefined {
    return this.session.propagate ? currentContext() : undefined;
  }

  /** @internal What stops before the client is closed. Returns how to call that off. */
  stopsFirst(stop: () => Promise<void>): () => void {
    return this.session.stopsFirst(stop);
  }

  /** Reads a range and ends. The call is made when the result is iterated. */
  read<Content = UnknownContent>(options: ReadOptions = {}): ReadResult<Content> {
    this.session.checkOpen();
    return new ReadResult(this.session.connection, this.address, { timeoutMs: this.session.timeoutMs, ...options });
  }

  /** Reads on from a number and stays. The call is made when the subscription is iterated. */
  subscribe<Content = UnknownContent>(options: SubscribeOptions = {}): Subscription<Content> {
    this.session.checkOpen();
    return new Subscription(this.session.connection, this.address, options);
  }

  /** `read` as an Observable: each subscriber reads anew. It pushes; see `observe` about slow subscribers. */
  read$<Content = UnknownContent>(options: Omit<ReadOptions, 'signal'> = {}): Observable<RecordedEvent<Content>> {
    return observe((signal) => this.read<Content>({ ...(options as ReadOptions), signal }).batches());
  }

  /** `subscribe` as an Observable: each subscriber follows by itself. It pushes; see `observe` about slow subscribers. */
  subscribe$<Content = UnknownContent>(
    options: Omit<SubscribeOptions, 'signal'> = {},
  ): Observable<RecordedEvent<Content>> {
    return observe((signal) => this.subscribe<Content>({ ...(options as SubscribeOptions), signal }).batches());
  }

  /** One event. Throws EVENT_NOT_FOUND when there is none. */
  async get<Content = UnknownContent>(
    key: EventKey,
    { as, generation = 0, view, allGenerations, ...options }: GetOptions = {},
  ): Promise<RecordedEvent<Content>> {
    const request: GetEventRequest = {
      sequence: this.address,
      contentType: contentTypeName(as),
      generation: checkGeneration('generation', generation),
      view: viewName(view),
      allGenerations: allGenerations === true,
      ...wireKey(key),
    };
    const event = await this.session.unary(GET_EVENT, request, options);
    if (event === undefined) throw new AnnalsError('EVENT_NOT_FOUND');
    return new RecordedEvent<Content>(event);
  }

  /**
   * Replaces an event's content: the original stays and can be read, the compensation is kept with it
   * and is announced on the log at a number of its own. Several may follow each other. Like an append
   * it is checked, cast to every generation, and recorded once however often it is sent.
   *
   * @throws {AppendRefusedError} rules stood against it (`violations`); nothing was recorded
   * @throws {AnnalsError} EVENT_NOT_FOUND, and what an append throws
   */
  async compensate<Content extends object = object>(
    key: EventKey,
    compensation: NewCompensation<Content>,
    options: CallOptions = {},
  ): Promise<CompensateResult> {
    const request = { sequence: this.address, ...wireKey(key), ...compensateRequest(compensation, this.#carried) };
    return compensateResult(await this.session.unary(COMPENSATE, request, options));
  }

  /**
   * Takes the content of events away for good: of one, or of all of one type about one source. That it
   * happened and why stays, and is announced on the log. What was redacted before is passed over.
   */
  async redact(
    what: EventKey | RedactSelection,
    redaction: RedactOptions,
    options: CallOptions = {},
  ): Promise<RedactResult> {
    const which = 'type' in what ? { selection: wireSelectionToRedact(what) } : wireKey(what);
    const request = { sequence: this.address, ...which, ...redactRequest(redaction, this.#carried) };
    return redactResult(await this.session.unary(REDACT, request, options));
  }

  /** The last number, of the whole sequence or of what the filter selects; undefined when there is no such event. */
  async tail(selection: Selection = {}, options: CallOptions = {}): Promise<number | undefined> {
    const request = { sequence: this.address, filters: wireSelection(selection) };
    return (await this.session.unary(GET_TAIL, request, options)).sequenceNumber;
  }
}

const wireKey = (key: EventKey): Pick<GetEventRequest, 'sequenceNumber' | 'eventId'> =>
  key.eventId === undefined
    ? { sequenceNumber: checkNumber('sequence_number', key.sequenceNumber) }
    : { eventId: checkText('event_id', key.eventId) };
