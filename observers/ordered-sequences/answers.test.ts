import { arrived, followed, inHands, observed } from './answers';
import { BEGAN, BROKEN, documentOf, HICCUP, PROCESSED, Story } from './sequence.testing';

const one = () => new Story(documentOf([{ order: 1 }, { order: 2 }], { max_retries: 3 })).arrive(0, 1);
const event = { eventId: 'e9', sequenceNumber: 9, eventType: 't', eventSourceId: 's', correlationId: 'c' };

describe('An answer', () => {
  it('counts from the processor that has the step, for the attempt that it has', () => {
    const story = one();
    story.hand(0);
    expect(story.answer(0, PROCESSED, 'another')).toEqual([]);
    expect(story.answer(0, PROCESSED, 'p', 2)).toEqual([]);
    expect(story.answer(1, PROCESSED)).toEqual([]);
    expect(story.answer(0, { kind: 'processed', output: { id: 7 } })).toEqual(['StepProcessed']);
    expect(story.state.handling.steps[0]).toMatchObject({ output: { id: 7 }, started: null, processor: '' });
    expect(story.state.document.events[0]?.processingTimestamp).toBe(new Date(BEGAN).toISOString());
  });

  it('that comes twice changes nothing the second time', () => {
    const story = one();
    story.hand(0);
    story.answer(0, PROCESSED);
    expect(story.answer(0, PROCESSED)).toEqual([]);
    expect(story.answer(0, BROKEN)).toEqual([]);
  });

  it('that comes after the timeout changes nothing', () => {
    const story = one();
    story.hand(0, 'p', BEGAN + 10);
    story.now += 10;
    story.settle();
    expect(story.answer(0, PROCESSED)).toEqual([]);
  });

  it('that comes after the end changes nothing', () => {
    const story = one();
    story.hand(0);
    story.act({ action: 'cancel' });
    expect(story.answer(0, PROCESSED, 'p', 1)).toEqual([]);
  });

  it('that failed says when it is tried again, or that it is not', () => {
    const story = one();
    story.hand(0);
    story.answer(0, HICCUP);
    expect(story.entries.at(-1)).toMatchObject({ type: 'StepFailed', retryAt: BEGAN + 1_000, permanent: false });
    story.now += 1_000;
    story.hand(0);
    story.answer(0, BROKEN);
    expect(story.entries.at(-1)).toMatchObject({ type: 'StepFailed', attempt: 2, retryAt: null, permanent: true });
  });
});

describe('A step in hands', () => {
  it('is handed only when it is its turn', () => {
    const story = one();
    expect(story.hand(1)).toEqual([]);
    expect(story.hand(0)).toEqual(['StepStarted']);
    expect(story.hand(0)).toEqual([]);
  });

  it('goes from a lost processor to another with the same attempt', () => {
    const story = one();
    story.hand(0, 'lost', BEGAN + 5);
    story.now += 3;
    expect(story.hand(0, 'found', BEGAN + 8)).toEqual(['StepStarted']);
    expect(story.state.handling.steps[0]).toMatchObject({ attempts: 1, started: BEGAN, deadline: BEGAN + 8 });
    expect(inHands(story.state)).toEqual([{ step: 0, attempt: 1, processor: 'found', deadline: BEGAN + 8 }]);
    expect(story.answer(0, PROCESSED, 'lost')).toEqual([]);
    expect(story.answer(0, PROCESSED, 'found')).toEqual(['StepProcessed']);
  });

  it('keeps its own timeout through a change of hands', () => {
    const story = new Story(documentOf([{ order: 1, processing: { timeout: 60 } }])).arrive(0);
    story.hand(0, 'lost', BEGAN + 5);
    story.now += 30_000;
    story.hand(0, 'found', BEGAN + 90_000);
    expect(story.state.handling.steps[0]?.deadline).toBe(BEGAN + 60_000);
  });
});

describe('An event', () => {
  it('arrives once, and is the event of one step', () => {
    const story = new Story(documentOf([{ order: 1 }, { order: 2 }]));
    expect(story.record(arrived(story.state, 0, event))).toEqual(['StepArrived']);
    expect(arrived(story.state, 0, { ...event, eventId: 'e10' })).toEqual([]);
    expect(arrived(story.state, 1, event)).toEqual([]);
  });

  it('takes the place of what only was matched', () => {
    const matches = { event_type: 't', by: 'correlation_id', value: 'c' } as const;
    const story = new Story(documentOf([{ order: 1, eventId: 's/step/0', matches }]));
    story.record(arrived(story.state, 0, event));
    expect(story.state.document.events[0]).toMatchObject({ eventId: 'e9', matches });
  });

  it('of a sequence that is over is not noted', () => {
    const story = new Story(documentOf([{ order: 1 }]));
    story.act({ action: 'cancel' });
    expect(arrived(story.state, 0, event)).toEqual([]);
  });

  it('that follows, or an observer, means nothing to a step that does not wait for it', () => {
    const story = one();
    story.hand(0);
    expect(followed(story.state, 0, 'e9')).toEqual([]);
    expect(observed(story.state, 0, '')).toEqual([]);
  });
});
