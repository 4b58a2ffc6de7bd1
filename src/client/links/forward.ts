import { hopsOf, hopsTag, withoutHops } from '../../kernel/hops';
import { LIMITS } from '../../kernel/limits';
import type { EventFacts, NewEvent } from '../new-event';
import type { RecordedEvent } from '../recorded-event';

/**
 * An event of the inbox as one for the outbox: whoever passes on what it was told. It keeps its id, which is what
 * stops circles: an inbox takes an id once, whatever way it comes, and so does an outbox. The relays behind it
 * go along in a tag, so that the hop limit holds also where a copy gets another id.
 *
 * @param changes what the copy has otherwise. With other content it needs an `eventId` of its own.
 * @example
 * annals.observe('pass-on', {
 *   sequence: 'inbox',
 *   on: { 'order.placed': async (event) => void (await annals.outbox.append(forward(event))) },
 * });
 */
export function forward<Content extends object>(
  event: RecordedEvent<Content>,
  changes: Partial<EventFacts> & { readonly content?: Content } = {},
): NewEvent<Content> {
  const copy = {
    eventId: event.eventId,
    type: event.type,
    generation: event.contentGeneration,
    eventSourceId: event.eventSourceId,
    correlationId: event.correlationId,
    // A copy under the same id is the same event, with the same cause; another one is caused by this.
    causationId: changes.eventId === undefined ? event.causationId : event.eventId,
    causedBy: event.causedBy,
    occurred: event.occurred,
    validFrom: event.validFrom,
    ...changes,
    content: changes.content ?? event.content,
    tags: changes.tags ?? event.tags,
  };
  const tags = withoutHops(copy.tags);
  // An event that has no room for one more tag goes without: its id still stops it.
  return { ...copy, tags: tags.length < LIMITS.tagsPerEvent ? [...tags, hopsTag(hopsOf(event))] : tags };
}
