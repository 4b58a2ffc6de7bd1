import { ContentType, type WireEvent } from './messages';

/** An ordinary event as it comes over the wire, but for what a test says of it. */
export const wireEvent = (over: Partial<WireEvent> = {}): WireEvent => ({
  sequenceNumber: 0,
  eventId: String(over.sequenceNumber ?? 0),
  type: 't',
  generation: 1,
  eventSourceId: 's',
  tags: [],
  correlationId: '',
  causationId: '',
  causedBy: '',
  occurred: 0,
  recorded: 0,
  validFrom: undefined,
  content: Buffer.from('{}'),
  contentGeneration: 1,
  contentType: ContentType.JSON,
  origin: undefined,
  announcement: undefined,
  compensations: [],
  effectiveCompensationId: undefined,
  redaction: undefined,
  notCast: '',
  generations: [],
  traceParent: '',
  ...over,
});
