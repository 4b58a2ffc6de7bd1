import type { Document } from 'mongodb';
import { checkLog } from './change-checker';

const METADATA = {
  generation: 1,
  correlationId: 'c',
  causationId: '',
  causedBy: '',
  occurred: new Date(1),
  recorded: new Date(2),
  validFrom: new Date(3),
};
const ABOUT = { type: 't', eventSourceId: 's', tags: ['x'] };
const content = (n: number) => ({ '1': { n } });

const event = (_id: number, compensations: readonly Document[] = []) => ({
  _id,
  eventId: `e${_id}`,
  ...ABOUT,
  ...METADATA,
  content: content(_id),
  compensations,
});
const compensation = (sequenceNumber: number) => ({
  compensationId: `c${sequenceNumber}`,
  ...METADATA,
  content: content(sequenceNumber),
  reason: 'why',
  sequenceNumber,
});
const announcement = (_id: number, sequenceNumber: number, kind = 'compensation') => ({
  ...event(_id),
  eventId: `c${_id}`,
  announces: { kind, sequenceNumber, reason: 'why' },
});

const EMPTY = { '1': {} };
const redacted = <T extends object>(document: T, sequenceNumber: number) => ({
  ...document,
  content: EMPTY,
  redaction: { sequenceNumber, reason: 'asked for' },
});

/** An event with two compensations, one that was compensated and redacted, and one with nothing. */
const log = (): Document[] => [
  event(0, [compensation(3), compensation(5)]),
  redacted(event(1, [{ ...compensation(4), content: EMPTY }]), 6),
  event(2),
  announcement(3, 0),
  redacted(announcement(4, 1), 6),
  announcement(5, 0),
  { ...announcement(6, 1, 'redaction'), content: EMPTY },
  { ...event(7), type: '$ConstraintInForce', announces: { kind: 'constraint', sequenceNumber: 0, reason: '' } },
];

it('a log as it should be stands without objection, and tells what is announced where', () => {
  const { objections, announced } = checkLog(log());
  expect(objections).toEqual([]);
  expect([...announced]).toEqual([
    ['c3', 3],
    ['c4', 4],
    ['c5', 5],
  ]);
});

it.each<[string, (documents: Document[]) => void, RegExp]>([
  ['a number is missing', (all) => all.splice(2, 1), /stands at place/],
  ['an announcement has no compensation', ([first]) => first?.['compensations'].pop(), /stands 0 times/],
  ['a compensation has no announcement', (all) => void (all[5] = event(5)), /where nothing says so/],
  ['a compensation stands twice', ([first]) => first?.['compensations'].push(compensation(5)), /stands 2 times/],
  ['compensations are out of order', ([first]) => first?.['compensations'].reverse(), /out of order/],
  [
    'content is another one',
    ([first]) =>
      (first?.['compensations'] as Document[])[0] &&
      ((first?.['compensations'] as Document[])[0] = { ...compensation(3), content: content(9) }),
    /another content/,
  ],
  [
    'a reason is another one',
    ([, , , one]) => (one as Document)['announces'] && ((one as Document)['announces'].reason = 'other'),
    /another reason/,
  ],
  ['a type is another one', ([, , , one]) => ((one as Document)['type'] = 'u'), /another type/],
  [
    'an id is announced twice',
    ([first, , , , , one]) => {
      (one as Document)['eventId'] = 'c3';
      (first as Document)['compensations'][1].compensationId = 'c3';
    },
    /announced twice/,
  ],
  [
    'content is left of a redacted event',
    ([, one]) => ((one as Document)['content'] = content(1)),
    /1 contents are left/,
  ],
  [
    'content is left of its compensation',
    ([, one]) => ((one as Document)['compensations'] = [compensation(4)]),
    /contents are left/,
  ],
  [
    'content is left where it is announced',
    ([, , , , one]) => ((one as Document)['content'] = content(1)),
    /contents are left|another content/,
  ],
  ['a redaction is not announced', (all) => void (all[6] = event(6)), /redacted at 6, where nothing says so/],
  ['a redaction was not made', (all) => void (all[1] = event(1, [compensation(4)])), /was redacted, which says/],
  [
    'an event was compensated after its redaction',
    (all) => {
      (all[1] as Document)['compensations'].push({ ...compensation(8), content: EMPTY });
      all.push({ ...announcement(8, 1), content: EMPTY });
    },
    /compensated after it was redacted/,
  ],
  [
    'an announcement is about another',
    ([, , , , , one]) => ((one as Document)['announces'].sequenceNumber = 3),
    /is about announcement/,
  ],
  [
    'an announcement is about what comes later',
    ([, , , one]) => ((one as Document)['announces'].sequenceNumber = 7),
    /not before it/,
  ],
])('it objects when %s', (_, spoil, objection) => {
  const documents = log();
  spoil(documents);
  expect(checkLog(documents).objections.join('\n')).toMatch(objection);
});
