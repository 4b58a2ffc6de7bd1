/** The generation in which a reader wants the content of a type's events. A type that is not named: its latest. */
export interface GenerationWanted {
  readonly type: string;
  /** 0: the latest. */
  readonly generation: number;
}
