/**
 * What caused what among GitHub's webhooks, worked out a second time for the suite that holds traces against it:
 * payload by payload, looking through all of them for each, and without the demo's way of doing it.
 */
import { webhooks } from '../../demo/webhooks';

export interface ByHand {
  readonly eventId: string;
  readonly correlationId: string;
  /** Of an event that is there, or the name of what is not. */
  readonly causationId: string;
}

/** Every webhook, in the order of the log. */
export const webhooksByHand = (): ByHand[] =>
  LOG.map((told) => {
    const cause = begins(told) ? above(told) : itself(told);
    return {
      eventId: told.eventId,
      correlationId: operation(told) ?? above(told)?.name ?? itself(told)?.name ?? told.eventId,
      causationId: cause?.eventId ?? cause?.name ?? '',
    };
  });

interface Told {
  readonly eventId: string;
  readonly event: string;
  readonly action: string;
  readonly get: (path: string) => unknown;
}

/** A thing that a payload names, and the first webhook that began it. */
interface Thing {
  readonly name: string;
  readonly eventId: string | undefined;
}

const LOG: readonly Told[] = webhooks().map(({ eventId, type: event, payload }) => {
  // All of a payload's values under their paths, such as `thread/comments/0/id`.
  const flat = new Map<string, unknown>();
  const flatten = (value: unknown, path: string): void => {
    flat.set(path, value);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) flatten(inner, path === '' ? key : `${path}/${key}`);
  };
  flatten(payload, '');
  return { eventId, event, action: String(flat.get('action')), get: (path) => flat.get(path) ?? undefined };
});

const repositoryOf = ({ get }: Told): string => String(get('repository/full_name'));

/** The actions that are a beginning, of events that tell of one. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  issues: 'opened',
  pull_request: 'opened',
  pull_request_review: 'submitted',
  check_suite: 'requested',
  workflow_run: 'requested',
  workflow_job: 'queued',
  package: 'published',
  security_advisory: 'published',
  marketplace_purchase: 'purchased',
  repository_vulnerability_alert: 'create',
};

/** Events that only ever go on with what others began. */
const FOLLOWERS = new Set([
  'delete',
  'deployment_review',
  'installation_repositories',
  'pull_request_review_thread',
  'status',
  'team_add',
]);

function begins(told: Told): boolean {
  const { event, action } = told;
  if (FOLLOWERS.has(event)) return false;
  if (event === 'push') return told.get('deleted') !== true;
  if (event === 'create' || event === 'page_build') return true;
  return action === (BEGINNINGS[event] ?? 'created');
}

/** The number of an issue or a pull request of the repository. */
function numbered(told: Told, number: unknown): Thing {
  const repository = repositoryOf(told);
  const found = LOG.find(
    (other) =>
      ['issues', 'pull_request'].includes(other.event) &&
      other.action === 'opened' &&
      repositoryOf(other) === repository &&
      (other.get('issue/number') ?? other.get('pull_request/number')) === number,
  );
  return { name: `${repository}#${String(number)}`, eventId: found?.eventId };
}

function pushed(told: Told, hash: unknown): Thing | undefined {
  if (typeof hash !== 'string') return undefined;
  const repository = repositoryOf(told);
  const found = LOG.find(
    (other) => other.event === 'push' && repositoryOf(other) === repository && other.get('after') === hash,
  );
  return { name: `${repository}@${hash.slice(0, 12)}`, eventId: found?.eventId };
}

function reference(told: Told, ref: string): Thing {
  const repository = repositoryOf(told);
  const found = LOG.find(
    (other) => other.event === 'create' && repositoryOf(other) === repository && refOf(other) === ref,
  );
  return { name: `${repository} ${ref}`, eventId: found?.eventId };
}

const refOf = ({ get }: Told): string =>
  get('ref_type') === 'tag' ? `refs/tags/${String(get('ref'))}` : `refs/heads/${String(get('ref'))}`;

/** What some event began that has this value at this path. */
function begun(event: string, path: string, value: unknown, name: string): Thing | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const found = LOG.find((other) => other.event === event && begins(other) && other.get(path) === value);
  return { name: `${name} ${value}`, eventId: found?.eventId };
}

/** The same, of things that are told apart within their repository only. */
function begunIn(told: Told, event: string, path: string): Thing {
  const found = LOG.find(
    (other) =>
      other.event === event &&
      begins(other) &&
      repositoryOf(other) === repositoryOf(told) &&
      other.get(path) === told.get(path),
  );
  return { name: `${repositoryOf(told)} ${event} ${String(told.get(path))}`, eventId: found?.eventId };
}

