/**
 * What the log asks of event types: the words between the registry and those who append and read.
 */
import type { GenerationContent } from '../kernel/generation-content';

/** A place at which content does not fit its schema. */
export interface SchemaFault {
  /** Such as `.issue.labels[2].name`; empty for the content as a whole. */
  readonly path: string;
  /** What is wrong, such as `must be string`. */
  readonly message: string;
}

export type CastOutcome = { readonly content: Buffer } | { readonly failure: string };

/** A registered type, ready for use: schemas and migrations are compiled. */
export interface CompiledType {
  readonly name: string;
  /** Ascending: 1 … latest. */
  readonly generations: readonly number[];
  readonly latest: number;
  /** The content's faults in a generation, at most some twenty; none when it fits. @param value the content as a schema looks at it. */
  validate(generation: number, value: unknown): readonly SchemaFault[];
  /** The content in another generation, step by step over the neighbours. Both are BSON documents. Never throws for bad content. */
  cast(content: Buffer, from: number, to: number): CastOutcome;
}

/** The types of one store at one moment. */
export interface TypesOfStore {
  /** Grows with every change; equal means the same. */
  readonly revision: number;
  /** Events of unregistered types are refused. */
  readonly strict: boolean;
  /** No type is registered: nothing needs looking at. */
  readonly empty: boolean;
  type(name: string): CompiledType | undefined;
}

/** Where the log finds the types of a store. */
export interface TypeSource {
  /** What is known here already; undefined until `load` has been called once, and when the last look is too long ago to go by. */
  known(store: string): TypesOfStore | undefined;
  /** @param deadline on the clock of `performance.now()`, in ms: until then it is tried again while the database is away. */
  load(store: string, deadline?: number): Promise<TypesOfStore>;
  /** Looks again, for instance because an append names a generation that is not known here. */
  refresh(store: string): Promise<TypesOfStore>;
}

/** Content in every generation, or what stands against it. */
export type ContentOutcome =
  | { readonly contents: readonly GenerationContent[] }
  /** `at` is the generation in which it does not fit; `faults` are of the content as it would be there. */
  | { readonly kind: 'schema'; readonly at: number; readonly faults: readonly SchemaFault[] }
  | { readonly kind: 'migration'; readonly from: number; readonly to: number; readonly failure: string };
