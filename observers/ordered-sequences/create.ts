/** A sequence begins: once under its id, whoever asks for it how often. */
import type { Db } from 'mongodb';
import { AnnalsError } from '../../src/kernel/annals-error';
import { LIMITS } from '../../src/kernel/limits';
import { DEFAULT_SEQUENCE } from '../../src/kernel/names';
import { findDepth } from '../../src/storage/ordered-sequences/find-by-event';
import { reached } from './crash-points';
import { createdEventId } from './derived-ids';
import { sameDocument } from './document-json';
import { fold } from './fold';
import type { Follow } from './follow';
import type { Journal } from './journal';
import type { SequenceCreated } from './log-entry';
import { byEvent, type FoundSequence } from './lookup';
import type { SequenceDocument } from '../../src/contract/sequence-document';

/** The part of an engine that is used here. */
export interface Beginner {
  readonly options: { readonly db: Db };
  readonly journal: Journal;
  readonly follow: Follow;
  takenIn(number: number): Promise<void>;
  flushed(): Promise<void>;
  require(sequenceId: string): Promise<FoundSequence>;
}

export interface Created {
  readonly found: FoundSequence;
  /** False: it was there. */
  readonly created: boolean;
}

export interface Beginning {
  /** Events that may have caused it, beside the one that its metadata names. */
  readonly causes: readonly string[];
  /** The event that began it, by its number; undefined: a person did. */
  readonly since: number | undefined;
  readonly dryRun: boolean;
}

/** @throws AnnalsError ORDERED_SEQUENCE_EXISTS, SEQUENCE_CIRCLE */
export async function create(
  engine: Beginner,
  document: SequenceDocument,
  { causes, since, dryRun }: Beginning,
): Promise<Created> {
  const { sequenceId, metadata, event_sequence: sequence = DEFAULT_SEQUENCE } = document;
  const known = [metadata.causationId, ...causes].filter((id) => id !== '');
  const matched = document.events.some(({ matches }) => matches !== undefined);
  const entry: SequenceCreated = {
    type: 'SequenceCreated',
    document,
    depth: await depthOf(engine, known),
    ...(matched ? { since: since ?? (await engine.follow.tail(sequence)) } : {}),
  };
  if (dryRun) {
    const existing = await existingAs(engine, document);
    const state = fold(undefined, entry, { number: 0, at: Date.now() });
    return { found: existing ?? { state, whole: true, archived: undefined }, created: false };
  }
  reached('before-create');
  const context = {
    source: sequenceId,
    correlationId: metadata.correlationId,
    causationId: metadata.causationId,
    at: Date.now(),
    eventId: createdEventId(sequenceId),
  };
  const recorded = await engine.journal.record([entry], () => context, null);
  if (recorded.kind !== 'recorded') {
    const existing = await existingAs(engine, document);
    if (existing !== undefined) return { found: existing, created: false };
    throw new AnnalsError('INTERNAL', 'the log of ordered sequences refused a beginning');
  }
  await engine.takenIn(recorded.last);
  if (!recorded.duplicate) reached('after-create-recorded');
  return { found: await engine.require(sequenceId), created: !recorded.duplicate };
}

/** The sequence that is there under this document's id, when it began as this. @throws AnnalsError ORDERED_SEQUENCE_EXISTS */
async function existingAs(engine: Beginner, document: SequenceDocument): Promise<FoundSequence | undefined> {
  const { sequenceId } = document;
  const begun = await engine.journal.find(createdEventId(sequenceId));
  if (begun?.entry.type !== 'SequenceCreated') return undefined;
  if (!sameDocument(begun.entry.document, document)) {
    throw new AnnalsError('ORDERED_SEQUENCE_EXISTS', `${sequenceId} is there with other content`, {
      field: 'document.sequenceId',
    });
  }
  await engine.takenIn(begun.number);
  return engine.require(sequenceId);
}

/** One more than the deepest of those that have one of these events. @throws AnnalsError SEQUENCE_CIRCLE */
async function depthOf(engine: Beginner, eventIds: readonly string[]): Promise<number> {
  if (eventIds.length === 0) return 0;
  await engine.flushed();
  const places = await byEvent(engine.options.db, eventIds, { archived: true });
  const ids = [...new Set(places.map(({ sequenceId }) => sequenceId))];
  const depth = ids.length === 0 ? 0 : (await findDepth(engine.options.db, ids)) + 1;
  if (depth <= LIMITS.sequenceDepth) return depth;
  throw new AnnalsError('SEQUENCE_CIRCLE', undefined, {
    field: 'document.metadata.causationId',
    metadata: { limit: String(LIMITS.sequenceDepth), actual: String(depth) },
  });
}
