/** Content in the generation that a constraint asks for, of events that were written before there was one. */
import { byDistance } from '../kernel/generation-content';
import type { TypeSource } from '../event-types/types-of-store';
import type { CastContent } from './rule';

/** @param store whose types are loaded. A type that is not registered has one generation, whatever number it was given. */
export const castingIn =
  (types: TypeSource, store: string): CastContent =>
  (name, contents, generation) => {
    const known = types.known(store);
    // What is not known for a while, because the database is away, says nothing about what is registered.
    if (known === undefined) throw new Error(`the types of ${store} are not known at this moment`);
    const type = known.type(name);
    if (type === undefined) return contents.at(-1)?.content;
    const [from] = byDistance(contents, generation);
    if (from === undefined || !type.generations.includes(generation)) return undefined;
    const outcome = type.cast(from.content, from.generation, generation);
    return 'content' in outcome ? outcome.content : undefined;
  };
