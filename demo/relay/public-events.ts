/**
 * What the service that takes GitHub's webhooks tells others of them, and what it keeps to itself: who asks
 * for an alert, a deploy key or a private repository asks in vain. Pure.
 */
import type { NewEvent, RecordedEvent } from '../../src/client';

/** What is told: each event type with the same small content. */
export const PUBLIC_TYPES = ['discussion', 'fork', 'issue', 'pull-request', 'push', 'release', 'star'] as const;
export type PublicType = (typeof PUBLIC_TYPES)[number];

export interface PublicContent {
  readonly action: string;
  readonly headline: string;
  readonly by: string;
}

export interface PublicPart {
  readonly type: PublicType;
  /** The issue, release or repository that it is about. */
  readonly eventSourceId: string;
  readonly content: PublicContent;
}

/** As much of a webhook's payload as is looked into. */
interface Payload {
  readonly action?: string;
  readonly repository?: { readonly full_name: string; readonly private?: boolean; readonly stargazers_count?: number };
  readonly sender?: { readonly login?: string };
  readonly issue?: Titled;
  readonly pull_request?: Titled;
  readonly discussion?: Titled;
  readonly release?: { readonly tag_name: string; readonly target_commitish?: string };
  readonly forkee?: { readonly full_name: string };
  readonly ref?: string;
  readonly commits?: readonly unknown[];
}

interface Titled {
  readonly number: number;
  readonly title: string;
}

/** What of a repository it is about, and its headline. */
type Words = readonly [about: string, headline: string];

const titled = (subject: Titled | undefined): Words => [`#${subject?.number ?? ''}`, subject?.title ?? ''];

/** By webhook: as what it is told, and in which words. A webhook that is not among these is nobody's business. */
const TOLD: Readonly<Record<string, readonly [PublicType, (payload: Payload) => Words]>> = {
  discussion: ['discussion', ({ discussion }) => titled(discussion)],
  fork: ['fork', ({ forkee }) => ['', `as ${forkee?.full_name ?? ''}`]],
  issues: ['issue', ({ issue }) => titled(issue)],
  pull_request: ['pull-request', ({ pull_request }) => titled(pull_request)],
  push: ['push', ({ ref = '', commits = [] }) => [` ${ref}`, `${commits.length} commits`]],
  release: ['release', ({ release }) => [` ${release?.tag_name ?? ''}`, `from ${release?.target_commitish ?? ''}`]],
  star: ['star', ({ repository }) => ['', `${repository?.stargazers_count ?? 0} in all`]],
};

/** A webhook as far as the decision hangs on it: the same for a recorded event and for what was sent. */
interface Given {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** What is told of a webhook; undefined when it is not public. */
export function publicPart({ type, content }: Given): PublicPart | undefined {
  const [told, words] = TOLD[type] ?? [];
  const payload: Payload = content;
  const { action = '', repository, sender } = payload;
  // What does not say that it is about a public repository is not.
  if (told === undefined || words === undefined || repository?.private !== false) return undefined;
  const [about, headline] = words(payload);
  return {
    type: told,
    eventSourceId: `${repository.full_name}${about}`,
    content: { action, headline, by: sender?.login ?? '' },
  };
}

/** Derived from the webhook's own id: however often a webhook is handled, it is told once. */
export const publicIdOf = (eventId: string): string => `told/${eventId}`;

/** A recorded webhook as the event for the outbox; undefined when it is not public. */
export function publicEvent(event: RecordedEvent): NewEvent<PublicContent> | undefined {
  const part = publicPart(event);
  if (part === undefined) return undefined;
  const { eventId, correlationId, occurred } = event;
  return { ...part, eventId: publicIdOf(eventId), correlationId, causationId: eventId, occurred };
}
