/** The types of one store as this server knows them at one revision. Each is compiled when it is first asked for. */
import type { StoredType } from '../storage/event-types';
import type { Settings } from '../storage/store-settings';
import { compileType } from './compiled-type';
import type { EventTypeDefinition } from './definition';
import type { CompiledType, TypesOfStore } from './types-of-store';

export type RegisteredType = StoredType<EventTypeDefinition>;

/** Schemas are compiled once for all revisions in which the type is the same. */
class KnownType {
  #compiled: CompiledType | undefined;

  constructor(readonly registered: RegisteredType) {}

  get compiled(): CompiledType {
    return (this.#compiled ??= compileType(this.registered.definition));
  }
}

export class KnownTypes implements TypesOfStore {
  readonly revision: number;
  readonly strict: boolean;
  readonly #types: ReadonlyMap<string, KnownType>;

  private constructor(settings: Settings, types: ReadonlyMap<string, KnownType>) {
    this.revision = settings.revision;
    this.strict = settings.strict;
    this.#types = types;
  }

  static none(settings: Settings): KnownTypes {
    return new KnownTypes(settings, new Map());
  }

  /** The types at a later revision. */
  with(settings: Settings, changed: readonly RegisteredType[]): KnownTypes {
    const types = new Map(this.#types);
    for (const one of changed) {
      // A look that came in the middle of a change may bring the same again.
      if (types.get(one.type)?.registered.revision !== one.revision) types.set(one.type, new KnownType(one));
    }
    return new KnownTypes(settings, types);
  }

  get empty(): boolean {
    return this.#types.size === 0;
  }

  type(name: string): CompiledType | undefined {
    return this.#types.get(name)?.compiled;
  }

  names(): string[] {
    return [...this.#types.keys()];
  }

  registered(name: string): RegisteredType | undefined {
    return this.#types.get(name)?.registered;
  }

  /** All types, by their names. */
  all(): RegisteredType[] {
    const all = [...this.#types.values()].map(({ registered }) => registered);
    return all.sort((a, b) => (a.type < b.type ? -1 : 1));
  }
}
