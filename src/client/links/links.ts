import type { Observable } from 'rxjs';
import type { LinksAddRequest } from '../../contract/generated/annals/v1/LinksAddRequest';
import { durationOf } from '../../contract/seconds-and-nanos';
import { AnnalsError } from '../../kernel/annals-error';
import type { Call } from '../calls';
import { checkDate, checkNumber, checkText, invalidField } from '../field-checks';
import { wireSelection, type Selection } from '../filter';
import { observe } from '../observable';
import type { Session } from '../session';
import type { CallOptions } from '../unary';
import { oneByOne, watch } from '../watch';
import {
  ADD_LINK,
  GET_LINK,
  LIST_HELD,
  LIST_LINKS,
  PAUSE_LINK,
  REDRIVE_LINK,
  REMOVE_LINK,
  RESUME_LINK,
  WATCH_LINKS,
} from './calls';
import {
  heldPartition,
  linkInfo,
  redrivenPartition,
  type HeldPartition,
  type LinkInfo,
  type LinkMask,
  type RedrivenPartition,
} from './link-info';
import { prove, type Proof, type ProveOptions } from './prove';

/** The links that fill a namespace's inbox, as a person or a program looks after them. */

export type LinkSource =
  /** At another deployment: `annals://host:port[,host:port]/store?namespace=…`. */
  | { readonly connection: string; readonly sequence?: string | undefined }
  /** At this deployment. */
  | {
      readonly store: string;
      readonly namespace?: string | undefined;
      readonly sequence?: string | undefined;
      readonly connection?: undefined;
    };

export type AddLinkOptions = Selection &
  CallOptions & {
    /** The sequence is `outbox` unless given. */
    readonly source: LinkSource;
    /** Where it begins: a source number, the first event recorded at or after a time, or what is recorded from now on. 0 unless given. */
    readonly from?: number | Date | 'now' | undefined;
    /** What is kept in order, and held together when the target refuses an event. The event source unless given. */
    readonly partitionBy?: 'source' | 'whole' | { readonly property: string } | undefined;
    /** By type, the generation whose content is brought alone. Every one that is stored unless given. */
    readonly generations?: Readonly<Record<string, number>> | undefined;
    readonly mask?: readonly LinkMask[] | undefined;
    /** Relays that an event may have behind it. 8 unless given. */
    readonly hopLimit?: number | undefined;
    readonly paused?: boolean | undefined;
    /** Compares the two ends, and makes nothing. */
    readonly dryRun?: boolean | undefined;
  };

export interface AddedLink {
  readonly link: LinkInfo;
  /** It was not there before. */
  readonly created: boolean;
  /** What does not fit between the two ends. */
  readonly warnings: readonly string[];
}

export type RedriveOptions = CallOptions & {
  /** One partition. Every one that is held unless given. */
  readonly partition?: string | undefined;
  /** Instead of `partition`: the one that stands at this source number. */
  readonly sequenceNumber?: number | undefined;
  /**
   * Leaves events out that the target refuses: with `sequenceNumber` this one, without it each that it refuses now.
   * Why and who said so is kept, and told by a proof.
   */
  readonly skip?: { readonly reason: string; readonly who?: string | undefined } | undefined;
};

export class Links {
  readonly #session: Session;
  readonly #namespace: { readonly store: string; readonly namespace: string };

  /** @internal Use `annals.links`. */
  constructor(session: Session, namespace: { readonly store: string; readonly namespace: string }) {
    this.#session = session;
    this.#namespace = namespace;
  }

