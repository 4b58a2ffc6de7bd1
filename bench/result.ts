/** What a measure found. */
import type { BlockingFigures } from './blocking';
import type { Fact } from './facts';
import type { MemoryFigures } from './memory';
import type { Figures } from './rounds';
import type { Waits } from './statistics';

interface Named {
  readonly name: string;
  /** For a person: what was done. */
  readonly title: string;
}

export type Result = Named &
  (
    | { readonly kind: 'rate'; readonly figures: Figures }
    /** Waits of the floor are raw commits; those of Annals are from append to subscriber or handler. */
    | {
        readonly kind: 'latency';
        readonly figures: Figures;
        readonly acknowledgedMs: Waits;
        /** Where there is a loop that copies: from the beginning of a raw commit until its copy was committed. */
        readonly copiedMs?: Waits;
      }
    | { readonly kind: 'blocking'; readonly figures: BlockingFigures }
    | { readonly kind: 'memory'; readonly figures: MemoryFigures }
    /** Of what has no floor, or several figures that belong together. */
    | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  );
