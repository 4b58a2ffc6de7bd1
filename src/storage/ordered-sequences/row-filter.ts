/** Which rows a list asks for, in MongoDB's words. Pure. */
import { Long, type Document } from 'mongodb';
import { storedKey } from './stored-keys';

/** Rows that match every field that is given. */
export interface RowFilter {
  /** Any of these; empty: all. */
  readonly statuses?: readonly string[];
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly sourceType?: string;
  readonly sourceId?: string;
  readonly name?: string;
  readonly version?: string;
  /** Of which the event with this id is a step. */
  readonly eventId?: string;
  readonly needsPerson?: boolean;
  /** Archived ones too. */
  readonly archived?: boolean;
}

/** @param before lists go from the newest on: those that were created before this number */
export function matching(filter: RowFilter, before: number | undefined): Document {
  const { statuses = [], correlationId, causationId, tags = {}, sourceType, sourceId, name, version } = filter;
  const given: Document = {
    ...(before === undefined ? {} : { _id: { $lt: Long.fromNumber(before) } }),
    ...(statuses.length === 0 ? {} : { status: statuses.length === 1 ? statuses[0] : { $in: statuses } }),
    ...equal('metadata.correlationId', correlationId),
    ...equal('metadata.causationId', causationId),
    ...equal('metadata.source.type', sourceType),
    ...equal('metadata.source.id', sourceId),
    ...equal('name', name),
    ...equal('version', version),
    ...(filter.needsPerson === true ? { 'handling.phase': 'needs-person' } : {}),
  };
  for (const [key, value] of Object.entries(tags)) given[`metadata.tags.${storedKey(key)}`] = value;
  return given;
}

const equal = (path: string, value: string | undefined): Document =>
  value === undefined || value === '' ? {} : { [path]: value };
