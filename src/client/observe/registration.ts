import type { ObserverDefinition } from '../../contract/generated/annals/v1/ObserverDefinition';
import type { ObserverStart } from '../../contract/generated/annals/v1/ObserverStart';
import type { PartitionKey } from '../../contract/generated/annals/v1/PartitionKey';
import type { Register } from '../../contract/generated/annals/v1/Register';
import type { Registered__Output } from '../../contract/generated/annals/v1/Registered';
import { messageCodec } from '../../contract/services';
import { DEFAULT_SEQUENCE, checkName } from '../../kernel/names';
import { contentTypeName } from '../content-format';
import { wireGenerations } from '../content-wanted';
import { checkDate, checkNumber, checkText, invalidField } from '../field-checks';
import { wireSelection, type Selection } from '../filter';
import { durationOf, msOf } from '../../contract/seconds-and-nanos';
import type { ObserveOptions } from './handlers';

/** What is said once at the beginning of a stream, and what is answered. */

/** What the server answers to a registration. */
export interface Registered {
  readonly clientId: string;
  /** Every matching event below it is handled, or held by a failure. */
  readonly position: number;
  /** The definition is another one than the observer had. */
  readonly definitionChanged: boolean;
  /** Events before `position` match now that did not match before: a replay would deliver them. Nothing is replayed by itself. */
  readonly replayAdvised: boolean;
  /** What changed, in words. */
  readonly changes: string;
  /** @internal */
  readonly heartbeatMs: number;
}

export interface ObserverAddress {
  readonly store: string;
  readonly namespace: string;
  readonly observer: string;
}

/** The bytes of Register. Throws INVALID_FIELD, INVALID_NAME, INVALID_UTF8 or DATE_OUT_OF_RANGE. */
export function registrationOf<Types extends object>(address: ObserverAddress, options: ObserveOptions<Types>): Buffer {
  const { name, credits, acknowledgementDeadlineMs: deadline, deliverySize } = options;
  const request: Register = {
    observer: { ...address, observer: checkText('observer', address.observer) },
    definition: definitionOf(options),
    clientName: checkText('client_name', name ?? ''),
    credits: credits === undefined ? 0 : atLeastOne('credits', credits),
    deliverySize: deliverySize === undefined ? 0 : atLeastOne('delivery_size', deliverySize),
    ...(deadline === undefined
      ? {}
      : { acknowledgementDeadline: durationOf(checkNumber('acknowledgement_deadline', deadline)) }),
  };
  return messageCodec('Register').encode(request);
}

export function readRegistered(bytes: Buffer): Registered {
  const { clientId, heartbeatInterval, position, definitionChanged, replayAdvised, changes } =
    messageCodec<Registered__Output>('Registered').decode(bytes);
  return { clientId, position, definitionChanged, replayAdvised, changes, heartbeatMs: msOf(heartbeatInterval) ?? 0 };
}

function definitionOf<Types extends object>(options: ObserveOptions<Types>): ObserverDefinition {
  const { sequence, start, partitionBy, as } = options;
  return {
    sequence: checkName(sequence ?? DEFAULT_SEQUENCE, 'definition.sequence'),
    filters: wireSelection(selectionOf(options)),
    start: startOf(start ?? 'beginning'),
    partitionKey: partitionKeyOf(partitionBy ?? 'source'),
    contentType: contentTypeName(as),
    ...wireGenerations(options),
  };
}

/** Which events an observer is about: those that it has handlers for, of the sources and with the tags that it names. */
export function selectionOf<Types extends object>(options: ObserveOptions<Types>): Selection {
  if (options.on === undefined) {
    const { types, eventSourceIds, tags, correlationId, announcements, filters } = options;
    // The two forms of a selection exclude each other, which `wireSelection` checks.
    return { types, eventSourceIds, tags, correlationId, announcements, filters } as Selection;
  }
  const types = Object.keys(options.on);
  // No type would mean every type.
  if (types.length === 0) throw invalidField('on', 'has no handler');
  const { eventSourceIds, tags, correlationId, announcements } = options;
  return { types, eventSourceIds, tags, correlationId, announcements };
}

function startOf(start: 'beginning' | 'now' | number | Date): ObserverStart {
  if (start === 'now') return { now: true };
  if (start === 'beginning') return { number: 0 };
  if (typeof start === 'number') return { number: checkNumber('start', start) };
  // A date that is given is never undefined.
  return { time: durationOf(checkDate('start', start) ?? 0) };
}

function partitionKeyOf(by: 'source' | 'whole' | { readonly property: string }): PartitionKey {
  if (by === 'source') return {};
  if (by === 'whole') return { wholeSequence: true };
  return { property: checkText('partition_key.property', by.property) };
}

function atLeastOne(field: string, value: number): number {
  if (checkNumber(field, value) > 0) return value;
  throw invalidField(field, 'is 0; leave it out for what the server has chosen');
}
