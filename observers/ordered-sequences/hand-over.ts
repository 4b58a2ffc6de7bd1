/** Brings a step that was recorded as begun to the processor that has it. */
import type { SequenceDocument } from '../../src/contract/sequence-document';
import { DEFAULT_SEQUENCE } from '../../src/kernel/names';
import type { BusinessEvents } from './business-events';
import { idempotencyKey } from './derived-ids';
import { documentJson } from './document-json';
import type { Place, Task } from './roster';
import type { SequenceState } from './sequence-state';
import { eventOf, handlingOf } from './steps';

export async function handOver(events: BusinessEvents, place: Place, state: SequenceState): Promise<void> {
  const { document } = state;
  const { step, processor, attempt } = place;
  const { arrived, deadline } = handlingOf(state, step);
  if (arrived === null) return;
  // Whatever comes from here on may be an answer, or the end of this place.
  place.handed = true;
  const sequence = document.event_sequence ?? DEFAULT_SEQUENCE;
  const task: Task = {
    id: place.taskId,
    idempotencyKey: idempotencyKey(document.sequenceId, step),
    sequenceId: document.sequenceId,
    sequenceName: document.name,
    order: eventOf(document, step).order,
    attempt,
    event: await events.entry(sequence, arrived, processor.contentType),
    deadline,
    document: jsonOf(document),
    redelivery: place.again,
  };
  processor.send([task]);
}

let latest: { readonly document: SequenceDocument; readonly json: Buffer } | undefined;

/** Steps that are handed over together have one document, which may be long: it is written once. */
function jsonOf(document: SequenceDocument): Buffer {
  if (latest?.document !== document) latest = { document, json: documentJson(document) };
  return latest.json;
}
