/** An administrative act as an event for the `system` sequence. */
import { createHash } from 'node:crypto';
import { BSON } from 'mongodb';
import { ContentType, type NewEvent } from '../contract/messages';
import { LIMITS } from '../kernel/limits';

/** Who causes the acts of the server itself. */
export const SERVER_IDENTITY = 'annals';

/**
 * @param subject names the thing that the act is about. With `type` it makes the event id, so that an
 * act is recorded once, however often it is repeated after a crash and by whichever server.
 * @param facts what else is to be known of it.
 */
export function act(
  type: string,
  subject: Readonly<Record<string, string>>,
  facts: Readonly<Record<string, unknown>> = {},
): NewEvent {
  const name = Object.values(subject).join('/');
  return {
    eventId: eventIdOf(type, name),
    type,
    generation: 0,
    eventSourceId: name,
    tags: [],
    correlationId: '',
    causationId: '',
    traceParent: '',
    causedBy: SERVER_IDENTITY,
    occurred: undefined,
    validFrom: undefined,
    content: Buffer.from(BSON.serialize({ ...subject, ...facts })),
    contentType: ContentType.BSON,
  };
}

/** A name that is too long for an event id is told apart by its digest. */
function eventIdOf(type: string, name: string): string {
  const id = `${type}:${name}`;
  if (id.length <= LIMITS.eventIdLength) return id;
  return `${type}:sha256:${createHash('sha256').update(name).digest('hex')}`;
}
