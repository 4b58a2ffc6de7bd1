/** A handler whose appends take the events that it handles as their cause. */
import { handling, handlingTogether, type HandlingDetails } from '../causation/handling';
import type { RecordedEvent } from '../recorded-event';
import type { PlainHandler } from './handlers';

export function passingOn(handler: PlainHandler, details: HandlingDetails): PlainHandler {
  if (handler.kind === 'each') {
    const { handle } = handler;
    return {
      kind: 'each',
      handle: (event, context) => handling(event, () => handle(event, context), details, context),
    };
  }
  const { handle } = handler;
  return {
    kind: 'batch',
    handle: (events: readonly RecordedEvent[], context) =>
      handlingTogether(events, () => handle(events, context), details, context),
  };
}
