/**
 * What must be so at the end. All but one of these ask nobody: the webhooks that were sent, the two logs as
 * they are read back, and the read model are held against each other.
 */
import { isDeepStrictEqual } from 'node:util';
import type { RecordedEvent } from '../../src/client';
import { check, equalToInput, type Check } from '../checks';
import type { Webhook } from '../webhooks';
import { NO_ACTIVITY, withTold, type Activity } from './activity';
import { publicIdOf, publicPart, type PublicPart } from './public-events';
import type { RelayStory } from './facts';

type Facts = Omit<RelayStory, 'checks'>;

/** What ought to be told, in the order of the webhooks. */
interface Expected extends PublicPart {
  readonly eventId: string;
  readonly webhookId: string;
}

/** @param delivered the numbers that a subscriber of the inbox was handed, before and after the killing. */
export function relayChecks(facts: Facts, input: readonly Webhook[], delivered: readonly number[]): Check[] {
  const expected = input.flatMap(({ type, eventId, payload }): Expected[] => {
    const part = publicPart({ type, content: payload });
    return part === undefined ? [] : [{ ...part, webhookId: eventId, eventId: publicIdOf(eventId) }];
  });
  return [
    equalToInput(facts.webhooks, input),
    toldOnce(facts, expected),
    repeatedForNothing(facts, expected),
    sameInBoth(facts),
    proofAgrees(facts),
    deliveredOnce(facts, delivered),
    asTheModelHasIt(facts, expected),
    hangTogether(facts, expected),
  ];
}

/** By event source, in order: the partitions of the relay. */
function bySource<Event extends { readonly eventSourceId: string }>(events: readonly Event[]): Map<string, Event[]> {
  const sources = new Map<string, Event[]>();
  for (const event of events) sources.set(event.eventSourceId, [...(sources.get(event.eventSourceId) ?? []), event]);
  return sources;
}

/** The outbox has what is public, each once and in order for each event source, and nothing else. */
function toldOnce({ outbox, webhooks }: Facts, expected: readonly Expected[]): Check {
  const there = bySource(outbox);
  const wanted = bySource(expected);
  const wrong = [...new Set([...there.keys(), ...wanted.keys()])].filter((source) => {
    const told = (there.get(source) ?? []).map(({ eventId, type, content }) => ({ eventId, type, content }));
    const toTell = (wanted.get(source) ?? []).map(({ eventId, type, content }) => ({ eventId, type, content }));
    return !isDeepStrictEqual(told, toTell);
  });
  const seen = `${outbox.length} told of ${webhooks.length}, the others kept back`;
  return check('what is public is in the outbox, each once, in order, and nothing else', wrong, seen);
}

/** Sending and handling everything again was known everywhere. */
function repeatedForNothing({ repetition, killing }: Facts, expected: readonly Expected[]): Check {
  const { sent, known, toldAgain } = repetition;
  const wrong: string[] = [];
  if (known !== sent) wrong.push(`${sent - known} webhooks were taken for new`);
  if (toldAgain < expected.length) wrong.push(`of a replay the outbox knew ${toldAgain}, not ${expected.length}`);
  if (killing.cameAgain === 0) wrong.push('the event in hand of the killed server did not come again');
  const seen = `${killing.cameAgain} after the killing, ${known} webhooks sent again, ${toldAgain} in a replay`;
  return check('what came again was known by its id, and recorded once', wrong, seen);
}

/** The two logs, event by event: a comparison that knows nothing of how the relay works. */
function sameInBoth({ outbox, inbox }: Facts): Check {
  const wrong: string[] = [];
  const arrived = new Map<number, RecordedEvent>();
  for (const event of inbox) {
    const from = event.origin?.sequenceNumber ?? -1;
    if (arrived.has(from)) wrong.push(`${from} is in the inbox twice`);
    arrived.set(from, event);
  }
  for (const event of outbox) {
    const copy = arrived.get(event.sequenceNumber);
    if (copy === undefined) wrong.push(`${event.sequenceNumber} is missing`);
    else if (!isDeepStrictEqual(whole(copy), whole(event))) wrong.push(`${event.sequenceNumber} is another`);
    else if (copy.origin?.recorded.getTime() !== event.recorded.getTime()) wrong.push('a time of recording is another');
  }
  if (inbox.length !== outbox.length) wrong.push(`${inbox.length} in the inbox of ${outbox.length}`);
  for (const [source, events] of bySource(inbox)) {
    const from = events.map(({ origin }) => origin?.sequenceNumber ?? -1);
    if (from.some((number, i) => number < (from[i - 1] ?? -1))) wrong.push(`${source} is out of order`);
  }
  const seen = `${outbox.length} compared in full, in ${bySource(outbox).size} partitions`;
  return check('compared event by event, the inbox is the outbox: nothing missing, twice or out of order', wrong, seen);
}

/** Everything of an event but where and when this log recorded it. */
function whole(event: RecordedEvent): object {
  const { sequenceNumber: _, recorded: __, origin: ___, ...same } = event.toJSON();
  return same;
}

function proofAgrees({ proof, outbox }: Facts): Check {
  const { proven, inInbox, missing, conflicting, outOfOrder } = proof;
  const wrong: string[] = [];
  if (!proven) wrong.push(`${missing} missing, ${conflicting} conflicting, ${outOfOrder} out of order`);
  if (inInbox !== outbox.length) wrong.push(`${inInbox} in the inbox of ${outbox.length}`);
  return check('the proof says the same', wrong, `${inInbox} in the inbox, 0 missing, 0 out of order`);
}

function deliveredOnce({ inbox }: Facts, delivered: readonly number[]): Check {
  const wrong = delivered.flatMap((number, i) => (number === i ? [] : [`number ${number} came as the ${i + 1}th`]));
  if (delivered.length !== inbox.length) wrong.push(`${delivered.length} of ${inbox.length} came`);
  const seen = `${delivered.length} delivered live`;
  return check('who follows the inbox got each event once, in order, over the killing', wrong, seen);
}

/** The model is what a fold over the webhooks gives, two services away. */
function asTheModelHasIt({ activity }: Facts, expected: readonly Expected[]): Check {
  const folded = new Map<string, Activity>();
  for (const event of expected) {
    folded.set(event.eventSourceId, withTold(folded.get(event.eventSourceId) ?? NO_ACTIVITY, event));
  }
  const wrong = activity.flatMap(({ _id, told, latest }) => {
    const wanted = folded.get(_id);
    folded.delete(_id);
    return isDeepStrictEqual({ told: { ...told }, latest }, { ...wanted }) ? [] : [`${_id} is another`];
  });
  wrong.push(...[...folded.keys()].map((source) => `${source} is missing`));
  const seen = `${activity.length} of them, each event counted once`;
  return check('the read model is what a fold over the webhooks gives', wrong, seen);
}

/** From what arrived one finds back to the webhook, and the whole operation has one correlation id. */
function hangTogether({ inbox, webhooks }: Facts, expected: readonly Expected[]): Check {
  const byId = new Map(webhooks.map((webhook) => [webhook.eventId, webhook]));
  const causes = new Map(expected.map(({ eventId, webhookId }) => [eventId, webhookId]));
  const wrong = inbox.flatMap(({ eventId, causationId, correlationId }) =>
    causes.get(eventId) === causationId && byId.get(causationId)?.correlationId === correlationId ? [] : [eventId],
  );
  const seen = `${inbox.length} traced back to their webhooks`;
  return check('cause and correlation go along', wrong, seen);
}
