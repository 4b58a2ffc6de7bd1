import fc from 'fast-check';
import { BSON, Int32, Long } from 'mongodb';
import type { GenerationContent } from '../kernel/generation-content';
import type { EventDraft } from '../storage/event-document';
import { eventDraft, firstGeneration as content } from '../storage/event-draft.testing';
import type { StoredEvent } from '../storage/stored-event';
import { answerFromKnown, type KnownEvents } from './known-events';

const draft = (eventId: string, fields: Partial<EventDraft> = {}): EventDraft =>
  eventDraft({ eventId, type: 'typed', eventSourceId: 'source', contents: content({ of: eventId }), ...fields });

const recordedAs = (one: EventDraft, number: number): StoredEvent => ({
  number,
  recorded: 1_234,
  eventId: one.eventId,
  type: one.type,
  eventSourceId: one.eventSourceId,
  generation: one.generation,
  contents: one.contents,
  redacted: false,
  announces: undefined,
  originKey: '',
  bytes: 100,
});

const knownOf = (...events: StoredEvent[]): KnownEvents => new Map(events.map((event) => [event.eventId, event]));

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
    [
      'generation',
      {
        generation: 2,
        contents: [...content({}), { generation: 2, content: Buffer.from(BSON.serialize({ of: 'a' })) }],
      },
    ],
    ['content', { contents: content({ of: 'another' }) }],
  ])('says that the id is used for something else when the %s differs', (field, change) => {
    const known = knownOf(recordedAs(draft('a'), 3), recordedAs(draft('b', change), 4));
    expect(answerFromKnown([draft('a'), draft('b')], known)).toMatchObject({
      refused: { violations: [{ code: 'EVENT_ID_REUSED', field: `events[1].${field}`, sequenceNumber: 4 }] },
    });
  });

  it('takes the same content in other bytes for the same', () => {
    const one = draft('a', { contents: content({ n: new Int32(7) }) });
    const same = draft('a', { contents: content({ n: Long.fromNumber(7) }) });
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

describe('the same id again, when something has happened since', () => {
  const inGeneration = (generation: number, value: object): GenerationContent => ({
    generation,
    content: Buffer.from(BSON.serialize(value)),
  });

  it('a call that names no generation means the latest of its first time', () => {
    const first = draft('a', { contents: [inGeneration(1, { n: 1 }), inGeneration(2, { m: 1 })], anyGeneration: true });
    // By now there is a generation more, in which the same content was checked and refused.
    const again = draft('a', { generation: 3, contents: [inGeneration(3, { n: 1 })], anyGeneration: true });
    const known = knownOf(recordedAs(first, 4));
    expect(answerFromKnown([again], known)).toMatchObject({ appended: { firstSequenceNumber: 4, duplicate: true } });
    const other = { ...again, contents: [inGeneration(3, { n: 2 })] };
    expect(answerFromKnown([other], known)).toMatchObject({ refused: { violations: [{ code: 'EVENT_ID_REUSED' }] } });
    expect(answerFromKnown([{ ...again, anyGeneration: false }], known)).toMatchObject({
      refused: { violations: [{ field: 'events[0].generation' }] },
    });
  });

  it('only what was written is compared, whatever it was cast to since', () => {
    const first = draft('a', { contents: [inGeneration(1, { n: 1 }), inGeneration(2, { cast: 'long ago' })] });
    const again = draft('a', { contents: [inGeneration(1, { n: 1 }), inGeneration(2, { cast: 'now' })] });
    expect(answerFromKnown([again], knownOf(recordedAs(first, 0)))).toMatchObject({ appended: { duplicate: true } });
  });

  it('what was redacted is known by its type and source alone', () => {
    const redacted = { ...recordedAs(draft('a', { contents: content({}) }), 2), redacted: true };
    expect(answerFromKnown([draft('a')], knownOf(redacted))).toMatchObject({ appended: { duplicate: true } });
    expect(answerFromKnown([draft('a', { type: 'other' })], knownOf(redacted))).toMatchObject({
      refused: { violations: [{ code: 'EVENT_ID_REUSED', field: 'events[0].type' }] },
    });
  });
});

describe('an id that means something else', () => {
  const announces = { kind: 'compensation', sequenceNumber: 3, reason: 'why' } as const;
  const announced = { ...recordedAs(draft('c'), 7), announces };
  const origin = {
    store: 'shop',
    namespace: 'default',
    sequence: 'outbox',
    sequenceNumber: 5,
    recorded: 0,
    link: 'l',
    hops: 1,
  };
  const relayed = { ...recordedAs(draft('r'), 8), originKey: 'shop/default/outbox/5' };

  it.each<[string, EventDraft, StoredEvent, string]>([
    ['an event with the id of a compensation', draft('c'), announced, 'announces what happened to event 3'],
    [
      'a compensation with the id of an event',
      draft('a', { announces }),
      recordedAs(draft('a'), 7),
      'an event of its own',
    ],
    [
      'a compensation with the id of one of another event',
      draft('c', { announces: { ...announces, sequenceNumber: 2 } }),
      announced,
      'announces what happened to event 3',
    ],
    [
      'a redaction with the id of a compensation',
      draft('c', { announces: { ...announces, kind: 'redaction' } }),
      announced,
      'announces what happened to event 3',
    ],
    [
      'an event of one source place with the id of another',
      draft('r', { origin: { ...origin, sequenceNumber: 6 } }),
      relayed,
      'shop/default/outbox/5',
    ],
    [
      'a relayed event with the id of one that was appended',
      draft('a', { origin }),
      recordedAs(draft('a'), 7),
      'an event of its own',
    ],
  ])('%s is refused', (_, one, known, told) => {
    expect(answerFromKnown([one], knownOf(known))).toMatchObject({
      refused: {
        violations: [
          {
            code: 'EVENT_ID_REUSED',
            field: 'events[0].event_id',
            message: expect.stringContaining(told),
            sequenceNumber: known.number,
          },
        ],
      },
    });
  });

  it('a compensation that is sent again is the same, whatever reason it gives', () => {
    const again = draft('c', { announces: { ...announces, reason: 'another' } });
    expect(answerFromKnown([again], knownOf(announced))).toMatchObject({
      appended: { firstSequenceNumber: 7, duplicate: true },
    });
  });

  it('a relayed event that is recorded again is the same', () => {
    expect(answerFromKnown([draft('r', { origin })], knownOf(relayed))).toMatchObject({
      appended: { firstSequenceNumber: 8, duplicate: true },
    });
  });
});
