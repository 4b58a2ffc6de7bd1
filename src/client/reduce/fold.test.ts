import fc from 'fast-check';
import { wireEvent } from '../../contract/wire-event.testing';
import { RecordedEvent } from '../recorded-event';
import type { ModelDocument } from './database';
import { fold, offsetOf, type Folding, type Reducer } from './fold';

const event = (sequenceNumber: number, type = 'added'): RecordedEvent =>
  new RecordedEvent(wireEvent({ sequenceNumber, type }));

const POISON = 13;

const folding: Folding = {
  initial: () => ({ numbers: [] }),
  reducers: new Map<string, Reducer<ModelDocument, RecordedEvent>>([
    [
      'added',
      (state, { sequenceNumber }) => {
        if (sequenceNumber === POISON) throw new Error('poison');
        return { numbers: [...(state['numbers'] as number[]), sequenceNumber] };
      },
    ],
    [
      'mutated',
      (state, { sequenceNumber }) => {
        (state['numbers'] as number[]).push(sequenceNumber);
        return undefined;
      },
    ],
  ]),
};

test('the document holds the state, its source and the number of its last event', () => {
  const { document, through } = fold(folding, 's', undefined, [event(3), event(5, 'mutated')]);
  expect(document).toEqual({ _id: 's', numbers: [3, 5], _annals: { offset: 5 } });
  expect(through).toBe(5);
  expect(offsetOf(document)).toBe(5);
  expect(offsetOf(undefined)).toBe(-1);
});

test('however events are cut into deliveries, and however often they come again, each is in it once', () => {
  const cuts = fc.array(fc.record({ from: fc.nat(12), size: fc.nat(12) }));
  fc.assert(
    fc.property(cuts, (deliveries) => {
      let document: ModelDocument | undefined;
      let reached = -1;
      for (const { from, size } of deliveries) {
        // Of what comes, the first is never beyond the next event: deliveries are in order, with repeats.
        const first = Math.min(from, reached + 1);
        const events = [...Array(Math.min(size, POISON - first)).keys()].map((i) => event(first + i));
        const folded = fold(folding, 's', document, events);
        expect(folded.through).toBe(events.at(-1)?.sequenceNumber);
        document = folded.document ?? document;
        reached = Math.max(reached, offsetOf(document));
      }
      expect(document?.['numbers'] ?? []).toEqual([...Array(reached + 1).keys()]);
    }),
  );
});

test('a reducer that throws is told of with its event; what came before is there', () => {
  const { document, through, failure } = fold(folding, 's', undefined, [event(1), event(POISON), event(14)]);
  expect(document).toMatchObject({ numbers: [1] });
  expect(through).toBe(1);
  expect(failure?.event.sequenceNumber).toBe(POISON);
  expect(fold(folding, 's', undefined, [event(0, 'unknown')]).failure?.error).toMatchObject({
    message: 'there is no reducer for unknown',
  });
});

test('a type that is named like something that every object has is a type like any other', () => {
  expect(fold(folding, 's', undefined, [event(0, 'constructor')]).failure).toBeDefined();
});
