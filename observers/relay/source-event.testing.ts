import type { SourceEvent } from './source-event';

/** An ordinary event of a source, but for what a test says of it. */
export const someEvent = (over: Partial<SourceEvent> = {}): SourceEvent => ({
  sequenceNumber: 0,
  eventId: String(over.sequenceNumber ?? 0),
  type: 't',
  generation: 1,
  eventSourceId: 's',
  tags: [],
  correlationId: '',
  causationId: '',
  causedBy: '',
  traceParent: '',
  occurred: 0,
  recorded: 0,
  validFrom: 0,
  contents: [],
  origin: undefined,
  announcement: undefined,
  redacted: false,
  ...over,
});
