/**
 * Redacts events: their content, and that of their compensations, is taken away for good; that they
 * happened, and why the content is gone, stays. Each is announced on the log like a compensation, in
 * the transaction that takes the content away.
 */
import { BSON, type ClientSession } from 'mongodb';
import { newId } from '../kernel/ids';
import { LIMITS, MIN_DATE_MS } from '../kernel/limits';
import { findChangeable, takeContentAway, type ChangeableEvent } from '../storage/change-events';
import type { EventDraft } from '../storage/event-document';
import { ownAppend } from './admission';
import { changeable, changeableNow, changeOf } from './changeable';
import type { Companion } from './companion';
import { HOLD, type Verdict } from './expectations';
import { checkCause, required, type Cause } from './field-checks';
import type { SequencePlace } from './reader';
import type { OpenSequence } from './open-sequence';
import { TUNING } from './tuning';

/** One event by its number or id, or all of a type about a source. */
export type RedactionTarget =
  { readonly key: number | string } | { readonly type: string; readonly eventSourceId: string };

export interface RedactRequest extends Cause {
  readonly target: RedactionTarget;
  readonly reason: string;
  /** Says what it would do, and does nothing. */
  readonly dryRun: boolean;
}

export interface RedactResponse {
  readonly redacted: number;
  readonly alreadyRedacted: number;
  readonly lastSequenceNumber: number | undefined;
}

/**
 * Events that are recorded while it runs are not part of it. What a crash leaves over is done when it
 * is called again.
 * @param deadline on the clock of `performance.now()`, in ms.
 * @throws AnnalsError EVENT_NOT_FOUND, NOT_COMPENSABLE, and what is wrong with the call itself
 */
export async function redact(
  sequence: OpenSequence,
  request: RedactRequest,
  deadline: number,
): Promise<RedactResponse> {
  const metadata = {
    reason: required(request.reason, 'reason', LIMITS.reasonLength),
    ...checkCause(request, newId()),
  };
  const counts: { redacted: number; alreadyRedacted: number; lastSequenceNumber: number | undefined } = {
    redacted: 0,
    alreadyRedacted: 0,
    lastSequenceNumber: undefined,
  };
  for await (const events of targets(sequence, request.target)) {
    let open = events.filter((event) => !event.redacted);
    while (open.length > 0 && !request.dryRun) {
      const last = await redactTogether(
        sequence,
        open.map((event) => announcementOf(event, metadata)),
        deadline,
      );
      counts.lastSequenceNumber = last ?? counts.lastSequenceNumber;
      if (last !== undefined) break;
      // Somebody else redacted one of them meanwhile.
      const now = await changeableNow(
        sequence,
        open.map(({ number }) => number),
      );
      open = now.filter((event) => !event.redacted);
    }
    counts.redacted += open.length;
    counts.alreadyRedacted += events.length - open.length;
  }
  return counts;
}

/** The number of the last announcement; undefined when the events have changed meanwhile. */
async function redactTogether(
  sequence: OpenSequence,
  drafts: readonly EventDraft[],
  deadline: number,
): Promise<number | undefined> {
  const numbers = drafts.map((draft) => draft.announces?.sequenceNumber ?? 0);
  const append = ownAppend(drafts, [new RedactionWrite(sequence, numbers, drafts)]);
  const answer = await sequence.sequencer.submit(append, deadline);
  return 'appended' in answer ? answer.appended.lastSequenceNumber : undefined;
}

/** The events that are meant, in portions of one transaction each. */
async function* targets(sequence: OpenSequence, target: RedactionTarget): AsyncGenerator<readonly ChangeableEvent[]> {
  if ('key' in target) {
    yield [await changeable(sequence, target.key)];
    return;
  }
  const { db, collection, tail } = sequence;
  const type = required(target.type, 'selection.type', LIMITS.eventTypeLength);
  const eventSourceId = required(target.eventSourceId, 'selection.event_source_id', LIMITS.eventSourceIdLength);
  const limit = TUNING.redactionEvents;
  await tail.refresh();
  const to = tail.next - 1;
  for (let from = 0; from <= to;) {
    const found = await findChangeable(db, collection, { type, eventSourceId, from, to, limit });
    yield* portions(found.filter((event) => event.announces === undefined));
    const last = found.at(-1);
    if (last === undefined || found.length < limit) return;
    from = last.number + 1;
  }
}

/** As many at a time as one transaction may take by their bytes. */
function* portions(events: readonly ChangeableEvent[]): Generator<readonly ChangeableEvent[]> {
  let portion: ChangeableEvent[] = [];
  let sum = 0;
  for (const event of events) {
    if (portion.length > 0 && sum + event.bytes > TUNING.redactionBytes) {
      yield portion;
      portion = [];
      sum = 0;
    }
    portion.push(event);
    sum += event.bytes;
  }
  if (portion.length > 0) yield portion;
}

interface RedactionMetadata extends Cause {
  readonly reason: string;
}

const EMPTY_CONTENT = Buffer.from(BSON.serialize({}));

function announcementOf(
  { number, type, eventSourceId, generation, tags }: ChangeableEvent,
  { reason, ...metadata }: RedactionMetadata,
): EventDraft {
  return {
    eventId: newId(),
    type,
    eventSourceId,
    generation,
    tags,
    ...metadata,
    occurred: Date.now(),
    validFrom: MIN_DATE_MS,
    contents: [{ generation, content: EMPTY_CONTENT }],
    announces: { kind: 'redaction', sequenceNumber: number, reason },
  };
}

/** What redactions change beside their announcements: the events' own documents, and those that announce their compensations. */
export class RedactionWrite implements Companion {
  readonly touches: ReadonlySet<string>;
  /** Each event as it is at the moment of the check. */
  #events: readonly ChangeableEvent[] = [];

  /** @param numbers the events to be redacted, in the order of the drafts that announce it. */
  constructor(
    private readonly place: SequencePlace,
    private readonly numbers: readonly number[],
    private readonly drafts: readonly EventDraft[],
  ) {
    this.touches = new Set(numbers.map(changeOf));
  }

  async check(): Promise<Verdict> {
    this.#events = await changeableNow(this.place, this.numbers);
    return this.#events.some((event) => event.redacted) ? { kind: 'violated', violations: [] } : HOLD;
  }

  async write(session: ClientSession, first: number, recorded: number): Promise<void> {
    const { db, collection } = this.place;
    const redactions = this.#events.flatMap(({ number, compensatedAt, redacted }, i) => {
      // Why content that is gone went is not to be overwritten.
      if (redacted) return [];
      const { announces, causedBy } = this.drafts[i] as EventDraft;
      const reason = announces?.reason ?? '';
      return { numbers: [number, ...compensatedAt], reason, causedBy, recorded, sequenceNumber: first + i };
    });
    if (redactions.length > 0) await takeContentAway(db, collection, redactions, session);
  }
}
