/** What the log says beside single sequences: the definitions, and the event types that processors have ever been there for. */
import { AnnalsError } from '../../src/kernel/annals-error';
import { DEFAULT_SEQUENCE } from '../../src/kernel/names';
import type { NamespaceEntry } from './log-entry';
import type { SequenceDefinition } from '../../src/contract/sequence-document';

/** By event sequence and event type: the definitions of which such an event begins an instance. */
export type Starts = ReadonlyMap<string, ReadonlyMap<string, readonly SequenceDefinition[]>>;

export class Known {
  /** Each name's versions, in the order in which they were defined. */
  readonly #definitions: SequenceDefinition[] = [];
  readonly #eventTypes = new Set<string>();

  take(entry: NamespaceEntry): void {
    if (entry.type === 'ProcessorsKnown') for (const eventType of entry.eventTypes) this.#eventTypes.add(eventType);
    if (entry.type !== 'DefinitionAdded') return;
    const { name, version } = entry.definition;
    const known = this.#definitions.some((one) => one.name === name && one.version === version);
    if (!known) this.#definitions.push(entry.definition);
  }

  /** How many event types processors have ever been there for. */
  get eventTypes(): number {
    return this.#eventTypes.size;
  }

  hasProcessor(eventType: string): boolean {
    return this.#eventTypes.has(eventType);
  }

  /** @param name empty: all */
  definitions(name: string): readonly SequenceDefinition[] {
    return this.#definitions.filter((one) => name === '' || one.name === name);
  }

  /** @param version empty: the one that was defined last. @throws AnnalsError UNKNOWN_DEFINITION */
  definition(name: string, version: string): SequenceDefinition {
    const found = this.definitions(name).findLast((one) => version === '' || one.version === version);
    if (name !== '' && found !== undefined) return found;
    throw new AnnalsError('UNKNOWN_DEFINITION', undefined, { field: version === '' ? 'name' : 'version' });
  }

  /** Of each name the version that was defined last begins instances. */
  starts(): Starts {
    const latest = new Map(this.#definitions.map((definition) => [definition.name, definition]));
    const starts = new Map<string, Map<string, SequenceDefinition[]>>();
    // One that no longer has any must be told so.
    for (const { event_sequence: sequence = DEFAULT_SEQUENCE, starts: begins } of this.#definitions) {
      if (begins !== undefined) starts.set(sequence, new Map());
    }
    for (const definition of latest.values()) {
      const { event_sequence: sequence = DEFAULT_SEQUENCE, starts: begins } = definition;
      if (begins === undefined) continue;
      const byType = starts.get(sequence) ?? new Map<string, SequenceDefinition[]>();
      byType.set(begins.event_type, [...(byType.get(begins.event_type) ?? []), definition]);
      starts.set(sequence, byType);
    }
    return starts;
  }
}
