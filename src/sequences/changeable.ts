/** The recorded events whose content may be replaced or taken away. */
import { AnnalsError } from '../kernel/annals-error';
import { findChangeable, type ChangeableEvent } from '../storage/change-events';
import type { SequencePlace } from './reader';
import type { OpenSequence } from './open-sequence';

/** Every change of an event touches this, so that no two are made in one commit. */
export const changeOf = (number: number): string => `event ${number}`;

/** @throws AnnalsError EVENT_NOT_FOUND, NOT_COMPENSABLE */
export async function changeable(
  { db, collection, address }: OpenSequence,
  key: number | string,
): Promise<ChangeableEvent> {
  const byNumber = typeof key === 'number';
  const [event] = await findChangeable(db, collection, byNumber ? { numbers: [key] } : { eventId: key });
  const field = byNumber ? 'sequence_number' : 'event_id';
  if (event === undefined) {
    throw new AnnalsError('EVENT_NOT_FOUND', `${address.sequence} has no event ${JSON.stringify(key)}`, { field });
  }
  const { announces } = event;
  if (announces === undefined) return event;
  throw new AnnalsError(
    'NOT_COMPENSABLE',
    `event ${event.number} announces what happened to event ${announces}; it has no content of its own`,
    { field, metadata: { sequenceNumber: String(announces) } },
  );
}

/** The events with these numbers as they are now; they were there a moment ago. In the order of the numbers. */
export async function changeableNow(
  { db, collection }: SequencePlace,
  numbers: readonly number[],
): Promise<readonly ChangeableEvent[]> {
  const found = await findChangeable(db, collection, { numbers });
  const byNumber = new Map(found.map((event) => [event.number, event]));
  return numbers.map((number) => {
    const event = byNumber.get(number);
    if (event === undefined) throw new Error(`event ${number} is gone`);
    return event;
  });
}
