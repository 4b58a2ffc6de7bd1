import { decodeEvent } from './event-codec';
import type { WireEvent } from './messages';
import { ProtoReader } from './wire/proto-reader';
import { readRepeated } from './wire/repeated';
import { ProtoWriter } from './wire/proto-writer';
import { lengthTag, varintTag } from './wire/wire-type';

/**
 * The hot messages of Observe, by hand: deliveries to a client and its acknowledgements. What is said
 * once (register, registered) is left as bytes for the generated types.
 */

/** A delivery to be sent; `events` are entries of its field 1 in their wire form already. */
export interface OutgoingDelivery {
  readonly id: number;
  readonly partition: string;
  readonly events: readonly { readonly frame: Buffer }[];
  readonly attempt: number;
  readonly replay: boolean;
  readonly redelivery: boolean;
}

export interface IncomingDelivery {
  id: number;
  partition: string;
  events: WireEvent[];
  attempt: number;
  replay: boolean;
  redelivery: boolean;
}

export interface AcknowledgementMessage {
  readonly deliveryId: number;
  /** Absent: all, or with a failure none. */
  readonly handledThrough: number | undefined;
  readonly failure: { readonly message: string; readonly stack: string; readonly permanent: boolean } | undefined;
}

/** Fields of ObserveResponse. */
const REGISTERED = 1;
const DELIVERIES = 2;

/** One for all: encoding is done in one go. */
const writer = new ProtoWriter();

/** Bytes of a delivery beside its events and its partition, at most. */
const DELIVERY_OVERHEAD = 40;

/** ObserveResponse with deliveries: the events' bytes are copied, nothing is encoded again. */
export function encodeDeliveries(deliveries: readonly OutgoingDelivery[]): Buffer {
  const parts: Buffer[] = [];
  for (const delivery of deliveries) {
    const tail = encodeTail(delivery);
    let bytes = tail.length;
    for (const { frame } of delivery.events) bytes += frame.length;
    writer.bytesHead(DELIVERIES, bytes);
    parts.push(writer.finish());
    for (const { frame } of delivery.events) parts.push(frame);
    parts.push(tail);
  }
  return Buffer.concat(parts);
}

function encodeTail({ id, partition, attempt, replay, redelivery }: OutgoingDelivery): Buffer {
  writer.uint(2, id);
  writer.string(3, partition);
  writer.uint(4, attempt);
  writer.bool(5, replay);
  writer.bool(6, redelivery);
  return writer.finish();
}

/** What a client takes of an ObserveResponse. `registered` is the bytes of that message. Throws MALFORMED_REQUEST. */
export function decodeObserveResponse(bytes: Buffer): {
  registered: Buffer | undefined;
  deliveries: IncomingDelivery[];
} {
  const reader = new ProtoReader(bytes);
  const deliveries: IncomingDelivery[] = [];
  let registered: Buffer | undefined;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(REGISTERED)) registered = reader.bytes();
    else if (tag === lengthTag(DELIVERIES)) {
      const outer = reader.enter();
      deliveries.push(readDelivery(reader));
      reader.leave(outer);
    } else reader.skip(tag);
  }
  return { registered, deliveries };
}

function readDelivery(reader: ProtoReader): IncomingDelivery {
  const delivery: IncomingDelivery = { id: 0, partition: '', events: [], attempt: 1, replay: false, redelivery: false };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) delivery.events.push(decodeEvent(reader.bytes()));
    else if (tag === varintTag(2)) delivery.id = reader.uint64('delivery_id');
    else if (tag === lengthTag(3)) delivery.partition = reader.string('partition');
    else if (tag === varintTag(4)) delivery.attempt = reader.uint32();
    else if (tag === varintTag(5)) delivery.replay = reader.bool();
    else if (tag === varintTag(6)) delivery.redelivery = reader.bool();
    else reader.skip(tag);
  }
  return delivery;
}

