/** Events as the torture run makes them, for the client to send and for the history to remember. */
import { createHash } from 'node:crypto';
import type { NewEvent } from '../../src/client';
import type { SentEvent } from '../history/history';
import type { Random } from './random';

/** Letters of an event's filling at most: some events are larger than a page, most are small. */
const FILLING_LETTERS = 2_000;

const HASH_LETTERS = 16;

export interface MadeEvent {
  readonly sent: SentEvent;
  readonly event: NewEvent;
}

export function makeEvent(
  eventId: string,
  type: string,
  source: string,
  tags: readonly string[],
  random: Random,
): MadeEvent {
  const filling = 'x'.repeat(Math.floor(random.next() ** 4 * FILLING_LETTERS));
  return withContent(eventId, type, source, tags, { of: eventId, n: random.whole(0, 1_000_000), filling });
}

/** The same event id with content that differs. */
export const otherContent = ({ sent }: MadeEvent): MadeEvent =>
  withContent(sent.eventId, sent.type, sent.source, sent.tags, { of: sent.eventId, other: true });

function withContent(
  eventId: string,
  type: string,
  source: string,
  tags: readonly string[],
  content: Record<string, unknown>,
): MadeEvent {
  return {
    sent: { eventId, type, source, tags, contentHash: contentHash(content) },
    event: { eventId, type, eventSourceId: source, tags: [...tags], content },
  };
}

/** Content as a client without BSON sends it. */
export const wireContent = (content: unknown): Buffer => Buffer.from(JSON.stringify(content));

/** The order of keys is part of the content: what comes back must be the same document. */
export const contentHash = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('base64').slice(0, HASH_LETTERS);
