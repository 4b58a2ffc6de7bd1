/**
 * Records events that were recorded in another store before: each once, for ever, by the place that it
 * comes from. The inbox's index over the origin is what remembers, and the relay's checkpoint moves in
 * the same transaction, so no crash leaves the two apart.
 */
import type { ClientSession, MongoClient } from 'mongodb';
import type { TypesOfStore } from '../event-types/types-of-store';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import type { GenerationContent } from '../kernel/generation-content';
import { LIMITS } from '../kernel/limits';
import type { Violation } from '../kernel/violation';
import { Origins } from '../storage/origins';
import type { EventDraft, OriginDraft } from '../storage/event-document';
import { WRITE_CONCERN } from '../storage/insert-events';
import { ownAppend } from './admission';
import type { Companion } from './companion';
import { CompensationWrite } from './compensation';
import { HOLD, type Verdict } from './expectations';
import { RedactionWrite } from './redaction';
import { relayedContents } from './relayed-contents';
import { forget, isBeyond, reached } from './relay-frontier';
import type { OpenSequence } from './open-sequence';

/** An event as it stands in the source. Dates are ms since 1970. */
export interface RelayedEvent extends Omit<EventDraft, 'contents' | 'origin' | 'announces' | 'anyGeneration'> {
  /** Every generation that the source has of it. */
  readonly contents: readonly GenerationContent[];
  readonly origin: OriginDraft;
  /** What it says of an event that was relayed before. */
  readonly announces?: {
    readonly kind: 'compensation' | 'redaction';
    /** The number of that event in the source. */
    readonly originNumber: number;
    readonly reason: string;
  };
}

/** The relay's checkpoint, on the session's transaction. False: it is another's now, and nothing may be recorded. */
export interface Checkpoint {
  move(session: ClientSession): Promise<boolean>;
  /** It is not moved yet, since a part of its events is recorded first. */
  keep(session: ClientSession): Promise<boolean>;
}

export type RelayOutcome =
  /** The number of each event, also of those that were there before. */
  | { readonly kind: 'recorded'; readonly numbers: readonly number[]; readonly duplicates: number }
  /** What stands against which event. Nothing was recorded and the checkpoint has not moved. */
  | { readonly kind: 'refused'; readonly refusals: readonly Refusal[] }
  /** The checkpoint could not be moved. */
  | { readonly kind: 'lost' };

export interface Refusal {
  /** The event's place in the call. */
  readonly index: number;
  readonly violations: readonly Violation[];
}

/**
 * @param events of one source sequence, ascending.
 * @param deadline on the clock of `performance.now()`, in ms.
 */
export async function relay(
  client: MongoClient,
  sequence: OpenSequence,
  events: readonly RelayedEvent[],
  checkpoint: Checkpoint,
  deadline: number,
): Promise<RelayOutcome> {
  if (events.length > LIMITS.eventsPerAppend) {
    throw overLimit('events', LIMITS.eventsPerAppend, events.length, 'events', 'CALL_TOO_LARGE');
  }
  const numbers: (number | undefined)[] = events.map(() => undefined);
  let duplicates = 0;
  const source = events.at(-1)?.origin;
  let unseen = await areUnseen(sequence, events);
  for (;;) {
    const there = unseen ? NOWHERE : await knownPlaces(sequence, events);
    events.forEach(({ origin }, i) => {
      const known = there.get(origin.sequenceNumber);
      if (numbers[i] === undefined && known !== undefined) duplicates++;
      numbers[i] ??= known;
    });
    const missing = events.flatMap((event, index) => (numbers[index] === undefined ? [{ event, index }] : []));
    const portion = beforeOwnAnnouncement(missing);
    const last = portion.length === missing.length;
    if (portion.length === 0) {
      const moved = await alone(client, (session) => checkpoint.move(session));
      return moved ? { kind: 'recorded', numbers: numbers.map((number) => number ?? 0), duplicates } : { kind: 'lost' };
    }
    const outcome = await recordPortion(
      sequence,
      { portion, there, unseen },
      (session) => (last ? checkpoint.move(session) : checkpoint.keep(session)),
      deadline,
    );
    // What stands against them may be that they are there after all.
    if (unseen && !(outcome.kind === 'recorded' && outcome.first !== undefined)) {
      unseen = false;
      if (source !== undefined) forget(sequence, source);
      continue;
    }
    if (outcome.kind !== 'recorded') return outcome;
    // Another owner of the link was there meanwhile: look again at what is missing.
    if (outcome.first === undefined) continue;
    const { first } = outcome;
    portion.forEach(({ index }, i) => {
      numbers[index] = first + i;
    });
    if (source !== undefined) reached(sequence, source, source.sequenceNumber);
    if (last) return { kind: 'recorded', numbers: numbers.map((number) => number ?? 0), duplicates };
  }
}

