/**
 * An observer with a bug that real data finds: it makes a headline of each webhook, and takes it for
 * granted that a release has a name. Its repository is held there and all others go on. Then what a
 * person would do: look at what failed, mend the handler, try the partition again.
 */
import type { Annals, DeliveryContext, RecordedEvent } from '../src/client';
import { check, type Check } from './checks';
import { timed } from './measures';

export const HEADLINES = 'headlines';

/** Milliseconds for the observer to handle the history: generous, since it is a failure when they pass. */
const PATIENCE_MS = 20_000;

export interface Healing {
  readonly observer: string;
  readonly partition: string;
  /** The number that the partition stood at. */
  readonly heldFrom: number;
  readonly message: string;
  /** Events of other partitions, handled while it was held. */
  readonly wentOn: number;
  /** Events of the partition that came once it was healed. */
  readonly caughtUp: number;
  /** From trying again until nothing is held, in ms. */
  readonly caughtUpMs: number;
  readonly checks: readonly Check[];
}

interface Release<Name> {
  readonly release?: { readonly name: Name; readonly tag_name: string };
}

type Headline = (event: RecordedEvent) => string;

const ordinary: Headline = ({ type, eventSourceId, content }) =>
  `${eventSourceId}: ${type} ${typeof content['action'] === 'string' ? content['action'] : ''}`;

/** As it was written first, by somebody who had only seen releases with a name. */
const withABug: Headline = (event) => {
  const { release } = event.content as Release<string>;
  return release === undefined ? ordinary(event) : `Released: ${release.name.trim()}`;
};

const mended: Headline = (event) => {
  const { release } = event.content as Release<string | null>;
  return release === undefined ? ordinary(event) : `Released: ${(release.name ?? '').trim() || release.tag_name}`;
};

interface Handled {
  readonly number: number;
  readonly partition: string;
  readonly redelivery: boolean;
}

export async function healByHand(annals: Annals, events: readonly RecordedEvent[]): Promise<Healing> {
  const handled: Handled[] = [];
  const observeWith = (headline: Headline) =>
    annals.observe(HEADLINES, {
      handle: (event, { partition, redelivery }: DeliveryContext) => {
        headline(event);
        handled.push({ number: event.sequenceNumber, partition, redelivery });
      },
    });
  const last = events.length - 1;

  const broken = observeWith(withABug);
  await broken.registered;
  await annals.observers.waitFor(HEADLINES, last, { timeoutMs: PATIENCE_MS });
  const [failure, ...others] = await annals.observers.failedPartitions(HEADLINES);
  if (failure === undefined) throw new Error('no release without a name was found among the webhooks');
  const wentOn = handled.filter(({ partition }) => partition !== failure.partition).length;
  const before = handled.length;
  await broken.stop();

  const healthy = observeWith(mended);
  await healthy.registered;
  const { ms } = await timed(async () => {
    await annals.observers.retryPartition(HEADLINES, failure.partition);
    await noneHeld(annals);
  });
  await healthy.stop();

  return {
    observer: HEADLINES,
    partition: failure.partition,
    heldFrom: failure.heldFrom,
    message: failure.attempts.at(-1)?.message ?? '',
    wentOn,
    caughtUp: handled.length - before,
    caughtUpMs: ms,
    checks: [
      heldAlone(events, handled.slice(0, before), failure.partition, failure.heldFrom, others.length),
      eachOnceInOrder(events, handled),
    ],
  };
}

/** Until no partition is held: told by the server as it happens. */
async function noneHeld(annals: Annals): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  for await (const observers of annals.observers.watch({ signal })) {
    if (observers.find(({ id }) => id === HEADLINES)?.failedPartitions === 0) return;
  }
}

/** What failed held back its own repository from there on, and nothing else. */
function heldAlone(
  events: readonly RecordedEvent[],
  handled: readonly Handled[],
  partition: string,
  heldFrom: number,
  otherFailures: number,
): Check {
  const numbers = new Set(handled.map(({ number }) => number));
  const wrong = events
    .filter((event) => {
      const held = event.eventSourceId === partition && event.sequenceNumber >= heldFrom;
      return numbers.has(event.sequenceNumber) === held;
    })
    .map((event) => `number ${event.sequenceNumber}`);
  if (otherFailures > 0) wrong.push(`${otherFailures} other partitions failed`);
  return check('a failing event holds back its own partition alone', wrong, `${partition} from ${heldFrom} on`);
}

/** After the healing every event was handled once, and each partition in its order. */
function eachOnceInOrder(events: readonly RecordedEvent[], handled: readonly Handled[]): Check {
  const wrong: string[] = [];
  const times = new Map<number, number>();
  const last = new Map<string, number>();
  for (const { number, partition } of handled) {
    times.set(number, (times.get(number) ?? 0) + 1);
    if (number <= (last.get(partition) ?? -1)) wrong.push(`${number} after ${last.get(partition)} in ${partition}`);
    last.set(partition, number);
  }
  for (const { sequenceNumber } of events) {
    if (times.get(sequenceNumber) !== 1)
      wrong.push(`${sequenceNumber} was handled ${times.get(sequenceNumber) ?? 0} times`);
  }
  return check('healed, every event was handled once, each partition in order', wrong, `${handled.length} handled`);
}
