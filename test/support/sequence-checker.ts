/**
 * The judge of ordered sequences: holds their log, their rows, the business log and what processors were asked for
 * against each other, and says what does not agree. It knows the form of the documents from the documentation alone, and
 * documents whose keys need no other spelling in a database.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Db, Document } from 'mongodb';
import { awaitFact } from './await-fact';
import { foldedSequences, type Folded, type FoldedCompensation } from './sequence-fold';
import { attemptFaults, causeFaults, orderFaults } from './sequence-rules';

/** A processor was asked for an effect. */
export interface Asked {
  readonly sequenceId: string;
  /** Of the step's event. */
  readonly eventId: string;
  readonly key: string;
}

/** All that there is to see of the ordered sequences of one namespace, at rest. */
export interface SequenceEvidence {
  /** `sequence+ordered-sequences`, by number. */
  readonly log: readonly Document[];
  /** The business log, by number. */
  readonly events: readonly Document[];
  /** Active and archived ones. */
  readonly rows: readonly Document[];
  readonly stepRows: readonly Document[];
  readonly asked: readonly Asked[];
}

export const ORDERED_LOG = 'sequence+ordered-sequences';

/** Waits until nothing is on its way: every entry is in the rows, and what is settled is archived. */
async function atRest(db: Db): Promise<void> {
  await awaitFact('all of the log is in the rows, and what is settled is archived', async () => {
    const checkpoint = await db
      .collection<Document & { _id: string }>('projections')
      .findOne({ _id: 'ordered-sequences' });
    const entries = await db.collection(ORDERED_LOG).countDocuments();
    const waiting = await db.collection('event_sequences').countDocuments({ 'handling.phase': 'settled' });
    return Number(checkpoint?.['position']) === entries && waiting === 0;
  });
}

export async function sequenceEvidence(db: Db, asked: readonly Asked[] = []): Promise<SequenceEvidence> {
  await atRest(db);
  const all = async (name: string) => db.collection(name).find().sort({ _id: 1 }).toArray();
  const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name);
  const of = async (pattern: RegExp) => (await Promise.all(names.filter((name) => pattern.test(name)).map(all))).flat();
  return {
    log: await all(ORDERED_LOG),
    events: await all('event-log'),
    rows: await of(/^event_sequences(_\d{4}_\d{2})?$/),
    stepRows: await of(/^event_sequence_events(_\d{4}_\d{2})?$/),
    asked,
  };
}

/** Everything that does not agree; empty when all is well. */
export function sequenceObjections(evidence: SequenceEvidence): string[] {
  const folded = foldedSequences(evidence.log);
  const { rows, log, events } = evidence;
  return [
    ...numbered('the log of ordered sequences', log),
    ...numbered('the business log', events),
    ...rows.filter((row) => !folded.has(row['sequence_id'])).map((row) => `${row['sequence_id']} has a row and no log`),
    ...strayCompensations(folded, events),
    ...[...folded].flatMap(([id, sequence]) =>
      [
        ...orderFaults(sequence),
        ...attemptFaults(sequence),
        ...causeFaults(id, sequence),
        ...rollbackFaults(id, sequence, events),
        ...rowFaults(id, sequence, evidence),
        ...keyFaults(id, sequence, evidence.asked),
      ].map((fault) => `${id}: ${fault}`),
    ),
  ];
}

function numbered(what: string, documents: readonly Document[]): string[] {
  const ids = documents.map(({ eventId }) => eventId as string);
  return [
    ...documents.flatMap(({ _id }, i) => (Number(_id) === i ? [] : [`${what} has ${String(_id)} at place ${i}`])),
    ...ids.filter((id, i) => ids.indexOf(id) !== i).map((id) => `${what} has ${id} twice`),
  ];
}

const ROLLBACK = /^(.*)\/rollback\/\d+$/;

/** What has the form of a compensating event is one. */
function strayCompensations(folded: ReadonlyMap<string, Folded>, events: readonly Document[]): string[] {
  return events.flatMap(({ eventId }) => {
    const sequence = folded.get(ROLLBACK.exec(eventId)?.[1] ?? '');
    if (!ROLLBACK.test(eventId)) return [];
    const known = sequence?.entries.some(
      ({ type, says }) => type === 'RollbackRendered' && rendered(says).includes(eventId),
    );
    return known === true ? [] : [`${eventId} is on the log and was never rendered`];
  });
}

const rendered = (says: Document): string[] =>
  (says['compensations'] as readonly Document[]).map(({ eventId }) => eventId as string);

/** Rendered once, appended once each, in that order, as rendered; all of them once it says that it is complete. */
function rollbackFaults(id: string, sequence: Folded, events: readonly Document[]): string[] {
  const { compensations, entries, outcome } = sequence;
  const renderings = entries.filter(({ type }) => type === 'RollbackRendered');
  if (compensations === null) return outcome === 'rolled_back' ? ['it is rolled back and nothing was rendered'] : [];
  const asked = entries.filter(({ type }) => type === 'SequenceResolved').length;
  const numbers = compensations.flatMap((one) => one.numbers);
  return [
    ...(renderings.length > 1 + asked ? [`it was rendered ${renderings.length} times`] : []),
    ...(isDeepStrictEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    )
      ? []
      : [`appended in another order: ${numbers.join(', ')}`]),
    ...compensations.flatMap((one) => compensationFaults(id, sequence, one, events)),
  ];
}

