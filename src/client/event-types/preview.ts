import type { MigrationPreview__Output } from '../../contract/generated/annals/v1/MigrationPreview';
import type { PreviewMigrationRequest } from '../../contract/generated/annals/v1/PreviewMigrationRequest';
import { checkNumber, checkText, invalidField } from '../field-checks';
import type { UnknownContent } from '../recorded-event';
import type { EventTypeDefinition } from './definition';

/** Trying a migration before anything depends on it: on content at hand, or on the last real events. */

interface PreviewSubject {
  /** A registered type by its name, or one as it would be. */
  readonly type: string | EventTypeDefinition | { readonly definition: EventTypeDefinition };
  readonly from: number;
  readonly to: number;
}

export type PreviewOptions = PreviewSubject &
  (
    | {
        /** An object, or JSON text. */
        readonly content: object | string;
        readonly lastEvents?: undefined;
        readonly sequence?: undefined;
      }
    | {
        /** The last events of the type, up to 1,000. */
        readonly lastEvents: number;
        /** `event-log` unless given. */
        readonly sequence?: string | undefined;
        readonly content?: undefined;
      }
  );

export interface MigrationPreview {
  /** Undefined for given content. */
  readonly sequenceNumber: number | undefined;
  readonly before: UnknownContent;
  /** Undefined when it cannot be cast. */
  readonly after: UnknownContent | undefined;
  /** Why it cannot be cast, or how the result breaks the schema. */
  readonly faults: readonly string[];
}

export function previewRequest({ from, to, content, lastEvents, sequence }: PreviewOptions): PreviewMigrationRequest {
  if ((content === undefined) === (lastEvents === undefined)) {
    throw invalidField('input', 'is given as `content` or as `lastEvents`, one of the two');
  }
  const text = typeof content === 'object' ? JSON.stringify(content) : content;
  return {
    from: checkNumber('from', from),
    to: checkNumber('to', to),
    ...(text === undefined ? {} : { content: checkText('content', text) }),
    ...(lastEvents === undefined ? {} : { lastEvents: checkNumber('last_events', lastEvents) }),
    sequence: checkText('sequence', sequence ?? ''),
  };
}

export const migrationPreview = ({
  sequenceNumber,
  before,
  after,
  faults,
}: MigrationPreview__Output): MigrationPreview => ({
  sequenceNumber,
  // Content is one JSON object.
  before: JSON.parse(before) as UnknownContent,
  after: after === '' ? undefined : (JSON.parse(after) as UnknownContent),
  faults,
});