  /**
   * Makes a link into this namespace's inbox, once both ends are compared. The same again changes nothing.
   *
   * @example
   * await annals.links.add('billing', { source: { connection: 'annals://billing:4400/billing' }, types: ['invoice.sent'] });
   *
   * @throws {AnnalsError} LINK_EXISTS, LINK_CANNOT_WORK, SOURCE_UNREACHABLE
   */
  async add(id: string, options: AddLinkOptions): Promise<AddedLink> {
    const { signal, timeoutMs } = options;
    const { link, created, warnings } = await this.#session.unary(ADD_LINK, this.#request(id, options), {
      signal,
      timeoutMs,
    });
    if (link === null) throw new AnnalsError('INTERNAL', 'The server told of no link');
    return { link: linkInfo(link), created, warnings };
  }

  /** Ends a link. What it brought stays in the inbox. */
  async remove(id: string, options: CallOptions = {}): Promise<void> {
    await this.#ask(id, REMOVE_LINK, { link: this.#ref(id) }, options);
  }

  async list(options: CallOptions = {}): Promise<LinkInfo[]> {
    return (await this.#session.unary(LIST_LINKS, this.#namespace, options)).links.map(linkInfo);
  }

  /** Throws UNKNOWN_LINK. */
  async get(id: string, options: CallOptions = {}): Promise<LinkInfo> {
    const { link } = await this.#session.unary(GET_LINK, { link: this.#ref(id) }, options);
    if (link === null) throw new AnnalsError('UNKNOWN_LINK');
    return linkInfo(link);
  }

  /** The state of all links, at once and again whenever it changes. Survives a lost connection. */
  watch({ signal }: { readonly signal?: AbortSignal | undefined } = {}): AsyncIterableIterator<
    readonly LinkInfo[],
    undefined
  > {
    this.#session.checkOpen();
    const watched = {
      call: WATCH_LINKS,
      request: this.#namespace,
      stateOf: ({ links }: { readonly links: readonly Parameters<typeof linkInfo>[0][] }) => links.map(linkInfo),
    };
    return watch(this.#session.connection, watched, signal);
  }

  /** `watch` as an Observable: each subscriber watches by itself. */
  watch$(): Observable<readonly LinkInfo[]> {
    return observe((signal) => oneByOne(this.watch({ signal })));
  }

  /** Nothing is relayed until `resume`. The source loses nothing by it. */
  async pause(id: string, options: CallOptions = {}): Promise<void> {
    await this.#ask(id, PAUSE_LINK, { link: this.#ref(id) }, options);
  }

  /**
   * Goes on after a pause, and after a fault that somebody has looked at: from `position`, whatever the checkpoint says,
   * or with `acceptSource` from a source that was moved to another deployment.
   */
  async resume(
    id: string,
    {
      position,
      acceptSource = false,
      ...options
    }: CallOptions & { readonly position?: number | undefined; readonly acceptSource?: boolean | undefined } = {},
  ): Promise<void> {
    const request = {
      link: this.#ref(id),
      acceptSource,
      ...(position === undefined ? {} : { position: checkNumber('position', position) }),
    };
    await this.#ask(id, RESUME_LINK, request, options);
  }

  /** Tries again what the target refused, in order. Throws PARTITION_NOT_HELD. */
  async redrive(
    id: string,
    { partition, sequenceNumber, skip, ...options }: RedriveOptions = {},
  ): Promise<RedrivenPartition[]> {
    if (partition !== undefined && sequenceNumber !== undefined)
      throw invalidField('partition', 'stands beside sequenceNumber');
    const request = {
      link: this.#ref(id),
      ...(partition === undefined ? {} : { partition }),
      ...(sequenceNumber === undefined ? {} : { sequenceNumber: checkNumber('sequence_number', sequenceNumber) }),
      ...(skip === undefined ? {} : { skip: true, reason: skip.reason, who: skip.who ?? '' }),
    };
    return (await this.#ask(id, REDRIVE_LINK, request, options)).partitions.map(redrivenPartition);
  }

  /** The partitions that are held, and why. */
  async held(id: string, options: CallOptions = {}): Promise<HeldPartition[]> {
    return (await this.#session.unary(LIST_HELD, { link: this.#ref(id) }, options)).partitions.map(heldPartition);
  }

  /** Looks into both logs and says what became of every source number. */
  async prove(id: string, options: ProveOptions = {}): Promise<Proof> {
    this.#session.checkOpen();
    const { from, to } = options;
    const request = {
      link: this.#ref(id),
      ...(from === undefined ? {} : { from: checkNumber('from', from) }),
      ...(to === undefined ? {} : { to: checkNumber('to', to) }),
    };
    return prove(this.#session, request, options);
  }

  #request(id: string, options: AddLinkOptions): LinksAddRequest {
    const { source, from, partitionBy = 'source', generations = {}, mask = [] } = options;
    const { sequence = '' } = source;
    return {
      link: this.#ref(id),
      dryRun: options.dryRun ?? false,
      paused: options.paused ?? false,
      definition: {
        source:
          source.connection === undefined
            ? { store: source.store, namespace: source.namespace ?? '', sequence }
            : { connection: source.connection, sequence },
        filters: wireSelection(options),
        start: wireStart(from),
        partitionKey:
          partitionBy === 'source'
            ? {}
            : partitionBy === 'whole'
              ? { wholeSequence: true }
              : { property: partitionBy.property },
        generations: Object.entries(generations).map(([type, generation]) => ({ type, generation })),
        mask: mask.map(({ property, action, types = [] }) => ({
          property,
          types: [...types],
          action: action === 'drop' ? 'LINK_MASK_ACTION_DROP' : 'LINK_MASK_ACTION_HASH',
        })),
        hopLimit: options.hopLimit ?? 0,
      },
    };
  }

  async #ask<Request, Response>(
    id: string,
    call: Call<Request, Response>,
    request: Request,
    options: CallOptions,
  ): Promise<Response> {
    const { store, namespace } = this.#namespace;
    return this.#session.unaryToOwner(`link/${store}/${namespace}/${id}`, call, request, options);
  }

  #ref(id: string) {
    return { ...this.#namespace, link: checkText('link', id) };
  }
}

function wireStart(from: AddLinkOptions['from']) {
  if (from === undefined) return {};
  if (from === 'now') return { now: true };
  if (typeof from === 'number') return { number: checkNumber('from', from) };
  const time = checkDate('from', from);
  return time === undefined ? {} : { time: durationOf(time) };
}
