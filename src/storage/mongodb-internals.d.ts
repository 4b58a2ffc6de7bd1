/** The one piece of the driver's inside that is used: see insert-events.ts for why, and its test for the guard. */
declare module 'mongodb/lib/cmap/commands' {
  /** A list of documents that goes to the wire as the bytes it is. */
  export function makeDocumentSequence(
    field: string,
    documents: readonly object[],
    serialized: readonly Buffer[],
  ): object;
}