/** False: nothing may be recorded. */
type Along = (session: ClientSession) => Promise<boolean>;

interface Place {
  readonly event: RelayedEvent;
  readonly index: number;
}

/** What is recorded at once. */
interface Portion {
  readonly portion: readonly Place[];
  /** The inbox's numbers of what it has, by the source's. */
  readonly there: ReadonlyMap<number, number>;
  /** Nobody has looked whether it has any of them. */
  readonly unseen: boolean;
}

const NOWHERE: ReadonlyMap<number, number> = new Map();

/** The events are thought to be new to the inbox, and none of them is about one that it has. */
async function areUnseen(sequence: OpenSequence, events: readonly RelayedEvent[]): Promise<boolean> {
  const [first] = events;
  if (first === undefined || events.some(({ announces }) => announces !== undefined)) return false;
  return isBeyond(sequence, first.origin, first.origin.sequenceNumber);
}

/** The inbox's numbers of the events, and of those that they are about, by the source's numbers. */
async function knownPlaces(
  sequence: OpenSequence,
  events: readonly RelayedEvent[],
): Promise<ReadonlyMap<number, number>> {
  const first = events[0];
  if (first === undefined) return new Map();
  const about = events.flatMap(({ announces }) => (announces === undefined ? [] : [announces.originNumber]));
  const numbers = [...events.map(({ origin }) => origin.sequenceNumber), ...about];
  return new Origins(sequence.db).at(first.origin, [...new Set(numbers)]);
}

/** As many as can be recorded at once: an announcement follows the event that it is about in a commit of its own. */
function beforeOwnAnnouncement(missing: readonly Place[]): readonly Place[] {
  const inPortion = new Set<number>();
  const cut = missing.findIndex(({ event: { announces, origin } }) => {
    if (announces !== undefined && inPortion.has(announces.originNumber)) return true;
    // Two that are about one event change it one after the other.
    inPortion.add(announces?.originNumber ?? origin.sequenceNumber);
    return false;
  });
  return cut === -1 ? missing : missing.slice(0, cut);
}

async function recordPortion(
  sequence: OpenSequence,
  { portion, there, unseen }: Portion,
  checkpoint: Along,
  deadline: number,
): Promise<
  { readonly kind: 'recorded'; readonly first: number | undefined } | Exclude<RelayOutcome, { kind: 'recorded' }>
> {
  const types = await sequence.loadTypes();
  const prepared = portion.map(({ event }) => prepare(types, event, there));
  const refusals = prepared.flatMap(({ violations }, i) =>
    violations.length === 0 ? [] : [{ index: portion[i]?.index ?? 0, violations }],
  );
  if (refusals.length > 0) return { kind: 'refused', refusals };
  const drafts = prepared.map(({ draft }) => draft);
  const placing = new Placing(sequence, portion, unseen, checkpoint);
  const changes = prepared.flatMap(({ draft, about }, i) => changesWith(sequence, draft, about, i));
  const append = ownAppend(drafts, [placing, ...changes]);
  const answer = await sequence.sequencer.submit(append, deadline).catch((error: unknown) => {
    if (error instanceof AnnalsError && error.code === 'LEASE_LOST') return undefined;
    throw error;
  });
  if (answer === undefined) return { kind: 'lost' };
  if ('appended' in answer) {
    // Recorded by somebody else meanwhile: then the checkpoint has not moved with it.
    return { kind: 'recorded', first: answer.appended.duplicate ? undefined : answer.appended.firstSequenceNumber };
  }
  if (placing.overtaken) return { kind: 'recorded', first: undefined };
  return { kind: 'refused', refusals: byEvent(answer.refused.violations, portion) };
}

