/**
 * What caused what among GitHub's webhooks, as the payloads themselves say it: each is about one thing, which one
 * webhook began and others go on with, and which came of another thing that the payload names. Pure.
 */
import type { Webhook } from './webhooks';

export interface CausedWebhook {
  readonly webhook: Webhook;
  /** The issue, the pull request or the commit that it is all about; where there is none, what it came of. */
  readonly correlationId: string;
  /** The event id of the webhook that it follows from. What nobody has heard of stands by its own name, and is missing. */
  readonly causationId: string | undefined;
  readonly sender: Sender | undefined;
}

/** Who did it, as an identity. */
export interface Sender {
  readonly id: string;
  readonly name: string;
  readonly kind: 'person' | 'system';
}

/** A thing that a payload names: of which kind, and where its number or name stands. */
type Named = readonly [kind: string, path: string];

interface Rule {
  readonly about: Named;
  /** Actions that begin the thing; the others go on with it. */
  readonly begins?: readonly string[] | 'always';
  /** What it came of: the first that the payload names. */
  readonly cameOf?: readonly Named[];
}

/** Ids are GitHub's own, but these are told apart within a repository alone. */
const OF_REPOSITORY = new Set(['discussion', 'code_scanning_alert', 'dependabot_alert']);

/** Signs of a commit's hash: as many as tell commits apart and can be read. */
const HASH_SIGNS = 12;

/** Where a branch or a tag was removed, the hash says so. */
const NO_COMMIT = /^0+$/;

/** By event: the first rule whose thing the payload names. */
const RULES: Readonly<Record<string, readonly Rule[]>> = {
  branch_protection_rule: [{ about: ['branch_protection_rule', 'rule.id'], begins: ['created'] }],
  check_run: [
    {
      about: ['check_run', 'check_run.id'],
      begins: ['created'],
      cameOf: [['check_suite', 'check_run.check_suite.id']],
    },
  ],
  check_suite: [
    { about: ['check_suite', 'check_suite.id'], begins: ['requested'], cameOf: [['commit', 'check_suite.head_sha']] },
  ],
  code_scanning_alert: [
    { about: ['code_scanning_alert', 'alert.number'], begins: ['created'], cameOf: [['commit', 'commit_oid']] },
  ],
  commit_comment: [
    { about: ['commit_comment', 'comment.id'], begins: ['created'], cameOf: [['commit', 'comment.commit_id']] },
  ],
  create: [{ about: ['ref', 'ref'], begins: 'always' }],
  delete: [{ about: ['ref', 'ref'] }],
  dependabot_alert: [{ about: ['dependabot_alert', 'alert.number'], begins: ['created'] }],
  deployment: [
    {
      about: ['deployment', 'deployment.id'],
      begins: ['created'],
      cameOf: [
        ['workflow_run', 'workflow_run.id'],
        ['commit', 'deployment.sha'],
      ],
    },
  ],
  deployment_review: [{ about: ['workflow_run', 'workflow_run.id'] }],
  deployment_status: [
    {
      about: ['deployment_status', 'deployment_status.id'],
      begins: ['created'],
      cameOf: [['deployment', 'deployment.id']],
    },
  ],
  discussion: [{ about: ['discussion', 'discussion.number'], begins: ['created'] }],
  discussion_comment: [
    { about: ['discussion_comment', 'comment.id'], begins: ['created'], cameOf: [['discussion', 'discussion.number']] },
  ],
  installation: [{ about: ['installation', 'installation.id'], begins: ['created'] }],
  installation_repositories: [{ about: ['installation', 'installation.id'] }],
  issue_comment: [
    { about: ['issue_comment', 'comment.id'], begins: ['created'], cameOf: [['number', 'issue.number']] },
  ],
  issues: [{ about: ['number', 'issue.number'], begins: ['opened'] }],
  label: [{ about: ['label', 'label.id'], begins: ['created'] }],
  marketplace_purchase: [{ about: ['purchase', 'marketplace_purchase.account.id'], begins: ['purchased'] }],
  milestone: [{ about: ['milestone', 'milestone.id'], begins: ['created'] }],
  package: [
    {
      about: ['package', 'package.id'],
      begins: ['published'],
      cameOf: [['release', 'package.package_version.release.id']],
    },
  ],
  page_build: [{ about: ['page_build', 'id'], begins: 'always', cameOf: [['commit', 'build.commit']] }],
  project: [{ about: ['project', 'project.id'], begins: ['created'] }],
  project_card: [
    {
      about: ['project_card', 'project_card.id'],
      begins: ['created'],
      cameOf: [['project_column', 'project_card.column_id']],
    },
  ],
  project_column: [
    {
      about: ['project_column', 'project_column.id'],
      begins: ['created'],
      cameOf: [['project', 'project_column.project_url']],
    },
  ],
  projects_v2_item: [{ about: ['project_item', 'projects_v2_item.id'], begins: ['created'] }],
  pull_request: [{ about: ['number', 'pull_request.number'], begins: ['opened'] }],
  pull_request_review: [
    { about: ['review', 'review.id'], begins: ['submitted'], cameOf: [['number', 'pull_request.number']] },
  ],
  pull_request_review_comment: [
    {
      about: ['review_comment', 'comment.id'],
      begins: ['created'],
      cameOf: [
        ['review_comment', 'comment.in_reply_to_id'],
        ['review', 'comment.pull_request_review_id'],
      ],
    },
  ],
  pull_request_review_thread: [{ about: ['review_comment', 'thread.comments.0.id'] }],
  // A push brings a commit; that of a branch or tag which is gone brings none.
  push: [{ about: ['commit', 'after'], begins: 'always' }, { about: ['ref', 'ref'] }],
  release: [{ about: ['release', 'release.id'], begins: ['created'], cameOf: [['tag', 'release.tag_name']] }],
  repository: [{ about: ['repository', 'repository.id'], begins: ['created'] }],
  repository_vulnerability_alert: [{ about: ['vulnerability_alert', 'alert.id'], begins: ['create'] }],
  security_advisory: [{ about: ['advisory', 'security_advisory.ghsa_id'], begins: ['published'] }],
  sponsorship: [{ about: ['sponsorship', 'sponsorship.node_id'], begins: ['created'] }],
  status: [{ about: ['commit', 'sha'] }],
  team: [{ about: ['team', 'team.id'], begins: ['created'] }],
  team_add: [{ about: ['team', 'team.id'] }],
  workflow_job: [
    {
      about: ['workflow_job', 'workflow_job.id'],
      begins: ['queued'],
      cameOf: [['workflow_run', 'workflow_job.run_id']],
    },
  ],
  workflow_run: [
    {
      about: ['workflow_run', 'workflow_run.id'],
      begins: ['requested'],
      cameOf: [['check_suite', 'workflow_run.check_suite_id']],
    },
  ],
};

