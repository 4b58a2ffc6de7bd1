/** What follows from what among the webhooks, as their payloads say it. */
import { causesOf, sendersOf, type CausedWebhook } from './causes';
import { webhooks, type Webhook } from './webhooks';

const sender = { id: 1, login: 'ann', type: 'User' };
const repository = { full_name: 'octo/repo' };

function webhook(type: string, serial: number, payload: object): Webhook {
  return { type, source: 'octo/repo', eventId: `${type}/${serial}`, payload: { repository, sender, ...payload } };
}

/** `cause ← effect`, by event ids. */
const causes = (caused: readonly CausedWebhook[]): string[] =>
  caused.map(({ webhook: { eventId }, causationId }) => `${causationId ?? 'nothing'} ← ${eventId}`);

it('what goes on with a thing follows from what began it, wherever that stands', () => {
  const issue = { number: 7 };
  expect(
    causes(
      causesOf([
        webhook('issues', 0, { action: 'closed', issue }),
        webhook('issues', 1, { action: 'opened', issue }),
        webhook('issues', 2, { action: 'opened', issue }),
        webhook('issues', 3, { action: 'reopened', issue }),
      ]),
    ),
  ).toEqual(['issues/1 ← issues/0', 'nothing ← issues/1', 'nothing ← issues/2', 'issues/1 ← issues/3']);
});

it('what begins a thing follows from what that came of: push, check suite, check run', () => {
  const sha = 'aa11bb22cc33dd44';
  const suite = { id: 5, head_sha: sha };
  const caused = causesOf([
    webhook('push', 0, { ref: 'refs/heads/main', after: sha }),
    webhook('check_suite', 0, { action: 'requested', check_suite: suite }),
    webhook('check_run', 0, { action: 'created', check_run: { id: 6, head_sha: sha, check_suite: suite } }),
    webhook('check_run', 1, { action: 'completed', check_run: { id: 6, head_sha: sha, check_suite: suite } }),
    webhook('status', 0, { sha }),
  ]);
  expect(causes(caused)).toEqual([
    'nothing ← push/0',
    'push/0 ← check_suite/0',
    'check_suite/0 ← check_run/0',
    'check_run/0 ← check_run/1',
    'push/0 ← status/0',
  ]);
  expect(new Set(caused.map(({ correlationId }) => correlationId))).toEqual(new Set(['octo/repo@aa11bb22cc33']));
});

it('reviews and their comments are all about the pull request, and answers about what they answer', () => {
  const about = { pull_request: { number: 2 } };
  const caused = causesOf([
    webhook('pull_request', 0, { action: 'opened', ...about }),
    webhook('pull_request_review', 0, { action: 'submitted', review: { id: 3 }, ...about }),
    webhook('pull_request_review_comment', 0, {
      action: 'created',
      comment: { id: 4, pull_request_review_id: 3 },
      ...about,
    }),
    webhook('pull_request_review_comment', 1, {
      action: 'created',
      comment: { id: 5, in_reply_to_id: 4, pull_request_review_id: 3 },
      ...about,
    }),
    webhook('pull_request_review_thread', 0, { action: 'resolved', thread: { comments: [{ id: 4 }] }, ...about }),
  ]);
  expect(causes(caused)).toEqual([
    'nothing ← pull_request/0',
    'pull_request/0 ← pull_request_review/0',
    'pull_request_review/0 ← pull_request_review_comment/0',
    'pull_request_review_comment/0 ← pull_request_review_comment/1',
    'pull_request_review_comment/0 ← pull_request_review_thread/0',
  ]);
  expect(new Set(caused.map(({ correlationId }) => correlationId))).toEqual(new Set(['octo/repo#2']));
});

it('what nobody has heard of stands by its own name, and a push that removes a branch brings no commit', () => {
  expect(
    causes(
      causesOf([
        webhook('deployment_status', 0, {
          action: 'created',
          deployment: { id: 8, sha: 'ab' },
          deployment_status: { id: 9 },
        }),
        webhook('push', 0, { ref: 'refs/tags/v1', after: '0000000000' }),
        webhook('release', 0, { action: 'created', release: { id: 3, tag_name: 'v1' } }),
        webhook('project_column', 0, {
          action: 'created',
          project_column: { id: 1, project_url: 'https://api.github.com/projects/26' },
        }),
        webhook('star', 0, { action: 'created' }),
      ]),
    ),
  ).toEqual([
    'deployment 8 ← deployment_status/0',
    'octo/repo refs/tags/v1 ← push/0',
    'octo/repo refs/tags/v1 ← release/0',
    'project 26 ← project_column/0',
    'nothing ← star/0',
  ]);
});

it('a sender is a person or a system, and is told again under another name', () => {
  const by = (id: number, login: string, type: string, serial: number) =>
    webhook('star', serial, { sender: { id, login, type } });
  const caused = causesOf([
    by(1, 'ann', 'User', 0),
    by(1, 'ann', 'User', 1),
    by(2, 'lint[bot]', 'Bot', 2),
    by(1, 'anna', 'User', 3),
    webhook('star', 4, { sender: undefined }),
  ]);
  expect(sendersOf(caused)).toEqual([
    { id: 'github/1', name: 'ann', kind: 'person' },
    { id: 'github/2', name: 'lint[bot]', kind: 'system' },
    { id: 'github/1', name: 'anna', kind: 'person' },
  ]);
  expect(caused[4]?.sender).toBeUndefined();
});

it('among the real ones most have a cause, none is its own ancestor, and some name what is not there', () => {
  const caused = causesOf(webhooks());
  const above = new Map(caused.map(({ webhook: { eventId }, causationId }) => [eventId, causationId]));
  for (const { webhook: start } of caused) {
    const seen = new Set<string>();
    for (let id: string | undefined = start.eventId; id !== undefined; id = above.get(id)) {
      expect(seen.has(id)).toBe(false);
      seen.add(id);
    }
  }
  const named = caused.flatMap(({ causationId }) => causationId ?? []);
  expect(caused).toHaveLength(329);
  expect(named.filter((id) => above.has(id))).toHaveLength(175);
  expect(new Set(named.filter((id) => !above.has(id))).size).toBe(26);
});
