/** What can go wrong with a link, told apart by what has to happen next. */

/** The source does not answer, or says no. It is tried again. */
export class SourceAway extends Error {
  override readonly name = 'SourceAway';
}

/** The source is not the one that was relayed. Nothing goes on until a person acts. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

/** What an error says, for a person. */
export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
