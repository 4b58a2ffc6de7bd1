/**
 * What happens in the demo, without a word of output: append each webhook while a subscriber
 * follows, read everything back, look at one repository, send it all again, and be refused.
 */
import { AppendRefusedError, type Annals, type NewEvent, type RecordedEvent } from '../src/client';
import type { CausedWebhook } from './causes';
import { contiguous, deliveredLive, equalToInput, repetitionKnown, staleRefused, type Check } from './checks';
import { LiveSubscriber } from './live-subscriber';
import { percentile, perSecond, tally, timed } from './measures';
import type { Webhook } from './webhooks';

/** Milliseconds for the subscriber to be handed what was recorded: generous, since it is a failure when they pass. */
const DELIVERY_MS = 10_000;

/** An event sequence of the demo's own, for a second round that leaves the event log as it is. */
const SECOND_SEQUENCE = 'at-once';

export interface Story {
  readonly events: readonly RecordedEvent[];
  /** The history of the repository that most is said about, save one: long enough to show, short enough to read. */
  readonly history: { readonly source: string; readonly events: readonly RecordedEvent[] };
  readonly types: readonly [string, number][];
  readonly sources: readonly [string, number][];
  readonly figures: {
    /** Each append awaited before the next. */
    readonly oneByOnePerSecond: number;
    /** All appends on their way at once. */
    readonly atOncePerSecond: number;
    readonly readPerSecond: number;
    readonly appendMs: { readonly p50: number; readonly p99: number };
    /** From the call of `append` to the event in the subscriber's hands. */
    readonly deliveryMs: { readonly p50: number; readonly p99: number };
  };
  readonly checks: readonly Check[];
}

export const toEvent = ({ type, source, eventId, payload }: Webhook): NewEvent => ({
  type,
  eventSourceId: source,
  eventId,
  content: payload,
});

/** With what it follows from, the operation that it belongs to, and who sent it. */
const toCausedEvent = ({ webhook, correlationId, causationId, sender }: CausedWebhook): NewEvent => ({
  ...toEvent(webhook),
  correlationId,
  causationId,
  causedBy: sender?.id,
});

export async function tellStory(annals: Annals, caused: readonly CausedWebhook[]): Promise<Story> {
  const input = caused.map(({ webhook }) => webhook);
  const log = annals.eventLog;
  const subscriber = new LiveSubscriber(log);
  await subscriber.live;

  const sentAt: number[] = [];
  const appendMs: number[] = [];
  const numbers: number[] = [];
  const oneByOne = await timed(async () => {
    for (const webhook of caused) {
      sentAt.push(performance.now());
      const { ms, outcome } = await timed(() => log.append(toCausedEvent(webhook)));
      appendMs.push(ms);
      numbers.push(outcome.firstSequenceNumber);
    }
  });
  await subscriber.received(input.length, DELIVERY_MS);
  const deliveryMs = subscriber.deliveries.map(({ at }, index) => at - (sentAt[index] ?? at));

  const sequence = annals.sequence(SECOND_SEQUENCE);
  // Events of their own: causes are named by event ids, and those in the log are meant.
  const others = input.map((webhook): NewEvent => ({ ...toEvent(webhook), eventId: undefined }));
  const atOnce = await timed(() => Promise.all(others.map((event) => sequence.append(event))));

  const reading = await timed(() => collected(log.read()));
  const events = reading.outcome;
  const sources = tally(events.map((event) => event.eventSourceId));
  const repositories = sources.filter(([name]) => name.includes('/'));
  const source = (repositories[1] ?? sources[0])?.[0] ?? '';
  const history = await collected(log.read({ eventSourceIds: [source] }));

  const again = await Promise.all(caused.map((webhook) => log.append(toCausedEvent(webhook))));
  const tail = await log.tail();
  const refusal = await appendStale(annals, source);
  await subscriber.end();

  return {
    events,
    history: { source, events: history },
    types: tally(events.map((event) => event.type)),
    sources,
    figures: {
      oneByOnePerSecond: perSecond(input.length, oneByOne.ms),
      atOncePerSecond: perSecond(input.length, atOnce.ms),
      readPerSecond: perSecond(events.length, reading.ms),
      appendMs: { p50: percentile(appendMs, 0.5), p99: percentile(appendMs, 0.99) },
      deliveryMs: { p50: percentile(deliveryMs, 0.5), p99: percentile(deliveryMs, 0.99) },
    },
    checks: [
      contiguous(events, input.length),
      equalToInput(events, input),
      deliveredLive(
        subscriber.deliveries.map(({ event }) => event),
        events,
      ),
      repetitionKnown(
        numbers,
        again.map((answer) => answer.firstSequenceNumber),
        tail,
      ),
      staleRefused(refusal),
    ],
  };
}

/** Appends as somebody who has seen no event about the source yet. The refusal's words, or undefined when it was recorded. */
async function appendStale(annals: Annals, source: string): Promise<string | undefined> {
  try {
    await annals.eventLog.append(
      { type: 'demo.decided', eventSourceId: source, content: { basedOn: 'nothing' } },
      { expect: { source } },
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof AppendRefusedError)) throw error;
    return error.violations.map(({ code }) => code).join(', ');
  }
}

async function collected(events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
