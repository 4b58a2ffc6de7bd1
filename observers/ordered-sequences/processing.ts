/** Processors come, answer and go: what their streams ask of the engine. */
import type { Answer } from './answers';
import { answered } from './answers';
import { reached } from './crash-points';
import type { OrderedSequencesEngine } from './engine';
import { SUBJECTS } from './logged-entry';
import type { Processor } from './roster';
import { ORDERED_SEQUENCES } from './tuning';
import { overLimit } from '../../src/kernel/annals-error';

/** It takes steps of its types from now on; those of types that nobody ever took wait for a processor from here on. */
export async function register(engine: OrderedSequencesEngine, processor: Processor): Promise<void> {
  const eventTypes = [...processor.eventTypes].filter((type) => !engine.known.hasProcessor(type)).sort();
  if (eventTypes.length > 0) {
    const { typesKnown } = ORDERED_SEQUENCES;
    const types = engine.known.eventTypes + eventTypes.length;
    if (types > typesKnown) throw overLimit('event_types', typesKnown, types, 'types that ever had a processor');
    const context = { source: SUBJECTS.processors, correlationId: '', causationId: '', at: Date.now() };
    const recorded = await engine.journal.record([{ type: 'ProcessorsKnown', eventTypes }], () => context, null);
    if (recorded.kind === 'recorded') await engine.takenIn(recorded.last);
  }
  engine.stopping.throwIfAborted();
  engine.roster.add(processor);
}

/** What a processor says of a step. Late, repeated and strangers' answers change nothing. */
export async function answer(
  engine: OrderedSequencesEngine,
  processor: Processor,
  taskId: number,
  given: Answer,
): Promise<void> {
  const place = engine.roster.answered(processor.id, taskId);
  if (place === undefined) return;
  reached('answer-received');
  const { sequenceId, step, attempt } = place;
  // There is room for another step at once, and what is recorded of it is recorded with this answer.
  engine.roster.free(place);
  await engine.decide(sequenceId, (state, world) =>
    answered(state, { step, attempt, processor: processor.name, answer: given }, world),
  );
}
