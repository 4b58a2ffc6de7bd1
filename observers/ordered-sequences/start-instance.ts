/** An event begins an instance of a definition; where it cannot, the log says why. */
import { AnnalsError } from '../../src/kernel/annals-error';
import type { BusinessEvent } from './business-event';
import { create, type Beginner } from './create';
import { startRefusedEventId } from './derived-ids';
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
  try {
    const { eventId, correlationId, causationId, sequenceNumber } = event;
    const document = instanceOf(definition, { key, startedBy: { eventId, correlationId } });
    await create(engine, document, { causes: [causationId], since: sequenceNumber, dryRun: false });
  } catch (error) {
    // What passes is tried again with the event.
    if (!(error instanceof AnnalsError) || isPassing(error) || error.code === 'SHUTTING_DOWN') throw error;
    await refuse(engine, definition, event, key, error.message);
  }
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
  await journal.record([{ type: 'StartRefused', definition: name, eventId, key, reason }], () => context, null);
}
