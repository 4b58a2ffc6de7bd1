/** The ordered sequences that a filter selects, as they change: what is there first, then each that changed, the newest state of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { OrderedSequencesEngine } from './engine';
import { list, type FoundSequence, type SequenceFilter } from './lookup';
import type { SequenceState } from './sequence-state';
import { ORDERED_SEQUENCES } from './tuning';

export interface Watched {
  readonly sequences: readonly FoundSequence[];
  readonly caughtUp: boolean;
}

/** @param sequenceId this one alone; empty: those of the filter. @throws AnnalsError LEASE_LOST when another server has them */
export async function* watch(
  engine: OrderedSequencesEngine,
  filter: SequenceFilter,
  sequenceId: string,
  signal: AbortSignal,
): AsyncGenerator<Watched> {
  const changed = new Map<string, SequenceState>();
  const told = new Set<string>();
  let wake = (): void => undefined;
  let behind = false;
  const selects = (state: SequenceState): boolean =>
    sequenceId === '' ? matchesFilter(state, filter) : state.document.sequenceId === sequenceId;
  const unlisten = engine.listen((state) => {
    const { sequenceId: id } = state.document;
    // One that no longer matches is told once more, so that whoever shows it sees why it goes.
    if (behind || (!selects(state) && !told.has(id))) return;
    changed.set(id, state);
    if (changed.size > ORDERED_SEQUENCES.watchBehind) {
      behind = true;
      changed.clear();
    }
    wake();
  });
  const woken = (): void => wake();
  const ended = AbortSignal.any([signal, engine.stopping]);
  ended.addEventListener('abort', woken);
  try {
    for await (const sequences of first(engine, filter, sequenceId)) {
      for (const { state } of sequences) if (mayChange(state)) told.add(state.document.sequenceId);
      yield { sequences, caughtUp: false };
    }
    yield { sequences: [], caughtUp: true };
    while (!ended.aborted) {
      if (behind) throw new AnnalsError('OVERLOADED', 'the watch has fallen too far behind: begin it again');
      const some = [...changed.values()].slice(0, ORDERED_SEQUENCES.watchSequences);
      if (some.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (changed.size > 0 || behind || ended.aborted) resolve();
        });
        continue;
      }
      for (const state of some) {
        const { sequenceId: id } = state.document;
        changed.delete(id);
        if (selects(state) && mayChange(state)) told.add(id);
        else told.delete(id);
      }
      yield { sequences: some.map((state) => ({ state, whole: true, archived: undefined })), caughtUp: false };
      // A sequence that goes through several states at once is told once.
      await sleep(ORDERED_SEQUENCES.watchMs, undefined, { signal: ended }).catch(() => undefined);
    }
    if (!signal.aborted) throw new AnnalsError('LEASE_LOST');
  } finally {
    unlisten();
    ended.removeEventListener('abort', woken);
  }
}

/** What is settled is not told again, so it need not be remembered: a watch may last for years. */
const mayChange = ({ handling }: SequenceState): boolean => handling.phase !== 'settled';

async function* first(
  engine: OrderedSequencesEngine,
  filter: SequenceFilter,
  sequenceId: string,
): AsyncGenerator<readonly FoundSequence[]> {
  if (sequenceId !== '') {
    const found = await engine.find(sequenceId);
    if (found !== undefined) yield [found];
    return;
  }
  await engine.flushed();
  for (let token = ''; ;) {
    const page = await list(engine.options.db, filter, { size: ORDERED_SEQUENCES.watchPage, token });
    if (page.sequences.length > 0) yield page.sequences;
    token = page.nextPageToken;
    if (token === '') return;
  }
}

/** The same question as a list asks of the rows. */
function matchesFilter({ document, handling }: SequenceState, filter: SequenceFilter): boolean {
  const { metadata } = document;
  const { statuses = [], tags = {}, eventId = '', needsPerson = false } = filter;
  const equal = (wanted: string | undefined, actual: string): boolean =>
    wanted === undefined || wanted === '' || wanted === actual;
  return (
    (statuses.length === 0 || statuses.includes(document.status)) &&
    equal(filter.correlationId, metadata.correlationId) &&
    equal(filter.causationId, metadata.causationId) &&
    equal(filter.sourceType, metadata.source.type) &&
    equal(filter.sourceId, metadata.source.id) &&
    equal(filter.name, document.name) &&
    equal(filter.version, document.version) &&
    Object.entries(tags).every(([key, value]) => metadata.tags[key] === value) &&
    (eventId === '' ||
      document.events.some((event, place) =>
        [event.eventId, handling.steps[place]?.arrived?.eventId].includes(eventId),
      )) &&
    (!needsPerson || handling.phase === 'needs-person')
  );
}
