import { fold } from './fold';
import { next } from './next';
import { observed, observerFailed } from './answers';
import { BEGAN, documentOf, HICCUP, PROCESSED, Story } from './sequence.testing';

const waits = (story: Story) => {
  const wanted = story.settle();
  if (wanted.kind !== 'wait') throw new Error(`it does not wait: ${wanted.kind}`);
  return wanted;
};

const lastType = (story: Story): string | undefined => story.entries.at(-1)?.type;

describe('Order', () => {
  it('goes order after order, and equal ones in parallel', () => {
    const story = new Story(documentOf([{ order: 2 }, { order: 1 }, { order: 1 }])).arrive(0, 1, 2);
    expect(waits(story).toHand).toEqual([1, 2]);
    story.process(1);
    expect(waits(story).toHand).toEqual([2]);
    story.process(2);
    expect(waits(story).toHand).toEqual([0]);
    story.process(0);
    expect(story.settle()).toEqual({ kind: 'settled' });
    expect(story.state.document.status).toBe('completed');
  });

  it('a step waits for its event, and those behind it too', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 5 }])).arrive(1);
    expect(waits(story)).toMatchObject({ forEvents: [0], toHand: [], until: null });
    story.arrive(0);
    expect(waits(story)).toMatchObject({ forEvents: [], toHand: [0] });
  });

  it('nothing goes past a required step that failed', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 2 }])).arrive(0, 1).break(0);
    expect(waits(story)).toMatchObject({ toHand: [], forEvents: [] });
    expect(story.state.handling.phase).toBe('needs-person');
  });

  it('an optional step that failed for good is noted and passed', () => {
    const story = new Story(documentOf([{ order: 1, required: false }, { order: 2 }])).arrive(0, 1).break(0);
    expect(waits(story).toHand).toEqual([1]);
    story.process(1).settle();
    expect(story.state.document).toMatchObject({
      status: 'completed',
      events: [{ status: 'failed' }, { status: 'processed' }],
    });
  });

  it('an optional step of a lower order is waited for', () => {
    const story = new Story(documentOf([{ order: 1, required: false }, { order: 2 }])).arrive(1);
    expect(waits(story)).toMatchObject({ forEvents: [0], toHand: [] });
  });

  it('goes past a failed required step where the document says so, and has failed at the end', () => {
    const document = documentOf([{ order: 1 }, { order: 2 }], {}, { continue_past_failure: true });
    const story = new Story(document).arrive(0, 1).break(0);
    expect(waits(story).toHand).toEqual([1]);
    expect(story.state.handling.phase).toBe('running');
    story.process(1).settle();
    expect(story.state.handling).toMatchObject({ phase: 'needs-person', failure: { step: 0, code: 'closed' } });
  });

  it('waits for parallel steps that are under way before the sequence has failed, and their answers count', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 1 }, { order: 1 }], { type: 'compensating_events' }));
    story.arrive(0, 1, 2).hand(1);
    story.break(0);
    expect(waits(story).toHand).toEqual([]);
    story.answer(1, PROCESSED);
    expect(story.settle()).toEqual({ kind: 'render' });
    expect(story.state.document.events.map(({ status }) => status)).toEqual(['failed', 'processed', 'pending']);
  });
});

describe('What makes a step done', () => {
  it('is its event alone, as long as no processor is known for its type', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 2 }, { order: 3 }]));
    story.processors = false;
    story.arrive(2, 1, 0);
    // All of it in one record, so that it is one append.
    expect(story.next()).toMatchObject({
      kind: 'record',
      entries: [
        { type: 'StepProcessed', step: 0, attempt: 1, doneWhen: 'appended', by: 'e0' },
        { type: 'StepProcessed', step: 1 },
        { type: 'StepProcessed', step: 2 },
        { type: 'SequenceCompleted' },
      ],
    });
  });

  it('is decided when the step begins: a processor that comes later changes nothing of it', () => {
    const story = new Story(documentOf([{ order: 1 }])).arrive(0);
    story.hand(0);
    story.processors = false;
    story.answer(0, HICCUP);
    story.act({ action: 'retry' });
    expect(story.state.handling.steps[0]?.doneWhen).toBeNull();
    expect(story.settle()).toEqual({ kind: 'settled' });
  });

  it('is what the document says, even when nobody can do it', () => {
    const story = new Story(documentOf([{ order: 1, processing: { done_when: 'processed' } }])).arrive(0);
    story.processors = false;
    expect(waits(story).toHand).toEqual([0]);
  });

  it('is an observer or an event that follows: the step begins, and waits with its timeout', () => {
    const story = new Story(
      documentOf([
        { order: 1, processing: { done_when: 'observed', observer: 'ledger', timeout: 5 } },
        { order: 1, processing: { done_when: 'followed', followed_by: 'paid' } },
      ]),
    ).arrive(0, 1);
    expect(waits(story)).toMatchObject({ forObservers: [0], forFollowers: [1], until: BEGAN + 5_000 });
    expect(story.record(observed(story.state, 0, 'another'))).toEqual([]);
    expect(story.record(observed(story.state, 0, 'ledger'))).toEqual(['StepProcessed']);
    expect(waits(story)).toMatchObject({ forObservers: [], forFollowers: [1], until: null });
  });

  it('an observer that gave the event up has failed it for good', () => {
    const processing = { done_when: 'observed', observer: 'ledger' } as const;
    const story = new Story(documentOf([{ order: 1, processing }], { max_retries: 5 })).arrive(0);
    waits(story);
    story.record(observerFailed(story.state, 0, 'ledger', 'quarantined'));
    waits(story);
    expect(story.state.handling.failure).toMatchObject({ code: 'observer_failed', message: 'quarantined' });
  });
});

