/** The recorded events whose content may be replaced or taken away. */
import { AnnalsError } from '../kernel/annals-error';
import { storedEvent, type StoredEvent } from '../storage/stored-event';
import { readOne } from './reader';
import type { OpenSequence } from './sequences';

/** Every change of an event touches this, so that no two are made in one commit. */
export const changeOf = (number: number): string => `event ${number}`;

/** @throws AnnalsError EVENT_NOT_FOUND, NOT_COMPENSABLE */
export async function changeable(sequence: OpenSequence, key: number | string): Promise<StoredEvent> {
  const document = await readOne(sequence, key);
  const field = typeof key === 'number' ? 'sequence_number' : 'event_id';
  if (document === undefined) {
    throw new AnnalsError('EVENT_NOT_FOUND', `${sequence.address.sequence} has no event ${JSON.stringify(key)}`, {
      field,
    });
  }
  const event = storedEvent(document);
  if (event.announces === undefined) return event;
  const about = event.announces.sequenceNumber;
  throw new AnnalsError(
    'NOT_COMPENSABLE',
    `event ${event.number} announces what happened to event ${about}; it has no content of its own`,
    { field, metadata: { sequenceNumber: String(about) } },
  );
}
