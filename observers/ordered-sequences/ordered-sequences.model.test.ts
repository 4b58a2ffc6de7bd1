/** Random documents, answers, crashes and people against a small model. */
import fc from 'fast-check';
import { documentOf } from './sequence.testing';
import { STEPS, Trial } from './trial.testing';

const ORDERS = 4;
const COMPENSATIONS = 4;

const processing = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  fc.record({ timeout: fc.integer({ min: 1, max: 5 }) }),
  fc.constant({ done_when: 'appended' } as const),
  fc.constant({ done_when: 'followed', followed_by: 't', timeout: 3 } as const),
);
const documents = fc
  .record({
    events: fc.array(
      fc.record({
        order: fc.integer({ min: 1, max: ORDERS }),
        required: fc.boolean(),
        processing,
      }),
      { minLength: 1, maxLength: STEPS, size: 'max' },
    ),
    type: fc.constantFrom('compensating_events', 'retry', 'manual'),
    on_exhausted: fc.constantFrom('fail', 'compensating_events', 'manual'),
    max_retries: fc.nat(2),
    compensates: fc.array(fc.option(fc.integer({ min: 1, max: ORDERS }), { nil: undefined }), {
      maxLength: COMPENSATIONS,
    }),
    continue_past_failure: fc.boolean(),
  })
  .map(({ events, compensates, continue_past_failure, ...rollback }) => {
    const compensating_events = compensates.map((order, i) => ({
      eventId: `undo-${String(i)}`,
      payload_template: {},
      ...(order === undefined ? {} : { compensates: order }),
    }));
    return documentOf(events, { ...rollback, compensating_events }, { continue_past_failure });
  });

/** What happens is drawn from what can, see `Trial.kinds`; without a bias, since no kind is simpler than another. */
const deeds = fc.array(fc.record({ roll: fc.noBias(fc.nat()), pick: fc.noBias(fc.nat(2 * STEPS)) }), {
  maxLength: 80,
  size: 'max',
});

describe('Whatever is answered, crashes or is decided', () => {
  it('a sequence does what the model does, and ends', () => {
    fc.assert(
      fc.property(documents, deeds, (document, given) => {
        const trial = new Trial(document);
        for (const { roll, pick } of given) {
          if (trial.model.phase === 'settled') break;
          const { kinds } = trial;
          trial.do(kinds[roll % kinds.length] ?? 'tick', pick);
        }
        trial.finish();
      }),
      { numRuns: 150 },
    );
  });
});
