import { ContentType } from '../../src/contract/messages';
import { AnnalsError } from '../../src/kernel/annals-error';
import { Roster, type Place, type Processor } from './roster';

function roster() {
  const wanted: string[] = [];
  const revoked: number[] = [];
  const ended: string[] = [];
  const blocked = new Set<string>();
  const made = new Roster({ wanted: (sequenceId) => wanted.push(sequenceId) });
  const processor = (id: string, credits = 1, ...types: string[]): Processor => ({
    id,
    name: id,
    eventTypes: new Set(types.length === 0 ? ['T'] : types),
    credits,
    deadlineMs: 1_000,
    contentType: ContentType.JSON,
    isBlocked: () => blocked.has(id),
    send: () => undefined,
    revoke: (taskIds) => revoked.push(...taskIds),
    end: () => ended.push(id),
  });
  return { roster: made, wanted, revoked, ended, blocked, processor };
}

const handed = (place: Place | undefined, attempt = 1): Place => {
  if (place === undefined) throw new Error('there is no place');
  place.attempt = attempt;
  place.handed = true;
  return place;
};
const step = (sequenceId: string, place = 0) => ({ sequenceId, step: place });

it('a step gets the processor of its type that has the most room, and keeps its place', () => {
  const { roster: r, processor } = roster();
  r.add(processor('small', 1));
  r.add(processor('large', 5));
  r.add(processor('other', 9, 'U'));
  const place = r.place(step('a'), 'T');
  expect(place?.processor.id).toBe('large');
  expect(r.place(step('a'), 'T')).toBe(place);
});

it('what finds no room waits in the order in which it came, whatever sequence it is of', () => {
  const { roster: r, wanted, processor } = roster();
  expect(r.place(step('a'), 'T')).toBeUndefined();
  expect(r.place(step('b'), 'T')).toBeUndefined();
  expect(r.place(step('b', 1), 'T')).toBeUndefined();
  r.add(processor('p', 1));
  expect(wanted).toEqual(['a']);
  // Whoever comes now does not overtake.
  expect(r.place(step('c'), 'T')).toBeUndefined();
  r.free(handed(r.place(step('a'), 'T')));
  expect(wanted).toEqual(['a', 'b']);
  expect(r.place(step('b'), 'T')?.processor.id).toBe('p');
});

it('an answer counts from the processor that has the step, once, and after it was handed', () => {
  const { roster: r, processor } = roster();
  r.add(processor('p', 2));
  r.add(processor('q', 1));
  const place = r.place(step('a'), 'T');
  expect(r.answered('p', place?.taskId ?? 0)).toBeUndefined();
  handed(place);
  expect(r.answered('q', place?.taskId ?? 0)).toBeUndefined();
  expect(r.answered('p', place?.taskId ?? 0)).toBe(place);
  if (place !== undefined) r.free(place);
  expect(r.answered('p', place?.taskId ?? 0)).toBeUndefined();
});

it('what a lost processor had is looked for anew, and another one gets it', () => {
  const { roster: r, wanted, processor } = roster();
  r.add(processor('p'));
  handed(r.place(step('a'), 'T'));
  r.add(processor('q'));
  r.remove('p');
  expect(wanted).toEqual(['a']);
  expect(r.place(step('a'), 'T')?.processor.id).toBe('q');
});

it('one that leaves gets nothing new and keeps what it has', () => {
  const { roster: r, processor } = roster();
  r.add(processor('p', 2));
  const place = handed(r.place(step('a'), 'T'));
  r.leaving('p');
  expect(r.place(step('b'), 'T')).toBeUndefined();
  expect(r.answered('p', place.taskId)).toBe(place);
});

it('a place that nobody needs any more, or for another attempt, is taken back and given to the next', () => {
  const { roster: r, revoked, wanted, processor } = roster();
  r.add(processor('p', 2));
  const first = handed(r.place(step('a'), 'T'));
  const second = handed(r.place(step('a', 1), 'T'));
  r.place(step('b'), 'T');
  r.keep(
    'a',
    new Map([
      [0, 1],
      [1, 2],
    ]),
  );
  expect(revoked).toEqual([second.taskId]);
  expect(wanted).toEqual(['b']);
  expect(r.answered('p', first.taskId)).toBe(first);
  r.keep('a', new Map());
  expect(revoked).toEqual([second.taskId, first.taskId]);
});

it('a step that no longer waits is passed over', () => {
  const { roster: r, wanted, processor } = roster();
  r.place(step('a'), 'T');
  r.place(step('b'), 'T');
  r.keep('a', new Map());
  r.add(processor('p'));
  expect(wanted).toEqual(['b']);
});

it('knows who has been silent for too long, and sends all away at the end', () => {
  const { roster: r, ended, processor } = roster();
  r.add(processor('p'));
  r.heard('p');
  expect(r.silentFor(60_000)).toEqual([]);
  expect(r.silentFor(-1).map(({ id }) => id)).toEqual(['p']);
  r.endAll(new AnnalsError('LEASE_LOST'));
  expect(ended).toEqual(['p']);
  expect(r.place(step('a'), 'T')).toBeUndefined();
});

it('one that does not read gets nothing more, and what waits once it does', () => {
  const { roster: r, wanted, blocked, processor } = roster();
  r.add(processor('slow', 5));
  blocked.add('slow');
  expect(r.place(step('a'), 'T')).toBeUndefined();
  blocked.clear();
  r.unblocked();
  expect(wanted).toEqual(['a']);
  expect(r.place(step('a'), 'T')?.processor.id).toBe('slow');
});