/** Events about a thing with an id, by where that is and what the thing is called. */
const WITH_ID: Readonly<Record<string, readonly [path: string, name: string]>> = {
  branch_protection_rule: ['rule/id', 'branch_protection_rule'],
  check_run: ['check_run/id', 'check_run'],
  check_suite: ['check_suite/id', 'check_suite'],
  commit_comment: ['comment/id', 'commit_comment'],
  deployment: ['deployment/id', 'deployment'],
  deployment_status: ['deployment_status/id', 'deployment_status'],
  discussion_comment: ['comment/id', 'discussion_comment'],
  installation: ['installation/id', 'installation'],
  issue_comment: ['comment/id', 'issue_comment'],
  label: ['label/id', 'label'],
  marketplace_purchase: ['marketplace_purchase/account/id', 'purchase'],
  milestone: ['milestone/id', 'milestone'],
  package: ['package/id', 'package'],
  page_build: ['id', 'page_build'],
  project: ['project/id', 'project'],
  project_card: ['project_card/id', 'project_card'],
  project_column: ['project_column/id', 'project_column'],
  projects_v2_item: ['projects_v2_item/id', 'project_item'],
  pull_request_review: ['review/id', 'review'],
  pull_request_review_comment: ['comment/id', 'review_comment'],
  release: ['release/id', 'release'],
  repository: ['repository/id', 'repository'],
  repository_vulnerability_alert: ['alert/id', 'vulnerability_alert'],
  security_advisory: ['security_advisory/ghsa_id', 'advisory'],
  sponsorship: ['sponsorship/node_id', 'sponsorship'],
  team: ['team/id', 'team'],
  workflow_job: ['workflow_job/id', 'workflow_job'],
  workflow_run: ['workflow_run/id', 'workflow_run'],
};

const withId = (event: string, value: unknown): Thing | undefined => {
  const [path, name] = WITH_ID[event] ?? ['', ''];
  return begun(event, path, value, name);
};

function itself(told: Told): Thing | undefined {
  const { event, get } = told;
  switch (event) {
    case 'issues':
      return numbered(told, get('issue/number'));
    case 'pull_request':
      return numbered(told, get('pull_request/number'));
    case 'push':
      return get('deleted') === true ? reference(told, String(get('ref'))) : pushed(told, get('after'));
    case 'create':
    case 'delete':
      return reference(told, refOf(told));
    case 'status':
      return pushed(told, get('commit/sha'));
    case 'discussion':
      return begunIn(told, event, 'discussion/number');
    case 'code_scanning_alert':
    case 'dependabot_alert':
      return begunIn(told, event, 'alert/number');
    case 'pull_request_review_thread':
      return withId('pull_request_review_comment', get('thread/comments/0/id'));
    case 'deployment_review':
      return withId('workflow_run', get('workflow_run/id'));
    case 'installation_repositories':
      return withId('installation', get('installation/id'));
    case 'team_add':
      return withId('team', get('team/id'));
    default:
      return withId(event, get(WITH_ID[event]?.[0] ?? 'nowhere'));
  }
}

/** What the thing came of. */
function above(told: Told): Thing | undefined {
  const { event, get } = told;
  switch (event) {
    case 'check_run':
      return withId('check_suite', get('check_run/check_suite/id'));
    case 'check_suite':
      return pushed(told, get('check_suite/head_commit/id') ?? get('check_suite/after'));
    case 'workflow_run':
      return withId('check_suite', get('workflow_run/check_suite_id'));
    case 'workflow_job':
      return withId('workflow_run', get('workflow_job/run_id'));
    case 'deployment':
      return withId('workflow_run', get('workflow_run/id')) ?? pushed(told, get('deployment/sha'));
    case 'deployment_status':
      return withId('deployment', get('deployment/id'));
    case 'commit_comment':
      return pushed(told, get('comment/commit_id'));
    case 'page_build':
      return pushed(told, get('build/commit'));
    case 'code_scanning_alert':
      return pushed(told, get('commit_oid'));
    case 'issue_comment':
      return numbered(told, get('issue/number'));
    case 'discussion_comment':
      return begunIn(told, 'discussion', 'discussion/number');
    case 'pull_request_review':
      return numbered(told, get('pull_request/number'));
    case 'pull_request_review_comment':
      return (
        withId(event, get('comment/in_reply_to_id')) ??
        withId('pull_request_review', get('comment/pull_request_review_id'))
      );
    case 'release':
      return reference(told, `refs/tags/${String(get('release/tag_name'))}`);
    case 'package':
      return withId('release', get('package/package_version/release/id'));
    case 'project_card':
      return withId('project_column', get('project_card/column_id'));
    case 'project_column':
      return withId('project', Number(/\d+$/.exec(String(get('project_column/project_url')))?.[0]));
    default:
      return undefined;
  }
}

/** The issue or pull request that it is all about, or else the commit. */
function operation(told: Told): string | undefined {
  const { event, get } = told;
  const number =
    get('issue/number') ?? get('pull_request/number') ?? get(`${event}/pull_requests/0/number`) ?? undefined;
  if (number !== undefined) return numbered(told, number).name;
  if (event === 'push' && get('deleted') === true) return undefined;
  const hashes = ['head_sha', 'sha', 'commit_id'].map((key) => get(`${event}/${key}`));
  const others = ['deployment/sha', 'comment/commit_id', 'build/commit', 'commit_oid', 'after', 'sha'].map(get);
  return pushed(
    told,
    [...hashes, ...others].find((hash) => typeof hash === 'string'),
  )?.name;
}
