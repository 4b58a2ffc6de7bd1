import fc from 'fast-check';
import { Contiguous } from './contiguous';

it('stands at the first number that is not done, in whatever order and how often the others are', () => {
  fc.assert(
    fc.property(fc.nat(5), fc.array(fc.nat(20)), (first, numbers) => {
      const contiguous = new Contiguous(first);
      for (const number of numbers) contiguous.done(number);
      let next = first;
      while (numbers.includes(next)) next++;
      expect(contiguous.next).toBe(next);
    }),
  );
});
