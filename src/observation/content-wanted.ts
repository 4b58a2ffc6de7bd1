/** In which form an observer's definition asks for content. */
import { ContentType } from '../contract/messages';
import type { ContentWanted } from '../sequences/presentation';
import { wantedOf } from '../sequences/wanted-generations';
import type { ObserverDefinition } from '../storage/observers';

export const contentWanted = ({ content, generations, allGenerations }: ObserverDefinition): ContentWanted => ({
  contentType: content === 'bson' ? ContentType.BSON : ContentType.JSON,
  view: 'original',
  allGenerations,
  wanted: wantedOf(generations),
});
