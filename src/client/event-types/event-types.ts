import type { Observable } from 'rxjs';
import type { EventType__Output } from '../../contract/generated/annals/v1/EventType';
import type { EventTypesWatchResponse__Output } from '../../contract/generated/annals/v1/EventTypesWatchResponse';
import { AnnalsError } from '../../kernel/annals-error';
import { dateOf } from '../../contract/seconds-and-nanos';
import {
  GET_EVENT_TYPE,
  LIST_EVENT_TYPES,
  REGISTER_EVENT_TYPES,
  WATCH_EVENT_TYPES,
  WRITE_GENERATIONS,
  PREVIEW_MIGRATION,
} from '../calls';
import { checkText } from '../field-checks';
import { jobInfo } from '../jobs/job-info';
import { RunningJob, type Jobs } from '../jobs/jobs';
import { observe } from '../observable';
import type { Session } from '../session';
import type { CallOptions } from '../unary';
import { oneByOne, watch } from '../watch';
import { definitionOf, wireDefinition, type EventTypeDefinition } from './definition';
import { migrationPreview, previewRequest, type MigrationPreview, type PreviewOptions } from './preview';

/** The types of a store's events: registered, looked at, and changed without stopping anything. */

/** A definition, or what `eventType(…)` built. */
export type Registrable = EventTypeDefinition | { readonly definition: EventTypeDefinition };

export interface RegisteredType {
  readonly type: string;
  readonly latestGeneration: number;
  /** Nothing of it is new. */
  readonly unchanged: boolean;
  /** What is new, in words. */
  readonly changes: readonly string[];
}

export interface EventTypeInfo {
  readonly definition: EventTypeDefinition;
  readonly latestGeneration: number;
  readonly registered: Date | undefined;
  readonly changed: Date | undefined;
}

export interface RegisterOptions extends CallOptions {
  /** Checks all, and registers nothing. */
  readonly dryRun?: boolean | undefined;
}

export class EventTypes {
  readonly #session: Session;
  readonly #jobs: Jobs;
  readonly #namespace: { readonly store: string; readonly namespace: string };

  /** @internal Use `annals.eventTypes`. */
  constructor(session: Session, jobs: Jobs, namespace: { readonly store: string; readonly namespace: string }) {
    this.#session = session;
    this.#jobs = jobs;
    this.#namespace = namespace;
  }

  /**
   * Registers types for the store: all of them or none. The same again changes nothing, so every program registers what
   * it knows when it starts. Returns when every server knows them.
   *
   * @throws {AnnalsError} INVALID_EVENT_TYPE, INVALID_SCHEMA, INVALID_MIGRATION and their like, naming the place
   */
  async register(...types: readonly Registrable[]): Promise<RegisteredType[]> {
    return this.registerAll(types);
  }

  /** `register` with options. */
  async registerAll(
    types: readonly Registrable[],
    { dryRun = false, ...options }: RegisterOptions = {},
  ): Promise<RegisteredType[]> {
    const wire = types.map((type, i) => wireDefinition(plain(type), `types[${i}]`));
    const request = { store: this.#namespace.store, types: wire, dryRun };
    return (await this.#session.unary(REGISTER_EVENT_TYPES, request, options)).types;
  }

  async list(options: CallOptions = {}): Promise<EventTypeInfo[]> {
    const { store } = this.#namespace;
    return (await this.#session.unary(LIST_EVENT_TYPES, { store }, options)).types.map(infoOf);
  }

  /** Throws UNKNOWN_EVENT_TYPE. */
  async get(type: string, options: CallOptions = {}): Promise<EventTypeInfo> {
    const request = { store: this.#namespace.store, type: checkText('type', type) };
    const { type: told } = await this.#session.unary(GET_EVENT_TYPE, request, options);
    if (told === null) throw new AnnalsError('INTERNAL', 'The server told of no type');
    return infoOf(told);
  }

  /** All types of the store, then those that are registered or changed. Survives a lost connection, after which all come again. */
  watch({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterableIterator<
    readonly EventTypeInfo[],
    undefined
  > {
    this.#session.checkOpen();
    const watched = {
      call: WATCH_EVENT_TYPES,
      request: { store: this.#namespace.store },
      stateOf: ({ types }: EventTypesWatchResponse__Output) => types.map(infoOf),
    };
    return watch(this.#session.connection, watched, signal);
  }

  /** `watch` as an Observable: each subscriber watches by itself. */
  watch$(): Observable<readonly EventTypeInfo[]> {
    return observe((signal) => oneByOne(this.watch({ signal })));
  }

  /** What migrations do to given content, or to the last events of a type. Nothing is written. */
  async previewMigration(preview: PreviewOptions, options: CallOptions = {}): Promise<MigrationPreview[]> {
    const { type } = preview;
    const subject = typeof type === 'string' ? { type } : { definition: wireDefinition(plain(type), 'definition') };
    const request = { ...this.#namespace, ...previewRequest(preview), ...subject };
    return (await this.#session.unary(PREVIEW_MIGRATION, request, options)).previews.map(migrationPreview);
  }

  /**
   * Starts a job that writes the generations which stored events lack, because they were recorded before these existed.
   * Reading does not need it; it saves casting.
   */
  async writeGenerations({
    type = '',
    ...options
  }: CallOptions & { readonly type?: string | undefined } = {}): Promise<RunningJob> {
    const request = { store: this.#namespace.store, type: checkText('type', type) };
    const { job } = await this.#session.unary(WRITE_GENERATIONS, request, options);
    if (job === null) throw new AnnalsError('INTERNAL', 'The server told of no job');
    return new RunningJob(this.#jobs, jobInfo(job));
  }
}

const plain = (type: Registrable): EventTypeDefinition => ('definition' in type ? type.definition : type);

const infoOf = ({ definition, latestGeneration, registered, changed }: EventType__Output): EventTypeInfo => ({
  definition: definition === null ? { type: '', generations: [] } : definitionOf(definition),
  latestGeneration,
  registered: dateOf(registered),
  changed: dateOf(changed),
});
