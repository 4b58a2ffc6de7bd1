/** In which form a reader gets the content of events: what it asks for, and what the store's types make of that. */
import { ContentType } from '../contract/messages';
import type { TypesOfStore } from '../event-types/types-of-store';

/** Which of an event's contents is shown: what was appended, what its last compensation says, or all of it. */
export type View = 'original' | 'effective' | 'all';

/** What a reader asks for; it stays the same for as long as it reads. */
export interface ContentWanted {
  readonly contentType: ContentType;
  readonly view: View;
  /** Every generation that is stored, too. */
  readonly allGenerations: boolean;
  /** The generation that is wanted of a type; undefined: its latest. Absent: the latest of every type. */
  readonly wanted: ((type: string) => number | undefined) | undefined;
}

/** The same at a moment: which generation is a type's latest changes with the store's types. */
export interface Presentation extends ContentWanted {
  /** Undefined: none is registered. */
  readonly types: TypesOfStore | undefined;
}

/** Original content in each type's latest generation: what most readers ask for. */
export const latestContent = (contentType: ContentType): ContentWanted => ({
  contentType,
  view: 'original',
  allGenerations: false,
  wanted: undefined,
});

/** As whoever reads in this form gets it, so that it pays to keep it for all of them. JSON is made for who asks for it. */
export const isCommon = ({ contentType, view, allGenerations, wanted }: ContentWanted): boolean =>
  contentType === ContentType.BSON && view === 'original' && !allGenerations && wanted === undefined;

/** The types of a store, as those who read its events go by them. */
export interface TypesAtHand {
  /** As they are known at this moment; undefined when they must be loaded first. */
  readonly types: () => TypesOfStore | undefined;
  readonly loadTypes: () => Promise<TypesOfStore>;
}

/**
 * What a reader asks for, with the types as they are whenever it is called: the same object until they
 * change. A reader calls it before each message, since nobody looks at the types of a store that is quiet.
 */
export function presenting(wanted: ContentWanted, { types, loadTypes }: TypesAtHand): () => Promise<Presentation> {
  let presentation: Presentation = { ...wanted, types: undefined };
  return async () => {
    const now = types() ?? (await loadTypes());
    if (now !== presentation.types) presentation = { ...wanted, types: now };
    return presentation;
  };
}

/** Which state of the store's types a presentation is by. 0: there are none. */
export const revisionOf = ({ types }: Presentation): number => types?.revision ?? 0;
