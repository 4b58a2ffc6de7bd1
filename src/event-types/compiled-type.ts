/** A registered type, ready for use. What it needs is compiled when it is first needed. */
import { compileCast } from './cast';
import type { EventTypeDefinition } from './definition';
import { schemaOf } from './schema';
import type { CompiledType } from './types-of-store';

/** @param definition one that `checkDefinition` has passed. */
export function compileType(definition: EventTypeDefinition): CompiledType {
  const schemas = definition.generations.map(({ schema }) => schemaOf(schema));
  return {
    name: definition.type,
    generations: definition.generations.map(({ generation }) => generation),
    latest: definition.generations.length,
    validate(generation, value) {
      const schema = schemas[generation - 1];
      if (schema === undefined) throw new RangeError(`${definition.type} has no generation ${generation}`);
      return schema.validate(value);
    },
    cast: compileCast(definition),
  };
}
