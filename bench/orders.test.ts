import { BSON } from 'mongodb';
import { definitionOf } from '../src/api/event-type-messages';
import { wireDefinition } from '../src/client/event-types/definition';
import type { EventTypeDefinition__Output } from '../src/contract/generated/annals/v1/EventTypeDefinition';
import { messageCodec } from '../src/contract/services';
import { bsonToJsonText } from '../src/kernel/content/bson-to-json';
import { compileType } from '../src/event-types/compiled-type';
import { contentsOf } from '../src/event-types/contents';
import { examplesOf, tryMigrations } from '../src/event-types/examples';
import { ORDER_BYTES, orderContent, orderContents, orderIn3Generations, storedOrder } from './orders';

const codec = messageCodec<EventTypeDefinition__Output>('EventTypeDefinition');
/** The definition as the server has it. */
const definition = definitionOf(codec.decode(codec.encode(wireDefinition(orderIn3Generations.definition, ''))), '');
const type = compileType(definition);

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

  it('have a type that passes what is tried when it is registered', () => {
    for (const { schema } of definition.generations) expect(examplesOf(schema)).not.toEqual([]);
    expect(() => {
      tryMigrations(definition, type, 'type');
    }).not.toThrow();
  });

  it('are stored in one generation or in three', () => {
    expect(Object.keys(storedOrder(7, 'a', 1)['content'] as object)).toEqual(['1']);
    expect(Object.keys(storedOrder(7, 'a', 3)['content'] as object)).toEqual(['1', '2', '3']);
  });
});
