import fc from 'fast-check';
import { BSON } from 'mongodb';
import { chooseGeneration, type GenerationQuestion } from './choose-generation';
import { typeOf } from './stored-event.testing';

const contentOf = (generation: number) => ({ generation, content: Buffer.from(BSON.serialize({ as: generation })) });

const choose = (
  stored: readonly number[],
  wanted: number,
  type: GenerationQuestion['type'],
  over: Partial<GenerationQuestion> = {},
) => {
  const chosen = chooseGeneration({
    stored: stored.map(contentOf),
    written: stored[0] ?? 1,
    wanted,
    type,
    redacted: false,
    ...over,
  });
  return chosen === undefined ? undefined : { ...chosen, content: JSON.stringify(BSON.deserialize(chosen.content)) };
};

describe('the generation that a reader gets', () => {
  it('is the one wanted, as it is stored', () => {
    expect(choose([1, 2, 3], 2, typeOf('t', 3))).toEqual({ generation: 2, content: '{"as":2}', notCast: '' });
  });

  it('is the one that the content was written in when none is wanted', () => {
    expect(choose([3, 1], 0, undefined)).toMatchObject({ generation: 3, notCast: '' });
  });

  it('is cast from the nearest that is stored, up or down', () => {
    expect(choose([1, 2], 4, typeOf('t', 4))?.content).toBe('{"step":"3→4","of":{"step":"2→3","of":{"as":2}}}');
    expect(choose([4], 3, typeOf('t', 4))).toEqual({
      generation: 3,
      content: '{"step":"4→3","of":{"as":4}}',
      notCast: '',
    });
    // Of two as near the older one.
    expect(choose([1, 3], 2, typeOf('t', 3))?.content).toBe('{"step":"1→2","of":{"as":1}}');
  });

  it('is cast from the other side when the nearest does not lead there', () => {
    expect(choose([2, 5], 3, typeOf('t', 5, ['2→3']))).toMatchObject({ generation: 3, notCast: '' });
  });

  it('is the nearest that can be reached, with the reason, when the one wanted cannot', () => {
    expect(choose([1], 4, typeOf('t', 4, ['3→4']))).toEqual({
      generation: 3,
      content: '{"step":"2→3","of":{"step":"1→2","of":{"as":1}}}',
      notCast: '3→4 fails',
    });
    expect(choose([1], 4, typeOf('t', 4, ['1→2']))).toEqual({
      generation: 1,
      content: '{"as":1}',
      notCast: '1→2 fails',
    });
  });

  it('is the nearest from either side, with the reason of the one that was tried first', () => {
    const type = typeOf('t', 9, ['2→3', '6→5']);
    expect(choose([2, 9], 5, type)).toMatchObject({ generation: 6, notCast: '2→3 fails' });
  });

  it('is what is stored when the type is not registered, or has no such generation', () => {
    expect(choose([1, 2], 3, undefined)).toMatchObject({
      generation: 2,
      notCast: expect.stringContaining('not registered'),
    });
    expect(choose([1, 2], 5, typeOf('t', 3))).toMatchObject({ generation: 2, notCast: 'the type has no generation 5' });
    // Written by a server that knows more than this one.
    expect(choose([4], 2, typeOf('t', 3))).toMatchObject({ generation: 4, notCast: 'generation 4 is not known here' });
  });

  it('is never cast from what was redacted: there is nothing to cast, and defaults would be inventions', () => {
    expect(choose([1], 3, typeOf('t', 3), { redacted: true })).toEqual({
      generation: 1,
      content: '{"as":1}',
      notCast: 'the content was redacted',
    });
    expect(choose([1], 1, typeOf('t', 3), { redacted: true })?.notCast).toBe('');
  });

  it('is none when nothing is stored', () => {
    expect(choose([], 1, typeOf('t', 3))).toBeUndefined();
  });

  it('is as near to the one wanted as any chain of migrations leads', () => {
    const steps = Array.from({ length: 7 }, (_, i) => [`${i + 1}→${i + 2}`, `${i + 2}→${i + 1}`]).flat();
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1 }),
        fc.integer({ min: 1, max: 8 }),
        fc.subarray(steps),
        (stored, wanted, broken) => {
          const type = typeOf('t', 8, broken);
          const reachable = new Set(
            stored.flatMap((from) =>
              type.generations.filter((to) => 'content' in type.cast(Buffer.from(BSON.serialize({})), from, to)),
            ),
          );
          const least = Math.min(...[...reachable].map((generation) => Math.abs(generation - wanted)));
          const chosen = choose(stored, wanted, type);
          expect(Math.abs((chosen?.generation ?? 99) - wanted)).toBe(least);
          expect(reachable.has(chosen?.generation ?? 99)).toBe(true);
          expect(chosen?.notCast === '').toBe(least === 0);
        },
      ),
    );
  });
});
