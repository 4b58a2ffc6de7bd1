/** What migrations do to given content, or to the last events of a type. Nothing is written. */
import { checkDefinition } from '../event-types/check-definition';
import { compileType } from '../event-types/compiled-type';
import type { EventTypeDefinition } from '../event-types/definition';
import { Breather } from '../kernel/breather';
import { previewCast, type CastPreview } from '../event-types/preview';
import type { EventTypeRegistry } from '../event-types/registry';
import type { CompiledType } from '../event-types/types-of-store';
import { overLimit } from '../kernel/annals-error';
import { jsonToBson } from '../kernel/content/json-to-bson';
import { LIMITS } from '../kernel/limits';
import type { SequenceAddress } from '../kernel/names';
import { documentAt, findEvents } from '../storage/find-events';
import { storedEvent, type StoredEvent } from '../storage/stored-event';
import { chooseGeneration } from './choose-generation';
import type { OpenSequence } from './open-sequence';
import type { Sequences } from './sequences';
import { TUNING } from './tuning';
import { requireGeneration } from './wanted-generations';

export interface PreviewRequest {
  /** Where real events are taken from. */
  readonly address: SequenceAddress;
  /** A registered type's name, or a type as it would be. */
  readonly type: string | EventTypeDefinition;
  readonly from: number;
  readonly to: number;
  /** `content` is JSON text. */
  readonly input: { readonly content: string } | { readonly lastEvents: number };
}

export interface MigrationPreview extends CastPreview {
  /** Absent for given content. */
  readonly sequenceNumber: number | undefined;
}

/** Bytes of events that are shown at most, beyond the first: before and after must fit one message. */
const SHOWN_BYTES = 4 * 1024 * 1024;

/** Events that are read at once. */
const PAGE_EVENTS = 100;

/** @throws AnnalsError UNKNOWN_EVENT_TYPE, UNKNOWN_GENERATION, INVALID_CONTENT, and whatever is wrong with a definition. */
export async function previewMigration(
  registry: EventTypeRegistry,
  sequences: Sequences,
  { address, type: given, from, to, input }: PreviewRequest,
): Promise<MigrationPreview[]> {
  if (typeof given !== 'string') checkDefinition(given, 'definition');
  const type = typeof given === 'string' ? await registry.compiled(address.store, given) : compileType(given);
  requireGeneration(type, from, 'from');
  requireGeneration(type, to, 'to');
  if ('content' in input) {
    const content = jsonToBson(Buffer.from(input.content), 'content');
    return [{ sequenceNumber: undefined, ...previewCast(type, content, from, to) }];
  }
  const { lastEvents } = input;
  if (lastEvents < 1 || lastEvents > LIMITS.eventsPerPreview) {
    throw overLimit('last_events', LIMITS.eventsPerPreview, lastEvents, 'events');
  }
  const events = await lastOfType(await sequences.open(address), type.name, lastEvents);
  const breather = new Breather();
  const previews: MigrationPreview[] = [];
  for (const event of events) {
    previews.push(castEvent(type, event, from, to));
    await breather.breathe();
  }
  return previews;
}

function castEvent(type: CompiledType, event: StoredEvent, from: number, to: number): MigrationPreview {
  const { number: sequenceNumber, contents, generation: written } = event;
  const before = chooseGeneration({ stored: contents, written, wanted: from, type, redacted: false });
  if (before === undefined || before.notCast !== '') {
    const reason = before?.notCast ?? 'it has no content';
    return {
      sequenceNumber,
      before: '',
      after: undefined,
      faults: [`there is nothing in generation ${from}: ${reason}`],
    };
  }
  return { sequenceNumber, ...previewCast(type, before.content, from, to) };
}

/** The newest events of a type, the newest first, without those that were redacted or only announce something. */
async function lastOfType({ db, collection, tail }: OpenSequence, type: string, count: number): Promise<StoredEvent[]> {
  await tail.refresh();
  const filters = [{ types: [type], eventSourceIds: [], tags: [], correlationId: undefined }];
  const events: StoredEvent[] = [];
  let bytes = 0;
  for (let to = tail.next - 1; to >= 0;) {
    // No index leads to a type, so a bounded stretch of the log is walked at a time.
    const from = Math.max(0, to - TUNING.scanWindow + 1);
    const range = { from, to, limit: PAGE_EVENTS, backwards: true, filters, delivered: true };
    const found = await findEvents(db, collection, range);
    for (const start of found.starts) {
      const event = storedEvent(documentAt(found.bytes, start));
      to = event.number - 1;
      if (event.redacted) continue;
      bytes += event.bytes;
      if (events.length > 0 && bytes > SHOWN_BYTES) return events;
      events.push(event);
      if (events.length === count) return events;
    }
    if (found.exhausted) to = from - 1;
  }
  return events;
}
