/** The read model of the service that is told: what happened to each issue, release and repository. Pure. */
import type { PublicContent, PublicType } from './public-events';

export const ACTIVITY = 'activity';

export interface Activity {
  /** How often each type was told. */
  readonly told: Readonly<Partial<Record<PublicType, number>>>;
  readonly latest: string;
}

export const NO_ACTIVITY: Activity = { told: {}, latest: '' };

/** The state with one event more. */
export const withTold = (
  { told }: Activity,
  { type, content: { action, headline, by } }: { readonly type: PublicType; readonly content: PublicContent },
): Activity => ({
  told: { ...told, [type]: (told[type] ?? 0) + 1 },
  latest: [`${type} ${action}`.trim(), headline, `by ${by}`].join(', '),
});
