import { ACTIONS, type Action } from '../../src/contract/sequence-document';
import { documentOf, HICCUP, PROCESSED, Story } from './sequence.testing';

const undo = (compensates?: number) => ({
  eventId: 'undone',
  payload_template: {},
  ...(compensates === undefined ? {} : { compensates }),
});
const two = () => new Story(documentOf([{ order: 1 }, { order: 2 }])).arrive(0, 1);

function rollingBack(): Story {
  const document = documentOf([{ order: 1 }, { order: 2 }], {
    type: 'compensating_events',
    compensating_events: [undo(1)],
  });
  const story = new Story(document).arrive(0, 1).process(0).break(1);
  story.settle();
  return story;
}

/** Each phase, by a sequence that is in it. */
const phases = {
  running: () => {
    const story = two();
    story.hand(0);
    return story;
  },
  'needs-person': () => {
    const story = two().process(0).break(1);
    story.settle();
    return story;
  },
  'rolling-back': rollingBack,
  stopped: () => {
    const story = rollingBack();
    story.record([{ type: 'RollbackStopped', entry: 0, faults: ['nothing there'] }]);
    return story;
  },
  settled: () => {
    const story = two();
    story.act({ action: 'cancel' });
    return story;
  },
} satisfies Record<string, () => Story>;

