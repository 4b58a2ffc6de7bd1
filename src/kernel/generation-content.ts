/** Content in one generation of its event type. */
export interface GenerationContent {
  readonly generation: number;
  /** One BSON document. */
  readonly content: Buffer;
}

/** The nearest to a generation first; of two as near the older one. */
export const byDistance = (contents: readonly GenerationContent[], to: number): readonly GenerationContent[] =>
  [...contents].sort((a, b) => distance(a, to) - distance(b, to) || a.generation - b.generation);

/** Generations between a content and the one that is wanted. */
export const distance = ({ generation }: GenerationContent, to: number): number => Math.abs(generation - to);
