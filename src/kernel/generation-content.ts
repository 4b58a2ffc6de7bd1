/** Content in one generation of its event type. */
export interface GenerationContent {
  readonly generation: number;
  /** One BSON document. */
  readonly content: Buffer;
}