describe('A person’s act', () => {
  it('names who and why, and need not while it is only asked', () => {
    const story = two();
    expect(story.act({ action: 'pause', who: ' ' })).toEqual(['who-missing']);
    expect(story.act({ action: 'pause', why: '' })).toEqual(['why-missing']);
    const asked = story.ask({ action: 'pause', who: '', why: '', dryRun: true });
    const done = story.ask({ action: 'pause' });
    if (!('entry' in asked) || !('entry' in done)) throw new Error('it is refused');
    expect(asked.entry.consequences).toEqual(done.entry.consequences);
  });

  it.each(ACTIONS)('%s is refused on a sequence that is over', (action) => {
    expect(phases.settled().act({ action })).toEqual(['settled']);
  });

  it.each<[keyof typeof phases, Action, string]>([
    ['running', 'retry', 'nothing-failed'],
    ['running', 'compensate', 'nothing-to-compensate'],
    ['running', 'resume', 'not-paused'],
    ['needs-person', 'compensate', 'nothing-to-compensate'],
    ['rolling-back', 'retry', 'rolling-back'],
    ['rolling-back', 'skip', 'rolling-back'],
    ['rolling-back', 'complete', 'rolling-back'],
    ['rolling-back', 'compensate', 'rolling-back'],
    ['stopped', 'compensate', 'rolling-back'],
  ])('%s: %s makes no progress and is refused', (phase, action, reason) => {
    expect(phases[phase]().act({ action })).toEqual([reason]);
  });

  it.each<[keyof typeof phases, Action, string, string]>([
    ['running', 'skip', 'running', 'in_progress'],
    ['running', 'complete', 'running', 'in_progress'],
    ['running', 'fail', 'needs-person', 'failed'],
    ['running', 'cancel', 'settled', 'failed'],
    ['needs-person', 'retry', 'running', 'in_progress'],
    ['needs-person', 'skip', 'settled', 'completed'],
    ['needs-person', 'complete', 'settled', 'completed'],
    ['needs-person', 'fail', 'settled', 'failed'],
    ['needs-person', 'cancel', 'settled', 'failed'],
    ['rolling-back', 'fail', 'settled', 'failed'],
    ['rolling-back', 'cancel', 'settled', 'failed'],
    ['stopped', 'retry', 'rolling-back', 'failed'],
    ['stopped', 'skip', 'rolling-back', 'failed'],
    ['stopped', 'complete', 'rolling-back', 'failed'],
    ['stopped', 'fail', 'settled', 'failed'],
    ['stopped', 'cancel', 'settled', 'failed'],
  ])('%s: %s leads to %s, status %s', (phase, action, then, status) => {
    const story = phases[phase]();
    expect(story.act({ action }).length).toBeGreaterThan(0);
    expect(story.entries.at(-1)?.type).toBe('SequenceResolved');
    story.settle();
    expect(story.state.handling.phase).toBe(then);
    expect(story.state.document.status).toBe(status);
  });

  it.each(['retry', 'skip', 'fail'] as const)('%s of a step that there is not is refused', (action) => {
    expect(phases.running().act({ action, eventId: 'e7' })).toEqual(['no-such-step']);
  });

  it('is refused on a step that is processed', () => {
    for (const action of ['retry', 'skip', 'complete'] as const)
      expect(phases['needs-person']().act({ action, eventId: 'e0' })).toEqual(['already-processed']);
  });

  it('on the whole sequence names no step', () => {
    for (const action of ['pause', 'cancel', 'compensate'] as const)
      expect(phases.running().act({ action, eventId: 'e0' })).toEqual(['no-step']);
  });

  it('retry of a step that waits for its retry tries it at once, with its attempts counted anew', () => {
    const story = new Story(documentOf([{ order: 1 }], { max_retries: 2 })).arrive(0);
    story.hand(0);
    expect(story.act({ action: 'retry', eventId: 'e0' })).toEqual(['under-way']);
    story.answer(0, HICCUP);
    story.act({ action: 'retry' });
    story.hand(0);
    expect(story.state.handling.steps[0]).toMatchObject({ attempts: 1 });
  });

  it('retry without a step tries every required one that failed; with one, the others still stand in the way', () => {
    const failed = () => {
      const story = new Story(documentOf([{ order: 1 }, { order: 1 }], { type: 'manual' })).arrive(0, 1);
      story.hand(1);
      story.break(0);
      story.answer(1, { kind: 'failed', code: 'x', message: 'y', permanent: true });
      story.settle();
      return story;
    };
    const all = failed();
    all.act({ action: 'retry' });
    expect(all.settle()).toMatchObject({ toHand: [0, 1] });
    const one = failed();
    expect(one.act({ action: 'retry', eventId: 'e0' })).toContainEqual(
      'Nothing starts until somebody decides about step e1 (order 1): y (x).',
    );
    expect(one.settle()).toMatchObject({ toHand: [] });
    one.act({ action: 'skip' });
    expect(one.settle()).toMatchObject({ toHand: [0] });
    expect(failed().act({ action: 'complete' })).toEqual(['name-a-step']);
  });

  it('skip of a step whose event never comes goes past it', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 2 }])).arrive(1);
    story.act({ action: 'skip', why: 'it never comes' });
    expect(story.settle()).toMatchObject({ toHand: [1] });
    expect(story.state.handling.steps[0]?.error).toEqual({
      code: 'resolved',
      message: 'it never comes',
      permanent: true,
    });
  });

  it('complete hands its output to the templates, and what the processor says later changes nothing', () => {
    const story = phases.running();
    const said = story.act({ action: 'complete', output: { by: 'hand' } });
    expect(said).toContain('What p answers about it changes nothing any more.');
    expect(story.state.handling.steps[0]?.output).toEqual({ by: 'hand' });
    expect(story.answer(0, PROCESSED, 'p', 1)).toEqual([]);
  });

  it('fail of an optional step goes past it', () => {
    const story = new Story(documentOf([{ order: 1, required: false }, { order: 2 }])).arrive(1);
    story.act({ action: 'fail' });
    expect(story.settle()).toMatchObject({ toHand: [1] });
  });

  it('compensate while steps are under way waits for them, starts nothing, and rolls back what they did', () => {
    const events = [{ order: 1 }, { order: 2 }, { order: 2 }];
    const story = new Story(documentOf(events, { compensating_events: [undo(2)] })).arrive(0, 1, 2).process(0);
    expect(story.act({ action: 'compensate' })).toEqual(['nothing-to-compensate']);
    story.hand(1);
    expect(story.act({ action: 'compensate', why: 'the customer left' })).toEqual([
      'Nothing new starts.',
      'These are waited for first, and count if they are processed: step e1 (order 2).',
      'These are rendered and appended, in this order: compensating event 0 (undone).',
    ]);
    expect(story.settle()).toMatchObject({ kind: 'wait', toHand: [] });
    expect(story.act({ action: 'compensate' })).toEqual(['rolling-back']);
    story.answer(1, PROCESSED);
    expect(story.settle()).toEqual({ kind: 'render' });
    expect(story.state.handling.failure).toEqual({ step: 1, code: 'resolved', message: 'the customer left' });
  });

  it('compensate after a failure keeps that failure for the templates', () => {
    const document = documentOf([{ order: 1 }, { order: 2 }], { compensating_events: [undo()] });
    const story = new Story(document).arrive(0, 1).process(0).break(1);
    story.settle();
    story.act({ action: 'compensate' });
    expect(story.settle()).toEqual({ kind: 'render' });
    expect(story.state.handling.failure).toMatchObject({ step: 1, code: 'closed' });
  });

  it('cancel says what stays', () => {
    expect(phases.running().act({ action: 'cancel' })).toEqual([
      'The sequence ends as cancelled, with the status failed.',
      'Nothing is compensated: what was processed stays.',
      'What is under way is answered in vain: step e0 (order 1).',
    ]);
  });

  it('about an entry of a rollback names that one or none', () => {
    expect(phases.stopped().act({ action: 'skip', eventId: 'e0' })).toEqual(['rolling-back']);
    expect(phases.stopped().act({ action: 'skip', eventId: 'undone' })[0]).toContain('is left out');
  });

  it('says that it waits while the sequence is paused', () => {
    const story = phases['needs-person']();
    story.act({ action: 'pause' });
    expect(story.act({ action: 'pause' })).toEqual(['paused']);
    expect(story.act({ action: 'retry' })).toContain('It is paused: what follows from this waits until it is resumed.');
  });
});
