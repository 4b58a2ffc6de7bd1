import type { View as WireView } from '../contract/generated/annals/v1/View';
import { checkNumber, checkText, invalidField } from './field-checks';

/** In which form a program wants the content of events. */

export interface GenerationOptions {
  /**
   * The generation in which the content of a type is wanted, such as `{ 'order.placed': 2 }`. Of a type
   * that is not named: its latest. What cannot be cast comes in the nearest generation, and `notCast`
   * says why.
   */
  readonly generations?: Readonly<Record<string, number>> | undefined;
  /** Every generation that is stored comes too, as `event.generations`. */
  readonly allGenerations?: boolean | undefined;
}

/**
 * Which of an event's contents is read: `original`, what was appended; `effective`, what its last
 * compensation says when it has one (`effectiveCompensationId` tells); `all`, what was appended, with
 * every compensation.
 */
export type View = 'original' | 'effective' | 'all';

export interface ViewOptions {
  /** `original` unless given. */
  readonly view?: View | undefined;
}

const VIEWS = { original: 'VIEW_ORIGINAL', effective: 'VIEW_EFFECTIVE', all: 'VIEW_ALL' } as const;

/** The contract's fields for it. Throws INVALID_FIELD or INVALID_UTF8. */
export function wireGenerations({ generations = {}, allGenerations }: GenerationOptions) {
  return {
    generations: Object.entries(generations).map(([type, generation], i) => ({
      type: checkText(`generations[${i}].type`, type),
      generation: checkGeneration(`generations[${i}].generation`, generation),
    })),
    allGenerations: allGenerations === true,
  };
}

/** A generation's number is a uint32. */
const MAX_GENERATION = 0xffff_ffff;

export function checkGeneration(field: string, generation: number): number {
  if (checkNumber(field, generation) <= MAX_GENERATION) return generation;
  throw invalidField(field, `is ${generation}; it is at most ${MAX_GENERATION}`);
}

/** The contract's name for it. Throws INVALID_FIELD for what is none. */
export function viewName(view: View = 'original'): WireView {
  if (Object.hasOwn(VIEWS, view)) return VIEWS[view];
  throw invalidField('view', `is ${JSON.stringify(view)}; it is "original", "effective" or "all"`);
}
