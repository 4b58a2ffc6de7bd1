import fc from 'fast-check';
import { Fifo } from './fifo';

test('it is a queue, whatever is done to it', () => {
  const step = fc.oneof(
    fc.record({ push: fc.nat() }),
    fc.constant({ shift: true }),
    fc.record({ unshift: fc.array(fc.nat(), { maxLength: 3 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const fifo = new Fifo<number>();
      const model: number[] = [];
      for (const one of steps) {
        if ('push' in one) {
          fifo.push(one.push);
          model.push(one.push);
        } else if ('unshift' in one) {
          fifo.unshift(one.unshift);
          model.unshift(...one.unshift);
        } else expect(fifo.shift()).toBe(model.shift());
        expect(fifo.length).toBe(model.length);
        expect(fifo.peek()).toBe(model[0]);
      }
    }),
  );
});
