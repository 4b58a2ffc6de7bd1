import { BSON } from 'mongodb';
import { bsonToJsonText } from '../src/kernel/content/bson-to-json';
import { compileType } from '../src/event-types/compiled-type';
import { contentsOf } from '../src/event-types/contents';
import type { MigrationStep } from '../src/event-types/definition';
import type { MigrationStep as StepOfClient } from '../src/client';
import { ORDER_BYTES, orderContent, orderContents, orderIn3Generations, storedOrder } from './orders';

/** The definition as the server has it. */
const { definition } = orderIn3Generations;
const type = compileType({
  type: definition.type,
  description: '',
  generations: definition.generations.map(({ generation, schema }) => ({
    generation,
    schema: JSON.stringify(schema),
  })),
  migrations: (definition.migrations ?? []).map(({ from, to, steps }) => ({
    from,
    to,
    steps: steps.map(stepOfServer),
  })),
});

function stepOfServer(step: StepOfClient): MigrationStep {
  const [[kind, fields] = []] = Object.entries(step);
  // One member, named as the kind is; the value of a default is JSON text there.
  const flat = { kind, ...fields } as MigrationStep;
  return flat.kind === 'default' ? { ...flat, value: JSON.stringify(flat.value) } : flat;
}

describe('the orders of the benchmark', () => {
  it.each([0, 1, 12_345])('have about a kilobyte of content (%d)', (n) => {
    const { length } = BSON.serialize(orderContent(n));
    expect(length).toBeGreaterThan(ORDER_BYTES * 0.9);
    expect(length).toBeLessThan(ORDER_BYTES * 1.1);
  });

  it.each([0, 1, 12_345])('are in each generation what the server casts, to the byte (%d)', (n) => {
    const content = Buffer.from(BSON.serialize(orderContent(n)));
    const outcome = contentsOf(type, 1, content, JSON.parse(bsonToJsonText(content)));
    const written = orderContents(n);
    expect(outcome).toEqual({
      contents: [1, 2, 3].map((generation) => ({
        generation,
        content: Buffer.from(BSON.serialize(written[String(generation) as keyof typeof written])),
      })),
    });
  });

  it('are stored in one generation or in three', () => {
    expect(Object.keys(storedOrder(7, 'a', 1)['content'] as object)).toEqual(['1']);
    expect(Object.keys(storedOrder(7, 'a', 3)['content'] as object)).toEqual(['1', '2', '3']);
  });
});