describe('Retries and timeouts', () => {
  it('a transient failure is tried again when its time has come', () => {
    const story = new Story(documentOf([{ order: 1 }], { type: 'retry', max_retries: 1 })).arrive(0);
    story.hand(0);
    story.answer(0, HICCUP);
    expect(waits(story)).toMatchObject({ toHand: [], until: BEGAN + 1_000 });
    story.now += 1_000;
    expect(waits(story).toHand).toEqual([0]);
    story.hand(0);
    expect(story.state.handling.steps[0]).toMatchObject({ attempts: 2, retryAt: null });
    story.answer(0, HICCUP);
    expect(story.settle()).toEqual({ kind: 'settled' });
    expect(story.state.handling).toMatchObject({ outcome: 'failed', failure: { code: 'busy' } });
  });

  it('a step that waits for its retry holds back the next order', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 2 }], { max_retries: 1 })).arrive(0, 1);
    story.hand(0);
    story.answer(0, HICCUP);
    expect(waits(story).toHand).toEqual([]);
  });

  it('a deadline that has passed is a transient failure', () => {
    const processing = { timeout: 30 };
    const story = new Story(documentOf([{ order: 1, processing }], { max_retries: 1 })).arrive(0);
    story.hand(0);
    expect(waits(story).until).toBe(BEGAN + 30_000);
    story.now += 30_000;
    expect(story.next()).toMatchObject({
      kind: 'record',
      entries: [{ type: 'StepFailed', code: 'timeout', message: 'not done within 30 s', permanent: false }],
    });
    expect(waits(story).until).toBe(BEGAN + 31_000);
  });

  it('the time that a processor has for its answer stands still while nobody has the step', () => {
    const story = new Story(documentOf([{ order: 1 }])).arrive(0);
    story.hand(0, 'p', BEGAN + 30_000);
    story.now += 3_600_000;
    const away = { ...story.world, isHeld: () => false };
    expect(next(story.state, away)).toMatchObject({ kind: 'wait', until: null });
    expect(story.next()).toMatchObject({ kind: 'record', entries: [{ type: 'StepFailed', code: 'timeout' }] });
  });

  it('a timeout of the step’s own runs whoever has it', () => {
    const story = new Story(documentOf([{ order: 1, processing: { timeout: 5 } }])).arrive(0);
    story.hand(0);
    story.now += 5_000;
    const away = { ...story.world, isHeld: () => false };
    expect(next(story.state, away)).toMatchObject({ kind: 'record', entries: [{ type: 'StepFailed' }] });
  });

  it('a permanent failure is not tried again', () => {
    const story = new Story(documentOf([{ order: 1 }], { type: 'retry', max_retries: 9 })).arrive(0).break(0);
    expect(story.settle()).toEqual({ kind: 'settled' });
  });
});

describe('While it is paused', () => {
  const paused = () => {
    const story = new Story(documentOf([{ order: 1, processing: { timeout: 5 } }, { order: 1 }])).arrive(0, 1);
    story.hand(0);
    story.act({ action: 'pause' });
    return story;
  };

  it('nothing new starts, and answers still count', () => {
    const story = paused();
    expect(waits(story).toHand).toEqual([]);
    expect(story.hand(1)).toEqual([]);
    expect(story.answer(0, PROCESSED)).toEqual(['StepProcessed']);
    story.act({ action: 'resume' });
    expect(waits(story).toHand).toEqual([1]);
  });

  it('deadlines still pass', () => {
    const story = paused();
    story.now += 5_000;
    waits(story);
    expect(lastType(story)).toBe('StepFailed');
    expect(story.state.handling.phase).toBe('running');
  });

  it('nobody else is asked for an effect', () => {
    expect(paused().hand(0, 'another')).toEqual([]);
  });

  it('a rollback waits', () => {
    const story = new Story(documentOf([{ order: 1 }], { type: 'compensating_events' })).arrive(0).break(0);
    story.act({ action: 'pause' });
    story.settle();
    expect(story.act({ action: 'resume' })).toHaveLength(1);
    expect(story.settle()).toEqual({ kind: 'render' });
    story.act({ action: 'pause' });
    expect(story.settle()).toMatchObject({ kind: 'wait', until: null });
  });
});

