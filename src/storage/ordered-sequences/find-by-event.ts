/** Which ordered sequences an event has to do with: as a step, or because a rollback appended it. */
import type { Db } from 'mongodb';
import { everywhere, placesOf } from './find-rows';

export interface EventPlace {
  readonly eventId: string;
  readonly sequenceId: string;
  /** `step`: the event is one. `compensation`: a rollback of the sequence appends it. */
  readonly as: 'step' | 'compensation';
  /** Of a step: its place, from 0. */
  readonly step: number | undefined;
  /** Of a step. */
  readonly order: number | undefined;
  readonly status: string | undefined;
  /** The month that the sequence is archived under; undefined: it is active. */
  readonly month: string | undefined;
}

/** Ids in one question. */
export const EVENT_IDS_AT_ONCE = 1_000;

/** Places that one question tells. */
const TOLD = 10_000;

/** By event id, each place once. Of very many, some: an event that ten thousand sequences wait for is none of theirs. */
export async function findByEvents(db: Db, eventIds: readonly string[], archived: boolean): Promise<EventPlace[]> {
  const places: EventPlace[] = [];
  for (let i = 0; i < eventIds.length; i += EVENT_IDS_AT_ONCE) {
    const some = eventIds.slice(i, i + EVENT_IDS_AT_ONCE);
    places.push(...(await findSteps(db, some, archived)), ...(await findCompensations(db, some, archived)));
  }
  return places;
}

interface FoundStep {
  readonly _id: string;
  readonly event_id: string;
  readonly sequence_id: string;
  readonly order: number;
  readonly status: string;
}

export const stepsOf = (eventIds: readonly string[]) => [
  { $match: { event_id: { $in: eventIds } } },
  { $limit: TOLD },
  { $project: { event_id: 1, sequence_id: 1, order: 1, status: 1 } },
];

async function findSteps(db: Db, eventIds: readonly string[], archived: boolean): Promise<EventPlace[]> {
  const found = await everywhere<FoundStep>(db, await placesOf(db, archived), 'events', () => stepsOf(eventIds));
  const steps = new Map<string, EventPlace>();
  for (const { _id, event_id, sequence_id, order, status, month } of found) {
    if (steps.has(_id)) continue;
    const step = Number(_id.slice(_id.lastIndexOf('/') + 1));
    const place = { eventId: event_id, sequenceId: sequence_id, as: 'step', step, order, status } as const;
    steps.set(_id, { ...place, month: month ?? undefined });
  }
  return [...steps.values()];
}

/** How many caused each other on the way to the deepest of these sequences. It never changes, so it need not be in memory. */
export async function findDepth(db: Db, sequenceIds: readonly string[]): Promise<number> {
  const deepest = [
    { $match: { sequence_id: { $in: sequenceIds } } },
    { $group: { _id: null, depth: { $max: '$handling.depth' } } },
  ];
  const found = await everywhere<{ readonly depth: number }>(db, await placesOf(db, true), 'sequences', () => deepest);
  return Math.max(0, ...found.map(({ depth }) => depth));
}

const COMPENSATIONS = 'handling.rollback.compensations.eventId';

export const compensationsOf = (eventIds: readonly string[]) => [
  { $match: { [COMPENSATIONS]: { $in: eventIds } } },
  { $limit: TOLD },
  { $project: { _id: 0, sequence_id: 1, eventIds: `$${COMPENSATIONS}` } },
];

async function findCompensations(db: Db, eventIds: readonly string[], archived: boolean): Promise<EventPlace[]> {
  const found = await everywhere<{ readonly sequence_id: string; readonly eventIds: readonly string[] }>(
    db,
    await placesOf(db, archived),
    'sequences',
    () => compensationsOf(eventIds),
  );
  const wanted = new Set(eventIds);
  const once = new Map<string, EventPlace>();
  for (const { sequence_id: sequenceId, eventIds: theirs, month } of found) {
    for (const eventId of theirs.filter((one) => wanted.has(one))) {
      const place = { eventId, sequenceId, as: 'compensation', step: undefined, order: undefined } as const;
      const key = JSON.stringify([sequenceId, eventId]);
      if (!once.has(key)) once.set(key, { ...place, status: undefined, month: month ?? undefined });
    }
  }
  return [...once.values()];
}
