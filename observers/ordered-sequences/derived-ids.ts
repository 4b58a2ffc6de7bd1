/**
 * Ids that are made of others, so that the same thing has the same id whoever makes it, after whatever crash: the log
 * then tells a repetition by itself. Two different things never share one, whatever a user's ids look like: where the
 * plain form ends (or begins) in a way that is fixed, the shortened one ends (or begins) in another.
 */
import { createHash } from 'node:crypto';
import { LIMITS } from '../../src/kernel/limits';

/** Characters of a SHA-256 in hexadecimal. */
const DIGEST_LENGTH = 64;
/** Never digits alone, as the last part of a plain id is. */
const DIGEST_MARK = 'sha256-';

/** What a processor is told, so that an effect happens once: the same for every attempt at this step. */
export const idempotencyKey = (sequenceId: string, step: number): string => endingIn(sequenceId, '', step);

/** The event id of what a rollback appends for this entry of `compensating_events`. */
export const compensationEventId = (sequenceId: string, entry: number): string =>
  endingIn(sequenceId, 'rollback/', entry);

/** Stands for the event id of a step of which only is known what it matches, until that event arrives. */
export const placeholderEventId = (sequenceId: string, step: number): string => endingIn(sequenceId, 'step/', step);

/** The event id of SequenceCreated: the log itself says whether a sequence is there. */
export const createdEventId = (sequenceId: string): string => beginningWith('created', sequenceId);

/** The event id of DefinitionAdded. A version is semver and has no slash, so the last one ends the name. */
export const definitionEventId = (name: string, version: string): string =>
  beginningWith('definition', `${name}/${version}`);

/** The event id of StartRefused: an event that is looked at again is refused once. */
export const startRefusedEventId = (definition: string, eventId: string): string =>
  beginningWith('start-refused', `${definition.replaceAll('%', '%25').replaceAll('/', '%2F')}/${eventId}`);

/** The sequence id of the instance of a definition for one key, when none is given. */
export function instanceSequenceId(definition: string, key: string): string {
  // The first slash ends the name, so one inside it is written otherwise.
  const name = definition.replaceAll('%', '%25').replaceAll('/', '%2F');
  const plain = `${name}/${key}`;
  if (plain.length <= LIMITS.eventIdLength) return plain;
  // A percent sign is followed by 25 or 2F in a plain name.
  return `${beginning(name, LIMITS.eventIdLength - DIGEST_LENGTH - 2)}%/${digest(plain)}`;
}

/** `<sequenceId>/<part><place>`: what follows the last slash is digits in the plain form alone. */
function endingIn(sequenceId: string, part: string, place: number): string {
  const plain = `${sequenceId}/${part}${String(place)}`;
  if (plain.length <= LIMITS.eventIdLength) return plain;
  const end = `/${part}${DIGEST_MARK}${digest(plain)}`;
  return `${beginning(sequenceId, LIMITS.eventIdLength - end.length)}${end}`;
}

/** `<kind>/<rest>`: what precedes the first slash is the kind in the plain form alone. */
function beginningWith(kind: string, rest: string): string {
  const plain = `${kind}/${rest}`;
  return plain.length <= LIMITS.eventIdLength ? plain : `${kind}-${DIGEST_MARK}${digest(plain)}`;
}

/** UTF-16, since UTF-8 would make one of every half of a surrogate pair. */
const digest = (text: string): string => createHash('sha256').update(Buffer.from(text, 'utf16le')).digest('hex');

/** At most so many characters of it, without half a surrogate pair at its end. */
function beginning(text: string, length: number): string {
  const cut = text.slice(0, length);
  const last = cut.charCodeAt(cut.length - 1);
  return last >= FIRST_HIGH_SURROGATE && last <= LAST_HIGH_SURROGATE ? cut.slice(0, -1) : cut;
}

const FIRST_HIGH_SURROGATE = 0xd800;
const LAST_HIGH_SURROGATE = 0xdbff;