describe('Rollback', () => {
  const compensation = (entry: number) => ({
    entry,
    eventType: 'undone',
    eventId: `s/rollback/${String(entry)}`,
    eventSourceId: 'x',
    sequence: 'event-log',
    content: {},
    correlationId: 'c',
    causationId: 'e0',
  });
  const begun = () => {
    const entries = [0, 1].map(() => ({ eventId: 'undone', payload_template: {} }));
    const rollback = { type: 'compensating_events', compensating_events: entries } as const;
    return new Story(documentOf([{ order: 1 }], rollback)).arrive(0).break(0);
  };

  it('renders once, appends one after the other, and is over', () => {
    const story = begun();
    expect(story.settle()).toEqual({ kind: 'render' });
    story.record([{ type: 'RollbackRendered', compensations: [compensation(1), compensation(0)], left: [] }]);
    expect(story.settle()).toEqual({ kind: 'append', compensation: 0 });
    story.record([{ type: 'CompensationAppended', entry: 1, sequenceNumber: 7 }]);
    expect(story.settle()).toEqual({ kind: 'append', compensation: 1 });
    story.record([{ type: 'CompensationAppended', entry: 0, sequenceNumber: 8 }]);
    expect(story.settle()).toEqual({ kind: 'settled' });
    expect(story.state).toMatchObject({
      document: { status: 'failed', completed_at: null },
      handling: { outcome: 'rolled_back', reason: 'the ledger is closed (closed)' },
    });
  });

  it('stops for a person, who has it tried again or goes past the entry', () => {
    const story = begun();
    story.settle();
    story.record([{ type: 'RollbackStopped', entry: 1, faults: ['nothing there'] }]);
    expect(story.settle().kind).toBe('wait');
    story.act({ action: 'retry' });
    expect(story.settle()).toEqual({ kind: 'render' });
    story.record([{ type: 'RollbackRendered', compensations: [compensation(0), compensation(1)], left: [] }]);
    story.record([{ type: 'RollbackStopped', entry: 0, faults: ['refused'] }]);
    story.act({ action: 'skip', why: 'never mind' });
    expect(story.settle()).toEqual({ kind: 'append', compensation: 0 });
    expect(story.state.handling.rollback).toMatchObject({
      compensations: [{ entry: 1 }],
      left: [{ entry: 0, why: 'never mind' }],
    });
  });
});

describe('A document that was on its way', () => {
  it('goes on from where it is', () => {
    const story = new Story(
      documentOf([{ order: 1, status: 'processed' }, { order: 2 }], {}, { status: 'in_progress' }),
    ).arrive(1);
    expect(waits(story)).toMatchObject({ forEvents: [], toHand: [1] });
  });

  it('with a failed required step has failed, with an optional one it has not', () => {
    const story = (required: boolean) =>
      new Story(documentOf([{ order: 1, status: 'failed', required }, { order: 2 }], {}, { status: 'in_progress' }));
    const failed = story(true);
    failed.settle();
    expect(failed.state.handling).toMatchObject({ phase: 'needs-person', failure: { step: 0, code: 'taken_over' } });
    const passed = story(false);
    expect(waits(passed).forEvents).toEqual([1]);
  });

  it('that is over stays as it is', () => {
    const times = { created_at: '2020-01-01T00:00:00.000Z', updated_at: '2020-01-02T00:00:00.000Z' };
    const over = documentOf([{ order: 1, status: 'processed' }], {}, { ...times, status: 'completed' });
    const given = { ...over, completed_at: '2020-01-02T00:00:00.000Z' };
    const story = new Story(given);
    expect(story.settle()).toEqual({ kind: 'settled' });
    expect(story.state.document).toEqual(given);
  });
});

describe('A document of a thousand steps', () => {
  const thousand = documentOf(Array.from({ length: 1_000 }, (_, i) => ({ order: i + 1 })));

  it('whose events are there is done in one record', () => {
    const story = new Story(thousand).arrive(...thousand.events.keys());
    const wanted = next(story.state, { ...story.world, hasProcessor: () => false });
    const entries = wanted.kind === 'record' ? wanted.entries : [];
    expect(entries).toHaveLength(1_001);
    expect(entries.at(-1)).toEqual({ type: 'SequenceCompleted' });
  });

  it('keeps what an entry does not change: no step is copied but its own', () => {
    const before = new Story(thousand).state;
    const after = fold(
      before,
      { type: 'StepStarted', step: 3, attempt: 1, doneWhen: 'processed', processor: 'p', deadline: null },
      { number: 1, at: BEGAN },
    );
    const copied = after.handling.steps.filter((step, i) => step !== before.handling.steps[i]);
    expect(copied).toHaveLength(1);
    expect(after.document.metadata).toBe(before.document.metadata);
    expect(next(after, new Story(thousand).world).kind).toBe('wait');
  });
});
