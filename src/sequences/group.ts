/** What goes into one commit: pure decisions of the sequencer. */
import type { EventDraft } from '../storage/event-document';
import { matches } from './log-event';
import type { PendingAppend } from './pending-append';

export interface GroupLimits {
  readonly groupEvents: number;
  readonly groupBytes: number;
}

/** How many appends at the front of the queue make the next group: whole ones, at least one. */
export function groupSize(queue: readonly PendingAppend[], limits: GroupLimits): number {
  let events = 0;
  let bytes = 0;
  let size = 0;
  for (const pending of queue) {
    events += pending.count;
    bytes += pending.append.bytes;
    if (size > 0 && (events > limits.groupEvents || bytes > limits.groupBytes)) break;
    size++;
  }
  return size;
}

/**
 * How many appends at the front of the group change nothing in common beside the log. Cut off before any
 * of them is checked: what waits for an earlier one's change is checked once, and not once for each.
 */
export function prefixOfChanges(group: readonly PendingAppend[]): number {
  const touched = new Set<string>();
  for (const [index, { append }] of group.entries()) {
    if (append.companions.length === 0) continue;
    const own = append.companions.flatMap(({ touches }) => [...touches]);
    if (own.some((thing) => touched.has(thing))) return index;
    for (const thing of own) touched.add(thing);
  }
  return group.length;
}

/**
 * Where a constraint comes into force everything below has been looked at, and everything above is held
 * against it: neither is true of what is recorded in the same commit.
 */
const standsAlone = ({ append }: PendingAppend): boolean =>
  append.companions.length > 0 && append.drafts.some(({ announces }) => announces?.kind === 'constraint');

/**
 * How many appends at the front of the group can be committed together. One that does not hold
 * against an earlier one of the group, repeats its event id, or claims or changes the same thing,
 * waits for the next group: the earlier one may still fail, so nothing can be said before it is
 * committed. What comes after it waits too, so that appends keep the order in which they came.
 */
export function prefixWithoutConflict(group: readonly PendingAppend[]): number {
  const [first] = group;
  if (first === undefined || group.length === 1 || standsAlone(first)) return Math.min(1, group.length);
  const earlier: EventDraft[] = [];
  const ids = new Set<string>();
  const touched = new Set<string>();
  for (const [index, pending] of group.entries()) {
    const { append } = pending;
    const touches = pending.touches();
    const conflicts =
      (index > 0 && standsAlone(pending)) ||
      append.drafts.some((draft) => ids.has(draft.eventId)) ||
      append.expectations.some(({ filter }) => earlier.some((draft) => matches(filter, draft))) ||
      touches.some((thing) => touched.has(thing));
    if (conflicts) return index;
    for (const draft of append.drafts) {
      ids.add(draft.eventId);
      earlier.push(draft);
    }
    for (const thing of touches) touched.add(thing);
  }
  return group.length;
}

/** Which append of the group holds the document at place `at` of the group's documents. */
export function appendAt(group: readonly PendingAppend[], at: number): number {
  let documents = 0;
  const index = group.findIndex((pending) => (documents += pending.count) > at);
  return index === -1 ? group.length : index;
}
