/**
 * A type that changes while programs of yesterday and of today work beside each other, and an event that
 * is put right: `issues.opened` gets two generations more, and the same history is then read in the first
 * and in the third, as it was appended and as it holds now.
 */
import { isDeepStrictEqual } from 'node:util';
import { generationsOf, type Annals, type EventSequence, type RecordedEvent, type UnknownContent } from '../src/client';
import { GITHUB } from './checked-webhooks';
import { check, type Check } from './checks';
import { timed } from './measures';
import { issueOpened, type IssueOpened3 } from './issue-type';

const REASON = 'The title was longer than the error';
const TITLE = 'Typo in the README';

/** A number that the examples leave free. */
const NEW_NUMBER = 3;
const NEW_TITLE = 'The README says nothing of the licence';

/** Events that a migration is tried on before it is registered. */
const TRIED_ON = 100;

/** One event in the four ways in which it can be read. */
export interface Readings {
  readonly first: RecordedEvent;
  readonly firstEffective: RecordedEvent;
  readonly third: RecordedEvent;
  readonly thirdEffective: RecordedEvent;
}

export interface ChangingType {
  readonly type: string;
  readonly triedOn: number;
  readonly changes: readonly string[];
  readonly changedMs: number;
  /** Recorded when the type had one generation. */
  readonly old: Readings;
  /** Recorded in the third. */
  readonly written: Readings;
  readonly reason: string;
  /** Where the log says that the old one was put right. */
  readonly announcedAt: number;
  readonly checks: readonly Check[];
}

export async function changeType(annals: Annals): Promise<ChangingType> {
  const today = issueOpened();
  const yesterday = today.inGeneration(1);
  const { type } = today;
  const sequence = annals.sequence(GITHUB);

  const before = await one(sequence, { types: [type] });
  const previews = await annals.eventTypes.previewMigration({
    type: today,
    from: 1,
    to: 3,
    lastEvents: TRIED_ON,
    sequence: GITHUB,
  });
  const registration = await timed(() => annals.eventTypes.register(today));

  const cast = await one<IssueOpened3>(sequence, { types: [type] });
  const content = { ...cast.content, number: NEW_NUMBER, title: NEW_TITLE };
  const appended = await sequence.append(today.event(before.eventSourceId, content));
  const compensation = await sequence.compensate<IssueOpened3>(
    { sequenceNumber: before.sequenceNumber },
    { type, content: { ...cast.content, title: TITLE }, reason: REASON },
  );

  const readings = async (number: number): Promise<Readings> => {
    const at = { types: [type], from: number, to: number };
    const [first, third] = [generationsOf(yesterday), generationsOf(today)];
    return {
      first: await one(sequence, { ...at, generations: first }),
      firstEffective: await one(sequence, { ...at, generations: first, view: 'effective' }),
      third: await one(sequence, { ...at, generations: third }),
      thirdEffective: await one(sequence, { ...at, generations: third, view: 'effective' }),
    };
  };
  const old = await readings(before.sequenceNumber);
  const written = await readings(appended.firstSequenceNumber);
  const announced = await one(sequence, { from: compensation.sequenceNumber, types: [type], announcements: true });

  return {
    type,
    triedOn: previews.length,
    changes: registration.outcome[0]?.changes ?? [],
    changedMs: registration.ms,
    old,
    written,
    reason: REASON,
    announcedAt: compensation.sequenceNumber,
    checks: [
      readInBoth(
        before,
        old,
        previews.flatMap(({ faults }) => [...faults]),
      ),
      writtenInBoth(before, written),
      putRight(before, old),
      check(
        'whoever follows the log is told that an event was put right, and which',
        announced.announcement?.sequenceNumber === before.sequenceNumber ? [] : ['the announcement names another'],
        `number ${announced.sequenceNumber} is about number ${before.sequenceNumber}`,
      ),
    ],
  };
}

type Reading = Parameters<EventSequence['read']>[0];

/** The first event that a read gives. */
async function one<Content = UnknownContent>(
  sequence: EventSequence,
  reading: Reading,
): Promise<RecordedEvent<Content>> {
  for await (const event of sequence.read<Content>({ ...reading, limit: 1 })) return event;
  throw new Error('there is no such event');
}

interface Raw {
  readonly issue: { readonly number: number; readonly title: string };
}

/** What was recorded before a generation existed is there in it, and in its own as it was. */
function readInBoth(before: RecordedEvent, { first, third }: Readings, faults: readonly string[]): Check {
  const wrong = [...faults];
  if (!isDeepStrictEqual(first.content, before.content)) wrong.push('generation 1 is not what was appended');
  const { number, title } = (before.content as unknown as Raw).issue;
  const { number: castNumber, title: castTitle } = third.content as unknown as IssueOpened3;
  if (castNumber !== number || castTitle !== title) wrong.push('generation 3 is about another issue');
  return check(
    'an event from before a generation existed is read in it, and as it was in its own',
    wrong,
    `number ${before.sequenceNumber} in generations ${first.contentGeneration} and ${third.contentGeneration}`,
  );
}

/** What is written in generation 3 is for a program of generation 1 the payload that it knows. */
function writtenInBoth(before: RecordedEvent, { first }: Readings): Check {
  const { issue, ...rest } = before.content as unknown as Raw;
  const expected = { ...rest, issue: { ...issue, number: NEW_NUMBER, title: NEW_TITLE } };
  return check(
    'an event of today is for a program of yesterday what it knows',
    isDeepStrictEqual(first.content, expected) ? [] : ['generation 1 is not the payload with the new number and title'],
    `number ${first.sequenceNumber}, written in generation ${first.generation}, whole in generation ${first.contentGeneration}`,
  );
}

/** The compensation is what holds, in every generation, and the original is what it was. */
function putRight(before: RecordedEvent, { first, firstEffective, third, thirdEffective }: Readings): Check {
  const wrong: string[] = [];
  if (!isDeepStrictEqual(first.content, before.content)) wrong.push('the original was changed');
  const { issue } = firstEffective.content as unknown as Raw;
  if (issue.title !== TITLE) wrong.push(`generation 1 has the title ${issue.title}`);
  if (!isDeepStrictEqual(thirdEffective.content, { ...third.content, title: TITLE })) {
    wrong.push('generation 3 is not what the compensation said');
  }
  if (thirdEffective.effectiveCompensationId === undefined) wrong.push('nothing marks it as a compensation');
  return check('an event that is put right is so in every generation, and its original stays', wrong, `"${REASON}"`);
}
