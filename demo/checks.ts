/** What the demo must be able to say at its end. Each check is a fact that was looked at, not an assumption. */
import { isDeepStrictEqual } from 'node:util';
import type { RecordedEvent } from '../src/client';
import type { Webhook } from './webhooks';

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen, in a few words. */
  readonly seen: string;
}

/** A check that holds when nothing is wrong. */
export const check = (name: string, wrong: readonly string[], seen: string): Check => ({
  name,
  ok: wrong.length === 0,
  seen: wrong.length === 0 ? seen : `${wrong.length} wrong, first: ${wrong[0] ?? ''}`,
});

/** The numbers run 0, 1, 2 … to the last one appended. */
export function contiguous(events: readonly RecordedEvent[], expected: number): Check {
  const wrong = events.flatMap((event, index) =>
    event.sequenceNumber === index ? [] : [`place ${index} holds number ${event.sequenceNumber}`],
  );
  if (events.length !== expected) wrong.push(`${events.length} events instead of ${expected}`);
  return check('numbers have no gap', wrong, `0 to ${events.length - 1}`);
}

/** What came back is what went in: type, source, id, and every value of the payload, in the order of its keys. */
export function equalToInput(events: readonly RecordedEvent[], input: readonly Webhook[]): Check {
  const wrong = input.flatMap((webhook, index) => {
    const event = events[index];
    const same =
      event !== undefined &&
      event.type === webhook.type &&
      event.eventSourceId === webhook.source &&
      event.eventId === webhook.eventId &&
      isDeepStrictEqual(event.content, webhook.payload) &&
      JSON.stringify(event.content) === JSON.stringify(webhook.payload);
    return same ? [] : [`${webhook.eventId} at number ${index}`];
  });
  return check('each payload is equal to what went in', wrong, `${input.length} compared, key order too`);
}

/** The live subscriber got every event once and in order. */
export function deliveredLive(delivered: readonly RecordedEvent[], read: readonly RecordedEvent[]): Check {
  const wrong = read.flatMap((event, index) => (delivered[index]?.eventId === event.eventId ? [] : [event.eventId]));
  if (delivered.length !== read.length) wrong.push(`${delivered.length} delivered, ${read.length} recorded`);
  return check('the subscriber got each event once, in order', wrong, `${delivered.length} delivered live`);
}

/** Appending the same event ids again gave the first numbers and recorded nothing. */
export function repetitionKnown(first: readonly number[], again: readonly number[], tail: number | undefined): Check {
  const wrong = first.flatMap((number, index) =>
    again[index] === number ? [] : [`${number} came back as ${again[index]}`],
  );
  if (tail !== first.length - 1) wrong.push(`the tail moved to ${tail}`);
  return check('sent again, nothing is recorded twice', wrong, `${again.length} repetitions known by their event ids`);
}

/** An append that expected an older state was refused. */
export const staleRefused = (refusal: string | undefined): Check =>
  check(
    'an append that has not seen the latest event is refused',
    refusal === undefined ? ['it was recorded'] : [],
    refusal ?? '',
  );