/** Fields of ObserveRequest. */
const ACKNOWLEDGEMENTS = 2;
const HEARTBEAT = 3;
const LEAVE = 4;

/** ObserveRequest with acknowledgements. */
export function encodeAcknowledgements(acknowledgements: readonly AcknowledgementMessage[]): Buffer {
  const message = writer.open(ACKNOWLEDGEMENTS, acknowledgements.length * DELIVERY_OVERHEAD);
  for (const { deliveryId, handledThrough, failure } of acknowledgements) {
    const item = writer.open(1);
    writer.uint(1, deliveryId);
    if (handledThrough !== undefined) writer.presentUint(2, handledThrough);
    if (failure !== undefined) {
      const inner = writer.open(3);
      writer.string(1, failure.message);
      writer.string(2, failure.stack);
      writer.bool(3, failure.permanent);
      writer.close(inner);
    }
    writer.close(item);
  }
  writer.close(message);
  return writer.finish();
}

export type ObserveMessage =
  | { readonly kind: 'register'; readonly bytes: Buffer }
  | { readonly kind: 'acknowledgements'; readonly acknowledgements: AcknowledgementMessage[] }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'leave' };

/** What a server takes of an ObserveRequest; `register` is left as its message's bytes. Throws MALFORMED_REQUEST. */
export function decodeObserveRequest(bytes: Buffer): ObserveMessage {
  const reader = new ProtoReader(bytes);
  let message: ObserveMessage = { kind: 'heartbeat' };
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(REGISTERED)) message = { kind: 'register', bytes: reader.bytes() };
    else if (tag === lengthTag(ACKNOWLEDGEMENTS)) {
      const outer = reader.enter();
      message = { kind: 'acknowledgements', acknowledgements: readRepeated(reader, 1, readAcknowledgement) };
      reader.leave(outer);
    } else {
      if (tag === lengthTag(HEARTBEAT)) message = { kind: 'heartbeat' };
      if (tag === lengthTag(LEAVE)) message = { kind: 'leave' };
      reader.skip(tag);
    }
  }
  return message;
}

function readAcknowledgement(reader: ProtoReader): AcknowledgementMessage {
  let deliveryId = 0;
  let handledThrough: number | undefined;
  let failure: AcknowledgementMessage['failure'];
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === varintTag(1)) deliveryId = reader.uint64('delivery_id');
    else if (tag === varintTag(2)) handledThrough = reader.uint64('handled_through');
    else if (tag === lengthTag(3)) {
      const outer = reader.enter();
      failure = readFailure(reader);
      reader.leave(outer);
    } else reader.skip(tag);
  }
  return { deliveryId, handledThrough, failure };
}

function readFailure(reader: ProtoReader): NonNullable<AcknowledgementMessage['failure']> {
  let message = '';
  let stack = '';
  let permanent = false;
  while (reader.more()) {
    const tag = reader.tag();
    if (tag === lengthTag(1)) message = reader.string('failure.message');
    else if (tag === lengthTag(2)) stack = reader.string('failure.stack');
    else if (tag === varintTag(3)) permanent = reader.bool();
    else reader.skip(tag);
  }
  return { message, stack, permanent };
}

/** ObserveRequest with one of the messages that say nothing more, or with the bytes of a Register. */
export const encodeHeartbeat = (): Buffer => nested(HEARTBEAT, Buffer.alloc(0));
export const encodeLeave = (): Buffer => nested(LEAVE, Buffer.alloc(0));
export const encodeRegister = (register: Buffer): Buffer => nested(REGISTERED, register);
/** ObserveResponse with the bytes of a Registered. */
export const encodeRegistered = (registered: Buffer): Buffer => nested(REGISTERED, registered);
/** ObserveResponse that says only that the server lives. */
export function encodeServerHeartbeat(): Buffer {
  writer.bool(3, true);
  return writer.finish();
}

function nested(field: number, bytes: Buffer): Buffer {
  writer.presentBytes(field, bytes);
  return writer.finish();
}