/** Every webhook with what it follows from, in their order. Of several that begin the same thing the first one counts. */
export function causesOf(webhooks: readonly Webhook[]): CausedWebhook[] {
  const told = webhooks.map((webhook) => ({ webhook, ...read(webhook) }));
  const begun = new Map<string, string>();
  for (const { webhook, thing, isBegun } of told) {
    if (thing !== undefined && isBegun && !begun.has(thing)) begun.set(thing, webhook.eventId);
  }
  return told.map(({ webhook, thing, isBegun, cameOf }) => {
    const cause = isBegun ? cameOf : thing;
    return {
      webhook,
      correlationId: operationOf(webhook) ?? cameOf ?? thing ?? webhook.eventId,
      causationId: cause === undefined ? undefined : (begun.get(cause) ?? cause),
      sender: senderOf(webhook.payload),
    };
  });
}

/** Each identity as often as it has another name than it had before, in the order of the webhooks. */
export function sendersOf(caused: readonly CausedWebhook[]): Sender[] {
  const names = new Map<string, string>();
  return caused.flatMap(({ sender }) => {
    if (sender === undefined || names.get(sender.id) === sender.name) return [];
    names.set(sender.id, sender.name);
    return [sender];
  });
}

interface Reading {
  /** What it is about, by name. */
  readonly thing: string | undefined;
  readonly isBegun: boolean;
  readonly cameOf: string | undefined;
}

function read({ type, payload }: Webhook): Reading {
  const action = at(payload, 'action');
  for (const { about, begins = [], cameOf = [] } of RULES[type] ?? []) {
    const thing = nameOf(about, payload);
    if (thing === undefined) continue;
    const isBegun = begins === 'always' || begins.some((one) => one === action);
    return { thing, isBegun, cameOf: first(cameOf, payload) };
  }
  return { thing: undefined, isBegun: false, cameOf: undefined };
}

/** The number of the issue or pull request, or else the commit. */
const operationOf = ({ type, payload }: Webhook): string | undefined =>
  first(
    [
      ['number', 'issue.number'],
      ['number', 'pull_request.number'],
      ['number', `${type}.pull_requests.0.number`],
      ['commit', `${type}.head_sha`],
      ['commit', 'deployment.sha'],
      ['commit', 'comment.commit_id'],
      ['commit', 'build.commit'],
      ['commit', 'commit_oid'],
      ['commit', 'after'],
      ['commit', 'sha'],
    ],
    payload,
  );

function first(named: readonly Named[], payload: object): string | undefined {
  for (const one of named) {
    const name = nameOf(one, payload);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** What people would call it: `octo/repo#2`, `octo/repo@6113728f27ae`, `check_suite 118578147`. */
function nameOf([kind, path]: Named, payload: object): string | undefined {
  const value = at(payload, path);
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  // Some are named by their address alone.
  const id = String(value).replace(/^https:.*\//, '');
  const within = at(payload, 'repository.full_name');
  const repository = typeof within === 'string' ? within : '';
  switch (kind) {
    case 'number':
      return `${repository}#${id}`;
    case 'commit':
      return NO_COMMIT.test(id) ? undefined : `${repository}@${id.slice(0, HASH_SIGNS)}`;
    case 'tag':
      return `${repository} refs/tags/${id}`;
    case 'ref':
      return `${repository} ${id.startsWith('refs/') ? id : `${refsOf(payload)}${id}`}`;
    default:
      return OF_REPOSITORY.has(kind) ? `${repository} ${kind} ${id}` : `${kind} ${id}`;
  }
}

const refsOf = (payload: object): string => (at(payload, 'ref_type') === 'tag' ? 'refs/tags/' : 'refs/heads/');

function senderOf(payload: object): Sender | undefined {
  const [id, login, type] = ['id', 'login', 'type'].map((key) => at(payload, `sender.${key}`));
  if (typeof id !== 'number' || typeof login !== 'string') return undefined;
  return { id: `github/${id}`, name: login, kind: type === 'User' ? 'person' : 'system' };
}

/** What stands at `a.b.0.c`. */
function at(payload: object, path: string): unknown {
  let value: unknown = payload;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    // A key of an object, or of an array by its number; what is not there is undefined.
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}
