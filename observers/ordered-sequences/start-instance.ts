/** An event begins an instance of a definition; where it cannot, the log says why. */
import { AnnalsError } from '../../src/kernel/annals-error';
import { LIMITS } from '../../src/kernel/limits';
import type { BusinessEvent } from './business-event';
import { create, type Beginner } from './create';
import { createdEventId, instanceSequenceId, startRefusedEventId } from './derived-ids';
import { instanceOf, tieOf } from './instance';
import { isPassing } from './journal';
import { SUBJECTS } from './logged-entry';
import type { SequenceDefinition } from '../../src/contract/sequence-document';

export async function begin(engine: Beginner, definition: SequenceDefinition, event: BusinessEvent): Promise<void> {
  const key = tieOf(definition.ties, event);
  if (key === undefined) {
    await refuse(engine, definition, event, '', 'the event has nothing that ties it to an instance');
    return;
  }
  const { eventId, correlationId, causationId, sequenceNumber } = event;
  try {
    const document = instanceOf(definition, { key, startedBy: { eventId, correlationId } });
    await create(engine, document, { causes: [causationId], since: sequenceNumber, dryRun: false });
  } catch (error) {
    // What passes is tried again with the event.
    if (!(error instanceof AnnalsError) || isPassing(error) || error.code === 'SHUTTING_DOWN') throw error;
    if (error.code === 'ORDERED_SEQUENCE_EXISTS' && (await isBegun(engine, definition, key, eventId))) return;
    await refuse(engine, definition, event, key, error.message);
  }
}

/** Whether this very event has begun the instance: by an earlier version of the definition, when it is looked at again after a crash. */
async function isBegun({ journal }: Beginner, { name }: SequenceDefinition, key: string, eventId: string) {
  const begun = await journal.find(createdEventId(instanceSequenceId(name, key)));
  return begun?.entry.type === 'SequenceCreated' && begun.entry.document.metadata.causationId === eventId;
}

async function refuse(
  { journal }: Beginner,
  { name }: SequenceDefinition,
  { eventId, correlationId, occurred }: BusinessEvent,
  key: string,
  reason: string,
): Promise<void> {
  const context = {
    source: SUBJECTS.starts,
    correlationId,
    causationId: eventId,
    // The same however often the event is looked at.
    at: occurred,
    eventId: startRefusedEventId(name, eventId),
  };
  // A property's value may be as long as an entry of the log, which could then never be recorded.
  const told = key.slice(0, LIMITS.eventSourceIdLength);
  await journal.record([{ type: 'StartRefused', definition: name, eventId, key: told, reason }], () => context, null);
}