interface Prepared {
  readonly draft: EventDraft;
  /** The inbox's number of the event that it is about. */
  readonly about: number | undefined;
  readonly violations: readonly Violation[];
}

function prepare(types: TypesOfStore, event: RelayedEvent, there: ReadonlyMap<number, number>): Prepared {
  const { announces, ...rest } = event;
  const checked = announces?.kind === 'redaction' ? { ...event, violations: [] } : relayedContents(event, types);
  const draft = { ...rest, generation: checked.generation, contents: checked.contents };
  if (announces === undefined) return { draft, about: undefined, violations: checked.violations };
  const about = there.get(announces.originNumber);
  if (about === undefined) return { draft, about, violations: [notRelayed(announces.originNumber)] };
  const { kind, reason } = announces;
  return {
    draft: { ...draft, announces: { kind, sequenceNumber: about, reason } },
    about,
    violations: checked.violations,
  };
}

/** What an announcement changes: the inbox's own copy of the event that it is about. */
function changesWith(sequence: OpenSequence, draft: EventDraft, about: number | undefined, place: number): Companion[] {
  if (draft.announces === undefined || about === undefined) return [];
  const change =
    draft.announces.kind === 'redaction'
      ? new RedactionWrite(sequence, [about], [draft])
      : new CompensationWrite(sequence, about, draft);
  return [
    {
      touches: change.touches,
      check: async () => placed(await change.check(), place),
      write: (s, first, at) => change.write(s, first + place, at),
    },
  ];
}

/** A verdict as that of the event at a place of the portion. What the inbox has redacted already is no reason to stop. */
function placed(verdict: Verdict, place: number): Verdict {
  if (verdict.kind !== 'violated') return verdict;
  if (verdict.violations.length === 0) return HOLD;
  return {
    kind: 'violated',
    violations: verdict.violations.map((violation) => ({ ...violation, field: `events[${place}]` })),
  };
}

/** Holds a portion against what the inbox has, right before it is recorded, and moves the checkpoint with it. */
class Placing implements Companion {
  readonly touches: ReadonlySet<string> = new Set();
  /** Some of the portion was recorded by somebody else meanwhile. */
  overtaken = false;

  constructor(
    private readonly sequence: OpenSequence,
    private readonly portion: readonly Place[],
    private unseen: boolean,
    private readonly checkpoint: Along,
  ) {}

  async check(): Promise<Verdict> {
    // The first time the insert itself finds out; whoever is asked again has met something.
    if (this.unseen) {
      this.unseen = false;
      return HOLD;
    }
    const events = this.portion.map(({ event }) => event);
    const source = events[0]?.origin;
    if (source === undefined) return HOLD;
    const numbers = events.map(({ origin }) => origin.sequenceNumber);
    this.overtaken = (await new Origins(this.sequence.db).at(source, numbers)).size > 0;
    return this.overtaken ? { kind: 'violated', violations: [] } : HOLD;
  }

  async write(session: ClientSession): Promise<void> {
    if (!(await this.checkpoint(session))) throw new AnnalsError('LEASE_LOST');
  }
}

/** The checkpoint by itself, when everything that it passes is there. */
async function alone(client: MongoClient, checkpoint: Along): Promise<boolean> {
  return client.withSession((session) =>
    session.withTransaction(async () => checkpoint(session), { writeConcern: WRITE_CONCERN }),
  );
}

const notRelayed = (number: number): Violation => ({
  code: 'ORIGINAL_NOT_RELAYED',
  message: `it is about event ${number} of the source, which this inbox does not have`,
  field: 'announces',
  sequenceNumber: undefined,
  metadata: { originNumber: String(number) },
});

/** Violations name their event as `events[3]…`; those that name none stand against the first. */
function byEvent(violations: readonly Violation[], portion: readonly Place[]): Refusal[] {
  const grouped = new Map<number, Violation[]>();
  for (const violation of violations) {
    const place = Number(/^events\[(\d+)\]/.exec(violation.field)?.[1] ?? 0);
    const index = portion[place]?.index ?? 0;
    grouped.set(index, [...(grouped.get(index) ?? []), violation]);
  }
  return [...grouped].map(([index, of]) => ({ index, violations: of }));
}
