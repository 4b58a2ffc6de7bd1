import { ContentType } from '../contract/messages';
import { invalidField } from './field-checks';

/** How content travels from the server. */
export type ContentFormat = 'bson' | 'json';

const NAMES = { bson: 'CONTENT_TYPE_BSON', json: 'CONTENT_TYPE_JSON' } as const;

/** The contract's name for it. BSON unless given. Throws INVALID_FIELD for what is neither. */
export function contentTypeName(format: ContentFormat = 'bson'): (typeof NAMES)[ContentFormat] {
  if (!Object.hasOwn(NAMES, format)) throw invalidField('as', `is ${JSON.stringify(format)}; it is "bson" or "json"`);
  return NAMES[format];
}

export const contentFormat = (type: ContentType): ContentFormat => (type === ContentType.BSON ? 'bson' : 'json');
