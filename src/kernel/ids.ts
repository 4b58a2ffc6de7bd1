import { uuidv7 } from 'uuidv7';

/** A new id: a UUIDv7, so that ids made later sort later and a unique index grows at one end. */
export const newId = (): string => uuidv7();
