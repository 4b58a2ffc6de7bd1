/** Nodes of a trace for tests: what is not given says nothing. */
import type { IdentityInfo } from '../identities/identity-info';
import type { Sighting, TraceNode } from './trace-node';

export const node = (id: string, parentId = '', given: Partial<TraceNode> = {}): TraceNode => ({
  id,
  parentId,
  depth: 0,
  parentOnEarlierPage: false,
  kind: 'event',
  eventId: id,
  type: `type-${id}`,
  eventSourceId: '',
  correlationId: 'c',
  causationId: parentId,
  causedBy: undefined,
  occurred: undefined,
  tags: [],
  traceParent: '',
  sightings: [],
  failures: [],
  parts: [],
  part: undefined,
  announcement: undefined,
  redacted: false,
  compensations: 0,
  circular: false,
  cut: false,
  ...given,
});

export const sighting = (sequence: string, sequenceNumber: number, given: Partial<Sighting> = {}): Sighting => ({
  store: 'shop',
  namespace: 'default',
  sequence,
  sequenceNumber,
  recorded: undefined,
  address: '',
  link: '',
  deployment: '',
  ...given,
});

export const identity = (id: string, given: Partial<IdentityInfo> = {}): IdentityInfo => ({
  id,
  kind: 'person',
  subject: '',
  name: '',
  onBehalfOf: '',
  described: undefined,
  former: [],
  erased: undefined,
  ...given,
});
