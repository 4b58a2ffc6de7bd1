/**
 * What the embedded MongoDB tells while it is looked for, fetched and started. It is data, so that a
 * terminal can draw a bar of the same facts that a log writes as lines.
 */

export type Progress =
  | { readonly kind: 'step'; readonly text: string }
  | {
      readonly kind: 'bytes';
      readonly what: string;
      /** Bytes so far. */
      readonly done: number;
      /** Bytes in all, where they are known. */
      readonly total?: number;
    };

export type OnProgress = (progress: Progress) => void;
