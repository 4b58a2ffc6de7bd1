import type { Observable } from 'rxjs';
import { AnnalsError } from '../../kernel/annals-error';
import type { GivenDefinition, GivenDocument, Json, SequenceDefinition } from '../../contract/sequence-document';
import type { Call } from '../calls';
import { callFailure } from '../errors';
import { checkText } from '../field-checks';
import { Iteration } from '../iteration';
import { observe } from '../observable';
import { ResponseStream } from '../response-stream';
import { Backoff, pause } from '../retry';
import type { Session } from '../session';
import type { CallOptions } from '../unary';
import { watch } from '../watch';
import {
  AUDIT,
  CREATE,
  DEFINE,
  GET,
  GET_STATISTICS,
  LIST,
  LIST_DEFINITIONS,
  PREVIEW_TEMPLATE,
  REBUILD,
  RESOLVE,
  WATCH,
} from './calls';
import { ownedName, Processing, type ProcessOptions, type StepHandlers } from './processing';
import {
  auditEntry,
  jsonOf,
  renderedTemplate,
  sequenceInfo,
  sequenceStatistics,
  type AuditEntry,
  type OrderedSequenceInfo,
  type RenderedTemplate,
  type SequenceStatistics,
} from './sequence-info';
import {
  isInstance,
  jsonBytes,
  wireFilter,
  wireInstance,
  WIRE_ACTIONS,
  type AsJson,
  type InstanceOf,
  type ResolveAction,
  type SequenceSelection,
} from './wire-selection';

/** Ordered sequences (sagas) of a namespace: begins them, works their steps, and looks after them. */

export type ResolveOptions = CallOptions & {
  /** The step that it is about; the one that stands in the way unless given. */
  readonly eventId?: string | undefined;
  /** Who does it: an identity. Kept for ever. */
  readonly who?: string | undefined;
  readonly why?: string | undefined;
  /** Says what would happen, and does nothing. */
  readonly dryRun?: boolean | undefined;
  /** Of `complete`: what templates may use. */
  readonly output?: Json | undefined;
};

export interface Resolved {
  /** What happens, a sentence each. */
  readonly consequences: readonly string[];
  /** As it is then; with `dryRun` as it is now. */
  readonly sequence: OrderedSequenceInfo;
}

export class OrderedSequences {
  readonly #session: Session;
  readonly #namespace: { readonly store: string; readonly namespace: string };

  /** @internal Use `annals.orderedSequences`. */
  constructor(session: Session, namespace: { readonly store: string; readonly namespace: string }) {
    this.#session = session;
    this.#namespace = namespace;
  }

  /** Records a definition under its name and version. The same again changes nothing; another under them is refused. */
  async define(
    definition: AsJson<GivenDefinition>,
    options: CallOptions = {},
  ): Promise<{ readonly name: string; readonly version: string; readonly created: boolean }> {
    return this.#ask(DEFINE, { namespace: this.#namespace, definition: jsonBytes(definition) }, options);
  }

  /** Every version of every definition, or of one. */
  async definitions({ name = '', ...options }: CallOptions & { readonly name?: string } = {}): Promise<
    SequenceDefinition[]
  > {
    const { definitions } = await this.#ask(LIST_DEFINITIONS, { namespace: this.#namespace, name }, options);
    // The contract says what this JSON is.
    return definitions.map((bytes) => jsonOf(bytes) as unknown as SequenceDefinition);
  }

  /**
   * Begins an ordered sequence. The same document again is the same sequence; another under the same id is refused.
   *
   * @example
   * await annals.orderedSequences.create({
   *   sequenceId: 'order-17',
   *   name: 'order',
   *   events: [{ eventId: 'order-17/paid', order: 1 }, { eventId: 'order-17/shipped', order: 2 }],
   * });
   *
   * @throws {AnnalsError} INVALID_DOCUMENT, naming the place; ORDERED_SEQUENCE_EXISTS, UNKNOWN_DEFINITION, SEQUENCE_CIRCLE
   */
  async create(
    from: AsJson<GivenDocument> | InstanceOf,
    { dryRun = false, ...options }: CallOptions & { readonly dryRun?: boolean } = {},
  ): Promise<{ readonly sequence: OrderedSequenceInfo; readonly created: boolean }> {
    const given = isInstance(from) ? { instance: wireInstance(from) } : { document: jsonBytes(from) };
    const { sequence, created } = await this.#ask(CREATE, { namespace: this.#namespace, dryRun, ...given }, options);
    return { sequence: sequenceInfo(told(sequence)), created };
  }

