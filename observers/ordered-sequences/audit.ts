/** All that the log says of one sequence, in words. */
import { describe } from './describe';
import { fold } from './fold';
import type { Journal } from './journal';
import { isNamespaceEntry } from './logged-entry';
import type { Json } from '../../src/contract/sequence-document';
import type { SequenceState } from './sequence-state';

export interface AuditedEntry {
  readonly number: number;
  /** Ms since 1970. */
  readonly recorded: number;
  readonly type: string;
  readonly text: string;
  /** Empty unless a person did it. */
  readonly who: string;
  readonly why: string;
  readonly facts: Json;
}

export async function* audit(journal: Journal, sequenceId: string): AsyncGenerator<AuditedEntry> {
  let state: SequenceState | undefined;
  for await (const { number, at, recorded, entry } of journal.of(sequenceId)) {
    if (isNamespaceEntry(entry)) continue;
    state = fold(state, entry, { number, at });
    const { type, ...facts } = entry;
    const { who, why } = entry.type === 'SequenceResolved' ? entry : { who: '', why: '' };
    // It was JSON before it was recorded.
    yield { number, recorded, type, text: describe(entry, state), who, why, facts: facts as unknown as Json };
  }
}
