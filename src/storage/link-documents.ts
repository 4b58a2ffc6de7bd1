/** A link's documents, as a person finds them, and back. */
import { Binary, Long } from 'mongodb';
import type { Violation } from '../kernel/violation';
import type { HoldRecord, LinkDefinition, LinkRecord, SkipRecord } from './link-records';

export interface LinkDocument {
  readonly _id: string;
  readonly definition: Omit<LinkDefinition, 'start'> & { readonly start: Long | number };
  readonly created: Date;
  readonly epoch: number;
  readonly sourceDeployment: string;
  readonly position: Long | number;
  readonly anchor: { readonly number: Long | number; readonly eventId: string } | null;
  readonly counters: LinkRecord['counters'];
  readonly paused: boolean;
  readonly fault: string | null;
  readonly state: LinkRecord['state'];
  readonly lastError: string;
  readonly rate: number;
  readonly sourceTail: Long | number | null;
  readonly levelAt: Date;
  readonly maskKey: Binary;
  /** When part of a step was recorded last; written so that a change of owner meanwhile conflicts with it. */
  readonly lastPart?: Date;
}

export interface HoldDocument {
  readonly _id: { readonly link: string; readonly partition: string };
  readonly from: Long | number;
  readonly violations: readonly StoredViolation[];
  readonly since: Date;
  readonly attempts: number;
  readonly lastAttempt: Date;
  readonly events: number;
}

type StoredViolation = Omit<Violation, 'sequenceNumber'> & { readonly sequenceNumber: Long | number | null };

export interface SkipDocument extends Omit<SkipRecord, 'number'> {
  readonly _id: { readonly link: string; readonly number: Long | number };
}

export function documentOf(record: LinkRecord, maskKey: Buffer): LinkDocument {
  const { id, definition, position, anchor, sourceTail, ...rest } = record;
  return {
    _id: id,
    ...rest,
    definition: { ...definition, start: Long.fromNumber(definition.start) },
    position: Long.fromNumber(position),
    anchor: anchor === undefined ? null : { ...anchor, number: Long.fromNumber(anchor.number) },
    sourceTail: sourceTail === undefined ? null : Long.fromNumber(sourceTail),
    maskKey: new Binary(maskKey),
  };
}

export function recordOf(document: LinkDocument): LinkRecord {
  const { _id, definition, position, anchor, sourceTail, maskKey: _, lastPart: __, ...rest } = document;
  return {
    id: _id,
    ...rest,
    definition: {
      ...definition,
      start: Number(definition.start),
      // The database has null where there is nothing.
      filters: definition.filters.map((filter) => ({ ...filter, correlationId: filter.correlationId ?? undefined })),
    },
    position: Number(position),
    anchor: anchor === null ? undefined : { ...anchor, number: Number(anchor.number) },
    sourceTail: sourceTail === null ? undefined : Number(sourceTail),
  };
}

export function holdDocument(link: string, { partition, from, violations, ...rest }: HoldRecord): HoldDocument {
  return {
    _id: { link, partition },
    from: Long.fromNumber(from),
    violations: violations.map(({ sequenceNumber, ...violation }) => ({
      ...violation,
      sequenceNumber: sequenceNumber === undefined ? null : Long.fromNumber(sequenceNumber),
    })),
    ...rest,
  };
}

export const holdOf = ({ _id, from, violations, ...rest }: HoldDocument): HoldRecord => ({
  partition: _id.partition,
  from: Number(from),
  violations: violations.map(({ sequenceNumber, ...violation }) => ({
    ...violation,
    sequenceNumber: sequenceNumber === null ? undefined : Number(sequenceNumber),
  })),
  ...rest,
});
