/**
 * What an inbox holds of one source, by the source's numbers: the other half of a proof, and what tells an
 * event that was relayed before from another one with the same number.
 */
import { Long, type Collection, type Db } from 'mongodb';
import { READ_CONCERN } from './find-events';
import { sequenceCollection } from './names';

/** An event sequence as an origin names it. */
export interface OriginSource {
  readonly store: string;
  readonly namespace: string;
  readonly sequence: string;
}

export interface RelayedPlace {
  /** The number at the source. */
  readonly origin: number;
  /** The number in the inbox. */
  readonly number: number;
  readonly eventId: string;
}

interface PlaceDocument {
  readonly _id: Long | number;
  readonly eventId: string;
  readonly origin?: { readonly sequenceNumber: Long | number };
}

const PLACE = { eventId: 1, 'origin.sequenceNumber': 1 } as const;

export class Origins {
  readonly #inbox: Collection;

  /** @param db the namespace's database. */
  constructor(db: Db) {
    this.#inbox = db.collection(sequenceCollection('inbox'));
  }

  /** What the inbox holds of the source's numbers `from` to `to`, inclusive, in their order. */
  async between(source: OriginSource, from: number, to: number): Promise<RelayedPlace[]> {
    const range = { $gte: Long.fromNumber(from), $lte: Long.fromNumber(to) };
    const found = await this.#inbox
      .find<PlaceDocument>(
        { ...ofSource(source), 'origin.sequenceNumber': range },
        // The index gives them in this order; without the count the driver asks for 101 and then for 16 MiB.
        {
          projection: PLACE,
          sort: { 'origin.sequenceNumber': 1 },
          batchSize: Math.min(to - from + 2, MOST_AT_ONCE),
          readConcern: READ_CONCERN,
        },
      )
      .toArray();
    return found.map(placeOf);
  }

  /** The inbox's numbers of these numbers of the source; those that it does not hold are left out. */
  async at(source: OriginSource, numbers: readonly number[]): Promise<Map<number, number>> {
    const wanted = { $in: numbers.map((number) => Long.fromNumber(number)) };
    const found = await this.#inbox
      .find<PlaceDocument>(
        { ...ofSource(source), 'origin.sequenceNumber': wanted },
        { projection: PLACE, batchSize: numbers.length + 1, readConcern: READ_CONCERN },
      )
      .toArray();
    return new Map(found.map(placeOf).map(({ origin, number }) => [origin, number]));
  }

  /** The source's highest number that the inbox holds; undefined when it holds none. */
  async last(source: OriginSource): Promise<RelayedPlace | undefined> {
    const found = await this.#inbox.findOne<PlaceDocument>(
      { ...ofSource(source), 'origin.sequenceNumber': { $exists: true } },
      { projection: PLACE, sort: { 'origin.sequenceNumber': -1 }, readConcern: READ_CONCERN },
    );
    return found === null ? undefined : placeOf(found);
  }

  /** Of these event ids, those that the inbox has: where, and whether a relay brought them. */
  async byEventIds(
    eventIds: readonly string[],
  ): Promise<Map<string, { readonly number: number; readonly relayed: boolean }>> {
    const found = await this.#inbox
      .find<PlaceDocument>({ eventId: { $in: eventIds } }, { projection: PLACE, readConcern: READ_CONCERN })
      .toArray();
    return new Map(
      found.map(({ _id, eventId, origin }) => [eventId, { number: Number(_id), relayed: origin !== undefined }]),
    );
  }
}

/** Places in one reply: some MiB. */
const MOST_AT_ONCE = 10_000;

const ofSource = ({ store, namespace, sequence }: OriginSource) => ({
  'origin.store': store,
  'origin.namespace': namespace,
  'origin.sequence': sequence,
});

const placeOf = ({ _id, eventId, origin }: PlaceDocument): RelayedPlace => ({
  origin: Number(origin?.sequenceNumber),
  number: Number(_id),
  eventId,
});
