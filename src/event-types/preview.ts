/** What a migration would do to one content, for a person to look at. */
import { bsonToJsonText } from '../kernel/content/bson-to-json';
import { schemaView } from '../kernel/content/schema-view';
import type { CompiledType, SchemaFault } from './types-of-store';

export interface CastPreview {
  /** JSON text. */
  readonly before: string;
  /** JSON text; undefined when it cannot be cast. */
  readonly after: string | undefined;
  /** Why it cannot be cast, or how it or the result breaks a schema. */
  readonly faults: readonly string[];
}

/** @param content one checked BSON document of generation `from`. */
export function previewCast(type: CompiledType, content: Buffer, from: number, to: number): CastPreview {
  const before = bsonToJsonText(content);
  const faults = faultsOf(type, from, content);
  const cast = type.cast(content, from, to);
  if ('failure' in cast) return { before, after: undefined, faults: [...faults, cast.failure] };
  const after = bsonToJsonText(cast.content);
  return { before, after, faults: from === to ? faults : [...faults, ...faultsOf(type, to, cast.content)] };
}

function faultsOf(type: CompiledType, generation: number, content: Buffer): string[] {
  const faults: readonly SchemaFault[] = type.validate(generation, schemaView(content));
  return faults.map(
    ({ path, message }) => `generation ${generation}: ${path === '' ? 'the content' : path} ${message}`,
  );
}
