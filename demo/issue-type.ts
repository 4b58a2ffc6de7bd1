/**
 * One type that changes while it is in use: `issues.opened` in three generations. The first is the
 * payload as GitHub sends it. The second has on top what a program looks for. The third has a project's
 * owner and name apart, a date that is a date, and two properties that are worked out. Nothing that
 * GitHub requires is lost on the way, so content of any generation is cast to any other.
 */
import { eventType, schema, step } from '../src/client';
import { selfContained, webhookDefinitions, type Definitions, type ObjectSchema } from './webhook-types';

/** What programs look at; the rest of the payload is beside it. */
export interface IssueOpened2 {
  readonly number: number;
  readonly title: string;
  readonly text: string | null;
  readonly opened: string;
  /** `owner/name` */
  readonly project: string;
  readonly priority: 'low' | 'normal' | 'high';
}

export interface IssueOpened3 extends Omit<IssueOpened2, 'opened' | 'project'> {
  readonly opened: Date;
  readonly owner: string;
  /** GitHub's schema does not say that a full name has two parts, so neither does this one. */
  readonly name?: string;
  /** Who opened it, by login. */
  readonly author: string;
  /** The labels' names. */
  readonly labels: readonly string[];
}

const TEXT = { type: 'string' };
/** A date as JSON shows it, which is what schemas are about; or its text, from those who write JSON, which has no dates. */
const DATE = {
  anyOf: [
    { type: 'string', format: 'date-time' },
    { type: 'object', properties: { $date: { type: 'string', format: 'date-time' } }, required: ['$date'] },
  ],
  examples: ['2019-05-15T15:20:18Z'],
};

/** What moves to the top, from the issue and from the repository. */
const FROM_ISSUE = ['number', 'title', 'body', 'created_at'];
const FROM_REPOSITORY = ['full_name'];

/** Schemas of the parts that something has moved out of. */
const ISSUE_REST = 'issue-rest';
const REPOSITORY_REST = 'repository-rest';

/** The type as it was registered with all others, and as it is today. */
export function issueOpened(definitions: Definitions = webhookDefinitions()) {
  const first = selfContained(definitions['issues$opened'] ?? {}, definitions);
  const second = secondSchema(first);
  return eventType('issues.opened')
    .generation(1, first)
    .generation(2, schema<IssueOpened2>(second), {
      up: [
        step.rename('issue.number', 'number'),
        step.rename('issue.title', 'title'),
        step.rename('issue.body', 'text'),
        step.rename('issue.created_at', 'opened'),
        step.rename('repository.full_name', 'project'),
        step.defaultTo('priority', 'normal'),
      ],
      down: [
        step.rename('number', 'issue.number'),
        step.rename('title', 'issue.title'),
        step.rename('text', 'issue.body'),
        step.rename('opened', 'issue.created_at'),
        step.rename('project', 'repository.full_name'),
        step.remove('priority'),
      ],
    })
    .generation(3, schema<IssueOpened3>(thirdSchema(second)), {
      up: [
        step.split('project', '/', ['owner', 'name']),
        step.convert('opened', 'date'),
        step.expression('author', 'content.issue.user.login'),
        step.expression('labels', 'has(content.issue.labels) ? content.issue.labels.map(label, label.name) : []'),
      ],
      down: [
        step.join(['owner', 'name'], '/', 'project'),
        step.convert('opened', 'string'),
        step.remove('author'),
        step.remove('labels'),
      ],
    });
}

function secondSchema(first: ObjectSchema): ObjectSchema {
  const { definitions = {} } = first;
  const { issue = {}, repository = {} } = definitions;
  const { number, title, body, created_at: opened } = issue.properties ?? {};
  const onTop = {
    ...{ number, title, text: body, opened, project: repository.properties?.['full_name'] },
    priority: { enum: ['low', 'normal', 'high'] },
  };
  return {
    ...withProperties(first, {
      ...onTop,
      issue: elsewhere(first.properties?.['issue'], 'issue', ISSUE_REST),
      repository: elsewhere(first.properties?.['repository'], 'repository', REPOSITORY_REST),
    }),
    definitions: {
      ...definitions,
      [ISSUE_REST]: without(issue, FROM_ISSUE),
      [REPOSITORY_REST]: without(repository, FROM_REPOSITORY),
    },
  };
}

const thirdSchema = (second: ObjectSchema): ObjectSchema => {
  const third = withProperties(without(second, ['project']), {
    opened: DATE,
    owner: TEXT,
    author: TEXT,
    labels: { type: 'array', items: TEXT },
  });
  return { ...third, properties: { ...third.properties, name: TEXT } };
};

/** All of the properties are required. */
const withProperties = (one: ObjectSchema, properties: Readonly<Record<string, unknown>>): ObjectSchema => ({
  ...one,
  properties: { ...one.properties, ...properties },
  required: [...new Set([...(one.required ?? []), ...Object.keys(properties)])],
});

const without = (one: ObjectSchema, names: readonly string[]): ObjectSchema => ({
  ...one,
  properties: Object.fromEntries(Object.entries(one.properties ?? {}).filter(([name]) => !names.includes(name))),
  required: (one.required ?? []).filter((name) => !names.includes(name)),
});

/** A schema that refers to another definition where it referred to this one. */
function elsewhere(part: unknown, from: string, to: string): unknown {
  const text = JSON.stringify(part).replaceAll(`"#/definitions/${from}"`, `"#/definitions/${to}"`);
  return JSON.parse(text) as unknown;
}
