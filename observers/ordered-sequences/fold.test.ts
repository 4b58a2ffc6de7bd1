import { fold } from './fold';
import { BEGAN, documentOf, HICCUP, PROCESSED, Story } from './sequence.testing';
import { CODES_PER_STEP, OTHER_CODES } from './sequence-state';
import type { SequenceEntry } from './log-entry';

const iso = (ms: number): string => new Date(ms).toISOString();
const failedWith = (code: string, retryAt: number | null = BEGAN): SequenceEntry => ({
  type: 'StepFailed',
  step: 0,
  attempt: 1,
  code,
  message: `${code}!`,
  permanent: false,
  by: 'p',
  retryAt,
});

describe('The document as its log makes it', () => {
  it('is created, in progress and completed at the times of its entries', () => {
    const story = new Story(documentOf([{ order: 1 }])).arrive(0);
    expect(story.state.document).toMatchObject({ status: 'created', created_at: iso(BEGAN), updated_at: iso(BEGAN) });
    story.now += 5;
    story.hand(0);
    expect(story.state.document).toMatchObject({ status: 'in_progress', updated_at: iso(BEGAN + 5) });
    story.now += 5;
    story.answer(0, PROCESSED);
    story.settle();
    expect(story.state.document).toMatchObject({
      status: 'completed',
      events: [{ status: 'processed', processingTimestamp: iso(BEGAN + 10) }],
      created_at: iso(BEGAN),
      completed_at: iso(BEGAN + 10),
    });
  });

  it('has failed from when its failure is known, and is in progress again when a person has it tried again', () => {
    const story = new Story(documentOf([{ order: 1 }])).arrive(0).break(0);
    story.settle();
    expect(story.state.document.status).toBe('failed');
    expect(story.state.handling.reason).toBe('step e0 (order 1): the ledger is closed (closed)');
    story.act({ action: 'retry' });
    expect(story.state.document).toMatchObject({
      status: 'in_progress',
      events: [{ status: 'pending', processingTimestamp: null }],
    });
    expect(story.state.handling).toMatchObject({ phase: 'running', reason: '', failure: null });
  });
});

describe('A fold', () => {
  it('begins with the creation, and no other entry', () => {
    expect(() => fold(undefined, { type: 'SequenceCompleted' }, { number: 4, at: 0 })).toThrow('begins with');
    const { state } = new Story(documentOf([{ order: 1 }]));
    expect(() =>
      fold(state, { type: 'SequenceCreated', document: state.document, depth: 0 }, { number: 1, at: 0 }),
    ).toThrow('twice');
  });

  it('takes an entry once', () => {
    const story = new Story(documentOf([{ order: 1 }])).arrive(0);
    story.hand(0);
    const { state } = story;
    story.entries.forEach((entry, number) => {
      expect(fold(state, entry, { number, at: 0 })).toBe(state);
    });
  });

  it('counts failures by their code, for ever, and never more codes than a few', () => {
    const story = new Story(documentOf([{ order: 1 }], { max_retries: 1 })).arrive(0);
    story.hand(0);
    story.answer(0, HICCUP);
    story.act({ action: 'retry' });
    story.hand(0);
    story.answer(0, HICCUP);
    expect(story.state.handling.steps[0]).toMatchObject({
      attempts: 1,
      failures: [{ code: 'busy', failures: 2, retries: 2, message: 'try later', last: 6 }],
    });
    for (let i = 0; i < CODES_PER_STEP + 3; i += 1) story.record([failedWith(`code-${String(i)}`, null)]);
    const tallies = story.state.handling.steps[0]?.failures ?? [];
    expect(tallies).toHaveLength(CODES_PER_STEP + 1);
    expect(tallies.at(-1)).toMatchObject({ code: OTHER_CODES, failures: 4, retries: 0, message: 'code-18!' });
  });

  it('leaves nothing under way when it is over', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 1 }], { max_retries: 1 })).arrive(0, 1);
    story.hand(0, 'p', BEGAN + 5);
    story.hand(1);
    story.answer(1, HICCUP);
    story.act({ action: 'cancel' });
    for (const step of story.state.handling.steps)
      expect(step).toMatchObject({ started: null, deadline: null, retryAt: null, processor: '' });
  });
});