function compensationFaults(
  id: string,
  { document, steps, failed, outcome }: Folded,
  { says, numbers }: FoldedCompensation,
  events: readonly Document[],
): string[] {
  const found = events.filter(({ eventId }) => eventId === says['eventId']);
  const what = `compensating event ${says['entry']} (${says['eventType']})`;
  const wanted = outcome === 'rolled_back' ? 1 : found.length === 0 ? 0 : 1;
  if (found.length !== wanted) return [`${what} is there ${found.length} times`];
  if (numbers.length > 1 || numbers.length < (outcome === 'rolled_back' ? 1 : 0)) {
    return [`the log says ${numbers.length} times that ${what} was appended`];
  }
  const [event] = found;
  if (event === undefined) return numbers.length === 0 ? [] : [`${what} is said to be appended and is not there`];
  const expected = {
    eventId: `${id}/rollback/${says['entry']}`,
    number: numbers[0] ?? Number(event['_id']),
    type: says['eventType'],
    eventSourceId: says['eventSourceId'],
    correlationId: document['metadata'].correlationId,
    causationId: failed === null ? document['metadata'].causationId : steps[failed]?.eventId,
    causedBy: 'annals',
    content: says['content'],
  };
  const { _id, eventId, type, eventSourceId, correlationId, causationId, causedBy, content } = event;
  const got = {
    eventId,
    number: Number(_id),
    type,
    eventSourceId,
    correlationId,
    causationId,
    causedBy,
    content: content['1'],
  };
  return differences(what, got, expected);
}

/** The rows are what the log adds up to. */
function rowFaults(id: string, sequence: Folded, { rows, stepRows }: SequenceEvidence): string[] {
  const [row, ...more] = rows.filter(({ sequence_id }) => sequence_id === id);
  if (row === undefined) return ['it has no row'];
  if (more.length > 0) return [`it has ${more.length + 1} rows`];
  const { document, steps } = sequence;
  const events = (document['events'] as readonly Document[]).map((event, place) => ({
    ...event,
    eventId: steps[place]?.eventId,
    status: steps[place]?.status,
    processingTimestamp: steps[place]?.at ?? null,
  }));
  const { sequenceId: _, ...given } = document;
  const expected = {
    ...given,
    _id: sequence.created,
    sequence_id: id,
    status: sequence.status,
    events,
    created_at: sequence.createdAt,
    updated_at: sequence.updatedAt,
    completed_at: sequence.completedAt,
  };
  const { handling, ...columns } = row;
  const { last, phase, outcome } = handling;
  return [
    ...differences('its row', { ...columns, _id: Number(columns['_id']) }, expected),
    ...differences('its handling', { last: Number(last), phase, outcome }, handlingOf(sequence)),
    ...stepRowFaults(id, sequence, stepRows),
  ];
}

const handlingOf = ({ last, phase, outcome }: Folded) => ({ last, phase, outcome });

function stepRowFaults(id: string, { steps, createdAt }: Folded, stepRows: readonly Document[]): string[] {
  const own = stepRows.filter(({ sequence_id }) => sequence_id === id);
  const faults = own.length === steps.length ? [] : [`it has ${own.length} rows of ${steps.length} steps`];
  return steps.reduce((all, { eventId, order, required, status, at, updated }, place) => {
    const row = own.find(({ _id }) => _id === `${id}/${place}`);
    const expected = {
      _id: `${id}/${place}`,
      sequence_id: id,
      event_id: eventId,
      order,
      required,
      status,
      processing_timestamp: at,
      created_at: createdAt,
      updated_at: updated,
    };
    return [...all, ...differences(`the row of step ${place}`, row ?? {}, expected)];
  }, faults);
}

/** Whoever was asked for a step's effect was asked under one key, which is that step's alone. */
function keyFaults(id: string, { steps, entries }: Folded, asked: readonly Asked[]): string[] {
  const own = asked.filter(({ sequenceId }) => sequenceId === id);
  const strange = own.filter(({ eventId }) => !steps.some((step) => step.eventId === eventId));
  return [
    ...strange.map(({ eventId }) => `an effect of ${eventId} was asked for, which is no step of it`),
    ...steps.flatMap(({ eventId }, place) => {
      const keys = [...new Set(own.filter((one) => one.eventId === eventId).map(({ key }) => key))];
      const other = keys
        .filter((key) => key !== `${id}/${place}`)
        .map((key) => `step ${place} was asked for under ${key}`);
      const started = entries.some(({ type, says }) => type === 'StepStarted' && says['step'] === place);
      return [...other, ...(keys.length > 0 && !started ? [`step ${place} was asked for before it was recorded`] : [])];
    }),
  ];
}

/** The fields that differ, each with both values. */
function differences(what: string, got: object, expected: object): string[] {
  const [a, b] = [new Map(Object.entries(got)), new Map(Object.entries(expected))];
  const fields = new Set([...a.keys(), ...b.keys()]);
  return [...fields]
    .filter((field) => !isDeepStrictEqual(a.get(field), b.get(field)))
    .map((field) => `${what}: ${field} is ${JSON.stringify(a.get(field))}, not ${JSON.stringify(b.get(field))}`);
}

/** Those whose end has not come. */
export const unsettled = (log: readonly Document[]): string[] =>
  [...foldedSequences(log)].filter(([, { phase }]) => phase !== 'settled').map(([id]) => id);
