import { BSON } from 'mongodb';
import { fold } from '../observers/ordered-sequences/fold';
import type { SequenceEntry } from '../observers/ordered-sequences/log-entry';
import { parseDocument } from '../observers/ordered-sequences/parse-document';
import type { SequenceState } from '../observers/ordered-sequences/sequence-state';
import { completedSaga, MONTHS, numbered, sagaOf, STEPS, wholeLife, workCommits } from './saga-documents';

const parsed = (document: object): object => parseDocument(Buffer.from(JSON.stringify(document)));

describe('the ordered sequences of the benchmark', () => {
  it('are written as the server keeps them: checked, and with nothing left to a default', () => {
    expect(parsed(sagaOf('one'))).toEqual(sagaOf('one'));
    expect(parsed(completedSaga(7))).toEqual(completedSaga(7));
  });

  it('those that are over lie in as many months', () => {
    const months = Array.from({ length: MONTHS * 2 }, (_, n) => completedSaga(n).completed_at?.slice(0, 7));
    expect(new Set(months).size).toBe(MONTHS);
  });

  it('a log that the raw driver writes is the life of one that was completed', () => {
    let state: SequenceState | undefined;
    numbered(wholeLife('one'), 5).forEach(({ type, content }, i) => {
      // What it wrote itself.
      const entry = { type, ...(content as { '1': object })['1'] } as SequenceEntry;
      state = fold(state, entry, { number: 5 + i, at: Date.now() });
    });
    expect(state?.handling).toMatchObject({ phase: 'settled', outcome: 'completed' });
  });

  it('the floor makes the commits that a sequence needs: one before each step, each answer with what follows', () => {
    const commits = workCommits('one').map((documents) => documents.map(({ type }) => type as string));
    expect(commits).toHaveLength(STEPS + 1);
    expect(commits.flat()).toEqual(
      wholeLife('one').flatMap(({ type }) =>
        type === 'SequenceCreated' || type === 'StepArrived' ? [] : [type as string],
      ),
    );
    expect(BSON.calculateObjectSize(workCommits('one')[0]?.[0] ?? {})).toBeGreaterThan(300);
  });
});
