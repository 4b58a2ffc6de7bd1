import { describe as inWords } from './describe';
import { BROKEN, documentOf, HICCUP, Story } from './sequence.testing';

describe('The log of a sequence in words', () => {
  it('tells a failure, a person’s act and a rollback to whoever reads it', () => {
    const undo = { eventId: 'cancelled', payload_template: {}, compensates: 1 };
    const story = new Story(
      documentOf([{ order: 1 }, { order: 2, processing: { timeout: 60 } }], {
        type: 'compensating_events',
        max_retries: 1,
        compensating_events: [undo, { ...undo, compensates: 2 }],
      }),
    );
    story.processors = false;
    story.arrive(0).settle();
    story.processors = true;
    story.arrive(1).hand(1, 'ledger-1');
    story.answer(1, HICCUP, 'ledger-1');
    story.now += 1_000;
    story.act({ action: 'pause', who: 'ada', why: 'the ledger is moved' });
    story.act({ action: 'resume', who: 'ada', why: 'it has moved' });
    story.hand(1, 'ledger-1');
    story.answer(1, BROKEN, 'ledger-1');
    story.settle();
    const compensation = {
      entry: 0,
      eventType: 'cancelled',
      eventId: 's/rollback/0',
      eventSourceId: 'invoice-7',
      sequence: 'event-log',
      content: {},
      correlationId: 'c',
      causationId: 'e1',
    };
    story.record([{ type: 'RollbackStopped', entry: 0, faults: ['events[0].payload.id finds nothing'] }]);
    story.act({ action: 'retry', who: 'ada', why: 'the event is there now' });
    story.record([
      {
        type: 'RollbackRendered',
        compensations: [compensation],
        left: [{ entry: 1, why: 'no step of order 2 was processed' }],
      },
      { type: 'CompensationAppended', entry: 0, sequenceNumber: 12 },
    ]);
    story.settle();
    expect(story.entries.map((entry) => inWords(entry, story.state))).toEqual([
      'The sequence invoices 1.0.0 is created with 2 steps; when a required one fails: compensating_events.',
      'The event of step e0 (order 1) is on the log: t0 at number 100, about source-0.',
      'Step e0 (order 1) is processed: its event e0 is on the log, which is all it needs.',
      'The event of step e1 (order 2) is on the log: t1 at number 101, about source-1.',
      'Step e1 (order 2) is handed to the processor ledger-1, attempt 1, to be done by 2026-01-01T00:01:00.000Z.',
      'Step e1 (order 2) failed at attempt 1: try later (busy, said by ledger-1); it is tried again at 2026-01-01T00:00:01.000Z.',
      'ada decided to pause the sequence: the ledger is moved. Nothing new starts until it is resumed.',
      'ada decided to resume the sequence: it has moved. What was held back goes on.',
      'Step e1 (order 2) is handed to the processor ledger-1, attempt 2, to be done by 2026-01-01T00:01:01.000Z.',
      'Step e1 (order 2) failed at attempt 2: the ledger is closed (closed, said by ledger-1); trying again will not help.',
      'The sequence has failed at step e1 (order 2): the ledger is closed (closed). What was processed is compensated.',
      'The rollback has stopped at compensating event 0 (cancelled) and waits for a person: events[0].payload.id finds nothing.',
      'ada decided to retry compensating event 0 (cancelled): the event is there now. Every compensating event is rendered again.',
      'The rollback is rendered, to be appended in this order: compensating event 0 (cancelled) for invoice-7; compensating event 1 (cancelled) is left out: no step of order 2 was processed.',
      'Compensating event 0 (cancelled) is appended, at number 12.',
      'The sequence is rolled back: every compensating event that applies is appended.',
    ]);
  });

  it('tells whose answer or whose event made a step done', () => {
    const story = new Story(documentOf([{ order: 1 }]));
    const done = (doneWhen: 'processed' | 'observed' | 'followed', by: string) =>
      inWords({ type: 'StepProcessed', step: 0, attempt: 1, doneWhen, by, output: { id: 7 } }, story.state);
    expect([done('processed', 'p'), done('observed', 'o'), done('followed', 'e9')]).toEqual([
      'Step e0 (order 1) is processed: the processor p has answered, with the output {"id":7}.',
      'Step e0 (order 1) is processed: the observer o has handled its event, with the output {"id":7}.',
      'Step e0 (order 1) is processed: the event e9 has followed, with the output {"id":7}.',
    ]);
  });
});
