/**
 * Events of a trace as bytes of an answer, written by hand: an answer has thousands of them, and the general
 * serializer takes ten times as long. What few of them have goes through it all the same.
 */
import type { Failure, FoundAnnouncement, Part, Sighting, Told } from '../../observers/correlation/found';
import type { Item, TraceItem } from '../../observers/correlation/items';
import { sightingsOf, type EventNode } from '../../observers/correlation/sightings';
import type { Announcement } from '../contract/generated/annals/v1/Announcement';
import type { Identity } from '../contract/generated/annals/v1/Identity';
import type { ObserverFailureAt } from '../contract/generated/annals/v1/ObserverFailureAt';
import type { SequencePart } from '../contract/generated/annals/v1/SequencePart';
import type { Sighting as SightingMessage } from '../contract/generated/annals/v1/Sighting';
import type { TraceNode } from '../contract/generated/annals/v1/TraceNode';
import { durationOf } from '../contract/seconds-and-nanos';
import { messageCodec } from '../contract/services';
import { writeTimestamp } from '../contract/timestamp';
import { ProtoWriter } from '../contract/wire/proto-writer';
import type { IdentityRecord } from '../storage/identities';
import { identityMessage } from './identity-messages';
import { rareNodeMessage, type Ours } from './correlation-messages';

/** `TRACE_NODE_KIND_EVENT`. */
const KIND_EVENT = 1;

/** Bytes of a node and of a sighting, about: a guess with as many digits saves moving them. */
const NODE_BYTES = 400;
const SIGHTING_BYTES = 60;

/** The list of nodes in an answer, and of events in one to another server. */
const NODES = 1;

const nodeCodec = messageCodec<TraceNode>('TraceNode');
const identityCodec = messageCodec<Identity>('Identity');
const failureCodec = messageCodec<ObserverFailureAt>('ObserverFailureAt');
const partCodec = messageCodec<SequencePart>('SequencePart');
const announcementCodec = messageCodec<Announcement>('Announcement');

/** What a node is in the tree that it was put into. */
type TreePlace = Omit<Item, 'of'>;

/** For one answer: few identities stand at most of its nodes, so each is encoded once. */
export class TraceNodeBytes {
  readonly #writer = new ProtoWriter();
  readonly #identities = new Map<IdentityRecord, Buffer>();

  /** @param ours the deployment that need not be named; undefined: every one is. */
  constructor(private readonly ours: Ours) {}

  /** The field `nodes` of an answer. */
  nodes(items: readonly TraceItem[]): Buffer {
    for (const { item, told } of items) {
      const { of } = item;
      if (of.kind === 'event') this.#event(of.node, told, item);
      else this.#writer.presentBytes(NODES, nodeCodec.encode(rareNodeMessage(item, of, this.ours)));
    }
    return this.#writer.finish();
  }

  /** The field `events` of an answer to another server. */
  seen(nodes: readonly EventNode[], told: ReadonlyMap<string, Told>, nothing: Told): Buffer {
    const writer = this.#writer;
    for (const node of nodes) {
      const { origin, hops, announcedAt } = node.event;
      const start = writer.open(NODES, NODE_BYTES);
      this.#event(node, told.get(node.id) ?? nothing, undefined);
      if (origin !== undefined) this.#sighting(2, origin);
      writer.uint(3, hops);
      for (const number of announcedAt) writer.presentUint(4, number);
      writer.close(start);
    }
    return writer.finish();
  }

  /** Without a place it has the sighting alone that the event was found at. */
  #event(node: EventNode, told: Told, place: TreePlace | undefined): void {
    const writer = this.#writer;
    const { event } = node;
    const start = writer.open(NODES, NODE_BYTES);
    if (place !== undefined) this.#place(place);
    writer.uint(5, KIND_EVENT);
    writer.string(6, event.eventId);
    writer.string(7, event.type);
    writer.string(8, event.eventSourceId);
    writer.string(9, event.correlationId);
    writer.string(10, event.causationId);
    this.#identity(event.causedBy, told.identity);
    writeTimestamp(writer, 12, event.occurred.getTime());
    writer.strings(13, event.tags);
    writer.string(14, event.traceParent);
    for (const sighting of place === undefined ? [event.at] : sightingsOf(node)) this.#sighting(15, sighting);
    for (const failure of told.failures) writer.presentBytes(16, failureCodec.encode(this.#failure(failure)));
    for (const part of told.parts) writer.presentBytes(17, partCodec.encode(partMessage(part)));
    const { announcement } = event;
    if (announcement !== undefined) {
      writer.presentBytes(19, announcementCodec.encode(announcementMessage(announcement)));
    }
    writer.bool(20, event.redacted);
    writer.uint(21, event.compensations);
    writer.close(start);
  }

  #place({ id, parent = '', depth, parentElsewhere, circular, cut }: TreePlace): void {
    const writer = this.#writer;
    writer.string(1, id);
    writer.string(2, parent);
    writer.uint(3, depth);
    writer.bool(4, parentElsewhere);
    writer.bool(22, circular);
    writer.bool(23, cut);
  }

  /** Somebody whom nobody described has the id alone. */
  #identity(id: string, record: IdentityRecord | undefined): void {
    const writer = this.#writer;
    if (record !== undefined) {
      let bytes = this.#identities.get(record);
      if (bytes === undefined) this.#identities.set(record, (bytes = identityCodec.encode(identityMessage(record))));
      writer.presentBytes(11, bytes);
    } else if (id !== '') {
      const start = writer.open(11, id.length);
      writer.string(1, id);
      writer.close(start);
    }
  }

  #sighting(field: number, { store, namespace, sequence, number, recorded, address, link, deployment }: Sighting) {
    const writer = this.#writer;
    const start = writer.open(field, SIGHTING_BYTES);
    writer.string(1, store);
    writer.string(2, namespace);
    writer.string(3, sequence);
    writer.uint(4, number);
    writeTimestamp(writer, 5, recorded.getTime());
    writer.string(6, address);
    writer.string(7, link);
    if (deployment !== this.ours) writer.string(8, deployment);
    writer.close(start);
  }

  #failure({ at, ...failure }: Failure): ObserverFailureAt {
    const { number: sequenceNumber, recorded, deployment, ...place } = at;
    const where: SightingMessage = {
      ...place,
      sequenceNumber,
      recorded: durationOf(recorded.getTime()),
      deployment: deployment === this.ours ? '' : deployment,
    };
    return { ...failure, at: where };
  }
}

const partMessage = (part: Part): SequencePart => ({ ...part });

const announcementMessage = ({ kind, number, reason }: FoundAnnouncement): Announcement => ({
  kind: kind === 'redaction' ? 'ANNOUNCEMENT_KIND_REDACTION' : 'ANNOUNCEMENT_KIND_COMPENSATION',
  sequenceNumber: number,
  reason,
});
