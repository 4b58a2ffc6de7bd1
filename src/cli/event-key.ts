/** Which event a verb is about, as a person types it. */
import type { Command } from 'commander';
import type { EventKey } from '../client';

export interface EventKeyOptions {
  readonly id?: boolean;
}

export const addEventKeyOption = (command: Command): Command =>
  command.option('--id', 'take it for an event id, even when it is digits');

/** Digits are a number, anything else is an event id. */
export function eventKey(key: string, { id }: EventKeyOptions): EventKey {
  const isNumber = id !== true && /^\d+$/.test(key) && Number.isSafeInteger(Number(key));
  return isNumber ? { sequenceNumber: Number(key) } : { eventId: key };
}

export const keyWords = (key: EventKey): string =>
  key.eventId === undefined ? String(key.sequenceNumber) : key.eventId;
