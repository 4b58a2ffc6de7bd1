import { deserialize, serialize } from 'bson';
import fc from 'fast-check';
import type { SequenceRow } from '../../src/storage/ordered-sequences/row-types';
import { documentOf, rowsOf, sequenceRow, shortStateOf, stateOf } from './rows';
import { anyState, event, stateOfOne, step } from './sequence-state.testing';

const storedAndRead = (row: SequenceRow) => deserialize(serialize(row)) as SequenceRow;

it('a state comes back from its row whole, and makes the same row again, byte for byte', () => {
  fc.assert(
    fc.property(anyState, (state) => {
      const row = sequenceRow(state);
      const back = stateOf(storedAndRead(row));
      expect(back).toEqual(state);
      if (back !== undefined) expect(serialize(sequenceRow(back))).toEqual(serialize(row));
    }),
    { numRuns: 50 },
  );
});

it('a row has the author’s columns first and always in the same order, and what is ours after them', () => {
  const { sequence, events } = rowsOf(stateOfOne('s', 4));
  expect(Object.keys(sequence)).toEqual([
    '_id',
    'sequence_id',
    'name',
    'description',
    'version',
    'status',
    'events',
    'metadata',
    'created_at',
    'updated_at',
    'completed_at',
    'rollback_strategy',
    'handling',
  ]);
  expect(events.map((row) => Object.entries(row))).toEqual(
    ['a', 'b'].map((one, place) => [
      ['_id', `s/${place}`],
      ['sequence_id', 's'],
      ['event_id', `s-${one}`],
      ['order', place + 1],
      ['required', true],
      ['status', 'pending'],
      ['processing_timestamp', null],
      ['created_at', new Date('2026-03-01T12:00:00.000Z')],
      ['updated_at', new Date('2026-03-01T12:00:00.000Z')],
    ]),
  );
});

it('a state that is too large for a document is stored without what its log has, and says so', () => {
  const events = Array.from({ length: 16 }, (_, i) => event(`e${i}`));
  const steps = events.map(() => step({ output: 'x'.repeat(1024 * 1024) }));
  const state = stateOfOne('s', 1, { events }, { steps });
  const row = storedAndRead(sequenceRow(state));
  expect(stateOf(row)).toBeUndefined();
  expect(documentOf(row)).toEqual(state.document);
  expect(shortStateOf(row).handling.steps[15]).toEqual({ ...step(), output: null });
});