  /** Also one that is archived. Throws UNKNOWN_ORDERED_SEQUENCE. */
  async get(sequenceId: string, options: CallOptions = {}): Promise<OrderedSequenceInfo> {
    const request = { namespace: this.#namespace, sequenceId: checkText('sequence_id', sequenceId) };
    return sequenceInfo(told((await this.#ask(GET, request, options)).sequence));
  }

  /** All that are selected, page by page as they are asked for. Active ones alone unless the selection says otherwise. */
  async *list({
    pageSize = 0,
    signal,
    timeoutMs,
    ...selection
  }: SequenceSelection & CallOptions & { readonly pageSize?: number | undefined } = {}): AsyncGenerator<
    OrderedSequenceInfo,
    void,
    undefined
  > {
    let pageToken = '';
    do {
      const request = { namespace: this.#namespace, filter: wireFilter(selection), pageSize, pageToken };
      const page = await this.#ask(LIST, request, { signal, timeoutMs });
      yield* page.sequences.map(sequenceInfo);
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
  }

  /** Those that are selected: each at once, and again after each change. Survives a lost connection. */
  watch({
    signal,
    sequenceId = '',
    ...selection
  }: SequenceSelection & {
    /** This one alone; it need not be there yet. */
    readonly sequenceId?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {}): AsyncIterableIterator<readonly OrderedSequenceInfo[], undefined> {
    this.#session.checkOpen();
    const watched = {
      call: WATCH,
      request: { namespace: this.#namespace, filter: wireFilter(selection), sequenceId },
      stateOf: ({ sequences }: { readonly sequences: readonly Parameters<typeof sequenceInfo>[0][] }) =>
        sequences.map(sequenceInfo),
    };
    return watch(this.#session.connection, watched, signal, this.#session.wayToOwner(ownedName(this.#namespace)));
  }

  /** `watch` as an Observable: each subscriber watches by itself. */
  watch$(
    selection: SequenceSelection & { readonly sequenceId?: string | undefined } = {},
  ): Observable<OrderedSequenceInfo> {
    return observe((signal) => this.watch({ ...selection, signal }));
  }

  /**
   * Works the steps whose events are of these types, until it is stopped. What a handler returns is there for templates;
   * what it throws fails the attempt, a `PermanentFailure` for good. At least once: every attempt at a step has the same
   * `idempotencyKey`, which belongs on whatever the handler asks for.
   *
   * @example
   * annals.orderedSequences.process({
   *   InvoiceCreated: async (step) => ({ entry_id: await ledger.post(step.event.content, step.idempotencyKey) }),
   * });
   */
  process(handlers: StepHandlers, options: ProcessOptions = {}): Processing {
    return new Processing(this.#session, this.#namespace, handlers, options);
  }

  /**
   * A person's act. Refused, with CANNOT_RESOLVE, when it would make no progress.
   *
   * @example
   * const { consequences } = await annals.orderedSequences.resolve('order-17', 'skip', { dryRun: true });
   */
  async resolve(
    sequenceId: string,
    action: ResolveAction,
    { eventId = '', who = '', why = '', dryRun = false, output, ...options }: ResolveOptions = {},
  ): Promise<Resolved> {
    const request = {
      namespace: this.#namespace,
      sequenceId: checkText('sequence_id', sequenceId),
      action: WIRE_ACTIONS[action],
      eventId,
      who,
      why,
      dryRun,
      ...(output === undefined ? {} : { output: Buffer.from(JSON.stringify(output)) }),
    };
    const { consequences, sequence } = await this.#ask(RESOLVE, request, options);
    return { consequences, sequence: sequenceInfo(told(sequence)) };
  }

  /** Renders a template against a sequence's real events, or its own templates. Appends nothing. */
  async previewTemplate(
    sequenceId: string,
    {
      template,
      error,
      ...options
    }: CallOptions & {
      readonly template?: Json | undefined;
      /** Stands for `${error…}`; the sequence's own failure unless given. */
      readonly error?: { readonly code?: string; readonly message: string } | undefined;
    } = {},
  ): Promise<RenderedTemplate[]> {
    const request = {
      namespace: this.#namespace,
      sequenceId: checkText('sequence_id', sequenceId),
      ...(template === undefined ? {} : { template: Buffer.from(JSON.stringify(template)) }),
      ...(error === undefined ? {} : { error: Buffer.from(JSON.stringify(error)) }),
    };
    return (await this.#ask(PREVIEW_TEMPLATE, request, options)).rendered.map(renderedTemplate);
  }

  /** Everything that was decided, tried, answered, rendered and done about a sequence, in order. */
  audit(
    sequenceId: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncIterableIterator<AuditEntry, undefined> {
    const request = { namespace: this.#namespace, sequenceId: checkText('sequence_id', sequenceId) };
    return this.#stream(AUDIT, request, signal, ({ entries }) => entries.map(auditEntry));
  }

  async statistics({
    name = '',
    ...options
  }: CallOptions & { readonly name?: string } = {}): Promise<SequenceStatistics> {
    return sequenceStatistics(await this.#ask(GET_STATISTICS, { namespace: this.#namespace, name }, options));
  }

  /** Makes the projections anew from the log. Tells how far it is, in numbers of the log, until it is done. */
  rebuild({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterableIterator<
    { readonly done: number; readonly of: number; readonly finished: boolean },
    undefined
  > {
    return this.#stream(REBUILD, { namespace: this.#namespace }, signal, (progress) => [progress]);
  }

  #stream<Request, Response, Element>(
    call: Call<Request, Response>,
    request: Request,
    signal: AbortSignal | undefined,
    elements: (response: Response) => readonly Element[],
  ): AsyncIterableIterator<Element, undefined> {
    this.#session.checkOpen();
    const { connection, owners } = this.#session;
    const owned = ownedName(this.#namespace);
    const backoff = new Backoff();
    async function* all(over: AbortSignal): AsyncGenerator<Element, void, undefined> {
      for (;;) {
        const link = await owners.ready(owned, over);
        const stream = new ResponseStream(link.responses(call.path, call.encode(request)), over);
        try {
          for (let message = await stream.next(); message !== undefined; message = await stream.next()) {
            yield* elements(call.decode(message));
          }
          return;
        } catch (cause) {
          const { error } = callFailure(cause);
          // Who is not the owner says so before anything else.
          if (over.aborted || !owners.follow(owned, error)) throw over.aborted ? cause : error;
        } finally {
          stream.close();
        }
        await pause(backoff.next(), over);
      }
    }
    return new Iteration(all, [connection.closed, signal]);
  }

  async #ask<Request, Response>(
    call: Call<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    return this.#session.unaryToOwner(ownedName(this.#namespace), call, request, options);
  }
}

/** The server tells of a sequence or says why not. */
function told<Sequence>(sequence: Sequence | null): Sequence {
  if (sequence === null) throw new AnnalsError('INTERNAL', 'The server told of no ordered sequence');
  return sequence;
}
