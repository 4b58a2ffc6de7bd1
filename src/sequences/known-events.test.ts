import fc from 'fast-check';
import { BSON, Int32, Long } from 'mongodb';
import type { EventDraft } from '../storage/event-document';
import { answerFromKnown, type KnownEvent, type KnownEvents } from './known-events';

const draft = (eventId: string, fields: Partial<EventDraft> = {}): EventDraft => ({
  eventId,
  correlationId: 'c',
  causationId: '',
  causedBy: '',
  type: 'typed',
  generation: 1,
  occurred: 0,
  validFrom: 0,
  eventSourceId: 'source',
  tags: [],
  content: Buffer.from(BSON.serialize({ of: eventId })),
  ...fields,
});

const recordedAs = (one: EventDraft, number: number): KnownEvent => ({
  number,
  recorded: 1_234,
  eventId: one.eventId,
  type: one.type,
  eventSourceId: one.eventSourceId,
  generation: one.generation,
  content: one.content,
});

const knownOf = (...events: KnownEvent[]): KnownEvents => new Map(events.map((event) => [event.eventId, event]));

/** Two or more drafts, and the number at which each is recorded, if it is. */
const calls = fc
  .array(fc.option(fc.nat(6), { nil: undefined }), { minLength: 1, maxLength: 5 })
  .map((numbers) => numbers.map((number, i) => ({ draft: draft(`id-${i}`), number })));

describe('the answer to an append of which something may be known', () => {
  it('is none when nothing is, the first numbers when all of it is as one call, and a refusal otherwise', () => {
    fc.assert(
      fc.property(calls, (call) => {
        const drafts = call.map((part) => part.draft);
        const known = knownOf(
          ...call.flatMap((part) => (part.number === undefined ? [] : [recordedAs(part.draft, part.number)])),
        );
        const answer = answerFromKnown(drafts, known);
        const first = call[0]?.number;
        const together = first !== undefined && call.every(({ number }, i) => number === first + i);
        if (known.size === 0) {
          expect(answer).toBeUndefined();
        } else if (together) {
          const lastSequenceNumber = first + drafts.length - 1;
          expect(answer).toMatchObject({
            appended: { firstSequenceNumber: first, lastSequenceNumber, duplicate: true, recorded: 1_234 },
          });
        } else {
          expect(answer).toMatchObject({
            refused: {
              violations: call.flatMap(({ number }, i) =>
                number === undefined
                  ? []
                  : [{ code: 'PARTIAL_DUPLICATE', field: `events[${i}].event_id`, sequenceNumber: number }],
              ),
            },
          });
        }
      }),
    );
  });

  it.each<[string, Partial<EventDraft>]>([
    ['type', { type: 'other' }],
    ['event_source_id', { eventSourceId: 'other' }],
    ['generation', { generation: 2 }],
    ['content', { content: Buffer.from(BSON.serialize({ of: 'another' })) }],
  ])('says that the id is used for something else when the %s differs', (field, change) => {
    const known = knownOf(recordedAs(draft('a'), 3), recordedAs(draft('b', change), 4));
    expect(answerFromKnown([draft('a'), draft('b')], known)).toMatchObject({
      refused: { violations: [{ code: 'EVENT_ID_REUSED', field: `events[1].${field}`, sequenceNumber: 4 }] },
    });
  });

  it('takes the same content in other bytes for the same', () => {
    const one = draft('a', { content: Buffer.from(BSON.serialize({ n: new Int32(7) })) });
    const same = draft('a', { content: Buffer.from(BSON.serialize({ n: Long.fromNumber(7) })) });
    expect(answerFromKnown([same], knownOf(recordedAs(one, 0)))).toMatchObject({ appended: { duplicate: true } });
  });

  it('does not look at what is only metadata', () => {
    const other = draft('a', {
      correlationId: 'x',
      causationId: 'y',
      causedBy: 'z',
      tags: ['t'],
      occurred: 9,
      validFrom: 9,
    });
    expect(answerFromKnown([other], knownOf(recordedAs(draft('a'), 0)))).toMatchObject({
      appended: { duplicate: true },
    });
  });
});
