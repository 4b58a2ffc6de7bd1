/** Makes the tracks of an observer: the main one, the one of a replay, and the lane of a failed partition. */
import type { EventFilter } from '../contract/messages';
import type { OpenSequence } from '../sequences/open-sequence';
import type { ObserverDefinition, ObserverRecord } from '../storage/observers';
import { contentWanted } from './content-wanted';
import type { DispatchLimits } from './dispatcher';
import { EventSource } from './event-source';
import { partitionKey } from './partition-key';
import { Track } from './track';
import { OBSERVATION } from './tuning';

const WINDOW: DispatchLimits = {
  windowEvents: OBSERVATION.windowEvents,
  windowBytes: OBSERVATION.windowBytes,
  deliveryBytes: OBSERVATION.deliveryBytes,
};

/** Everything on a lane or a replay may have been delivered before. */
const ALWAYS = Number.POSITIVE_INFINITY;

export class Tracks {
  #deliveryId = 1;

  constructor(private readonly sequence: OpenSequence) {}

  /**
   * The track that the record asks for: a replay when there is one.
   * @param sentBelow numbers below it may have been delivered by a main track before.
   */
  current({ definition, replay, position, ahead }: ObserverRecord, sentBelow: number): Track {
    const last = (): number => this.sequence.tail.next - 1;
    return new Track({
      source: this.#source(definition),
      from: replay?.position ?? position,
      end: replay === undefined ? last : () => Math.min(replay.to, last()),
      partition: replay?.partition,
      ahead: replay === undefined ? ahead : new Map(),
      redeliveryBelow: replay === undefined ? sentBelow : ALWAYS,
      replay: replay !== undefined,
      limits: WINDOW,
      newDeliveryId: this.#newDeliveryId,
    });
  }

  /** @param end the number that it catches up with, inclusive; it may move on. */
  lane({ definition }: ObserverRecord, partition: string, from: number, end: () => number): Track {
    return new Track({
      source: this.#source(definition, partition),
      from,
      end,
      partition,
      redeliveryBelow: ALWAYS,
      replay: false,
      limits: { ...WINDOW, windowEvents: OBSERVATION.laneEvents },
      newDeliveryId: this.#newDeliveryId,
    });
  }

  readonly #newDeliveryId = (): number => this.#deliveryId++;

  /** @param partition the one that is wanted, so that an index can lead to it. */
  #source(definition: ObserverDefinition, partition?: string): EventSource {
    const { filters, partitionBy } = definition;
    return new EventSource({
      sequence: this.sequence,
      filters: partition !== undefined && partitionBy.kind === 'source' ? ofSource(filters, partition) : filters,
      content: contentWanted(definition),
      partitionOf: partitionKey(partitionBy),
    });
  }
}

/** The same filters for one event source; a filter for other sources alone selects nothing of it. */
function ofSource(filters: readonly EventFilter[], source: string): EventFilter[] {
  const all = filters.length === 0 ? [{ types: [], eventSourceIds: [], tags: [], correlationId: undefined }] : filters;
  return all
    .filter(({ eventSourceIds }) => eventSourceIds.length === 0 || eventSourceIds.includes(source))
    .map((filter) => ({ ...filter, eventSourceIds: [source] }));
}
