import type { InstanceOf as WireInstance } from '../../contract/generated/annals/v1/InstanceOf';
import type { OrderedSequenceFilter } from '../../contract/generated/annals/v1/OrderedSequenceFilter';
import type { ResolveAction as WireAction } from '../../contract/generated/annals/v1/ResolveAction';
import type {
  Action,
  GivenDocument,
  SequenceMetadata,
  SequenceStatus,
  SourceType,
} from '../../contract/sequence-document';
import { checkText } from '../field-checks';

/** What is asked for, as the wire takes it. */

/** JSON, as an object or as text that is sent as it stands. */
export type AsJson<Value> = Value | string | Uint8Array;

/** An instance of a definition. */
export interface InstanceOf {
  readonly definition: string;
  /** The one that was defined last unless given. */
  readonly version?: string | undefined;
  /** What ties events to it, as the definition says: a correlation id, an event source, or a property's value. */
  readonly key: string;
  /** Made of definition and key unless given. */
  readonly sequenceId?: string | undefined;
  readonly metadata?: Partial<SequenceMetadata> | undefined;
}

/** Selects those that match everything that is given. */
export interface SequenceSelection {
  readonly statuses?: readonly SequenceStatus[] | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly source?: { readonly type?: SourceType | undefined; readonly id?: string | undefined } | undefined;
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  /** Of which this event is a part. */
  readonly eventId?: string | undefined;
  /** Those that wait for a person alone. */
  readonly needsPerson?: boolean | undefined;
  /** Archived ones too. */
  readonly archived?: boolean | undefined;
}

export type ResolveAction = Action;

export const WIRE_ACTIONS = {
  retry: 'RESOLVE_ACTION_RETRY',
  skip: 'RESOLVE_ACTION_SKIP',
  complete: 'RESOLVE_ACTION_COMPLETE',
  fail: 'RESOLVE_ACTION_FAIL',
  compensate: 'RESOLVE_ACTION_COMPENSATE',
  cancel: 'RESOLVE_ACTION_CANCEL',
  pause: 'RESOLVE_ACTION_PAUSE',
  resume: 'RESOLVE_ACTION_RESUME',
} as const satisfies Record<ResolveAction, WireAction>;

export const jsonBytes = (value: unknown): Buffer =>
  typeof value === 'string' || value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(JSON.stringify(value));

export const isInstance = (from: AsJson<GivenDocument> | InstanceOf): from is InstanceOf =>
  typeof from === 'object' && 'definition' in from;

export const wireInstance = ({
  definition,
  version = '',
  key,
  sequenceId = '',
  metadata,
}: InstanceOf): WireInstance => ({
  name: checkText('instance.name', definition),
  version,
  key: checkText('instance.key', key),
  sequenceId,
  ...(metadata === undefined ? {} : { metadata: jsonBytes(metadata) }),
});

export const wireFilter = (selection: SequenceSelection): OrderedSequenceFilter => ({
  statuses: [...(selection.statuses ?? [])],
  correlationId: selection.correlationId ?? '',
  causationId: selection.causationId ?? '',
  tags: { ...selection.tags },
  sourceType: selection.source?.type ?? '',
  sourceId: selection.source?.id ?? '',
  name: selection.name ?? '',
  version: selection.version ?? '',
  eventId: selection.eventId ?? '',
  needsPerson: selection.needsPerson ?? false,
  archived: selection.archived ?? false,
});
