/** Which of a source's events wait in held partitions, read from the source again. */
import type { EventFilter } from '../../src/kernel/event-filter';
import { LIMITS } from '../../src/kernel/limits';
import type { RelaySteps } from './relay-steps';
import type { SourceEvent } from './source-event';

export class HeldEvents {
  constructor(
    private readonly steps: RelaySteps,
    private readonly partitions: ReadonlySet<string>,
  ) {}

  /** The link's filters, narrowed to the partitions where the source can do that. */
  filters(): readonly EventFilter[] {
    const { filters, partitionBy } = this.steps.record.definition;
    if (partitionBy.kind !== 'source' || this.partitions.size > LIMITS.valuesPerFilter) return filters;
    const only = [...this.partitions];
    if (filters.length === 0) return [{ types: [], eventSourceIds: only, tags: [], correlationId: undefined }];
    const narrowed = filters.map((filter) => ({
      ...filter,
      eventSourceIds:
        filter.eventSourceIds.length === 0 ? only : filter.eventSourceIds.filter((id) => only.includes(id)),
    }));
    // A filter without any source would select all of them.
    return narrowed.filter(({ eventSourceIds }) => eventSourceIds.length > 0);
  }

  /** Those of a page that wait: what was left out before stays so. */
  async of(page: readonly SourceEvent[]): Promise<SourceEvent[]> {
    const [first] = page;
    const last = page.at(-1);
    if (first === undefined || last === undefined) return [];
    const { steps } = this;
    const { address, store } = steps.options;
    const skips = await store.skips(address.link, first.sequenceNumber, last.sequenceNumber);
    const leftOut = new Set(skips.map(({ number }) => number));
    const partitions = await steps.partitions(page);
    const homeless = await this.#homeless(page);
    return page.filter(({ sequenceNumber }, i) => {
      if (leftOut.has(sequenceNumber)) return false;
      const partition = partitions[i] ?? '';
      const stands = this.partitions.has(partition) ? steps.holds.get(partition)?.from : undefined;
      return (stands !== undefined && sequenceNumber >= stands) || homeless.has(sequenceNumber);
    });
  }

  /**
   * By a property: events that were redacted while they waited. They have lost the property that says where they
   * belong; what the inbox does not have of them is theirs. They are left out with that reason.
   */
  async #homeless(page: readonly SourceEvent[]): Promise<ReadonlySet<number>> {
    const { definition } = this.steps.record;
    if (definition.partitionBy.kind !== 'property') return new Set();
    const numbers = page.filter(({ redacted }) => redacted).map(({ sequenceNumber }) => sequenceNumber);
    if (numbers.length === 0) return new Set();
    const there = await this.steps.options.origins.at(definition.source, numbers);
    return new Set(numbers.filter((number) => !there.has(number)));
  }
}
