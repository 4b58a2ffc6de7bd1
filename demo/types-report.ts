/** What an event looks like, told to a person. */
import { sideBySide } from '../src/cli/side-by-side';
import { count, plural } from '../src/cli/terminal';
import type { ChangingType, Readings } from './changing-type';
import type { CheckedWebhooks, Refusal } from './checked-webhooks';
import { tally } from './measures';
import { heading, type Surroundings } from './report';
import type { TypesStory } from './types-story';

/** Reasons for refusals that are shown. */
const REASONS_SHOWN = 5;

const NAME_WIDTH = 10;

export const typesReport = ({ checked, changing }: TypesStory, around: Surroundings): string[] => [
  ...heading('Types: what an event must look like', around),
  ...checkedLines(checked, around),
  ...heading(`${changing.type} changes while it is in use, and one of them is put right`, around),
  ...changingLines(changing, around),
];

/** The name beside its first line. */
const told = (name: string, lines: readonly string[], { colors }: Surroundings): string[] =>
  lines.map((line, i) => `  ${i === 0 ? colors.cyan(name.padEnd(NAME_WIDTH)) : ' '.repeat(NAME_WIDTH)} ${line}`);

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function checkedLines(story: CheckedWebhooks, around: Surroundings): string[] {
  const { definitions, types, registeredMs, sent, sentMs, recorded, misfits, duplicates } = story;
  const { dim } = around.colors;
  return [
    ...told(
      'registered',
      [
        `${types} types in ${seconds(registeredMs)}: each event and action in the ${definitions} definitions of @octokit/webhooks-schemas`,
        'and a constraint: issues and pull requests of a repository open a number once',
      ],
      around,
    ),
    ...told(
      'sent',
      [`the ${count(sent)} payloads in ${seconds(sentMs)}, each held against the schema of its type`],
      around,
    ),
    ...told('recorded', [`${count(recorded.length)}, as they came`], around),
    ...told(
      'refused',
      [
        `${misfits.length} of GitHub's own examples, since they do not fit GitHub's own schemas ${dim('(--json names each)')}`,
        ...reasonLines(misfits, around),
        ...stumbled(misfits),
      ],
      around,
    ),
    ...told('refused', [`${duplicates.length} that open a number again`, ...duplicateLine(duplicates)], around),
  ];
}

/** Why the examples do not fit, the most frequent reason first. */
function reasonLines(misfits: readonly Refusal[], { colors }: Surroundings): string[] {
  const reasons = tally(misfits.map(reasonOf));
  const rest = reasons.slice(REASONS_SHOWN).reduce((sum, [, n]) => sum + n, 0);
  return [
    ...reasons.slice(0, REASONS_SHOWN).map(([reason, n]) => {
      const example = misfits.find((misfit) => reasonOf(misfit) === reason)?.type ?? '';
      return `  ${String(n).padStart(3)}  ${reason} ${colors.dim(`such as ${example}`)}`;
    }),
    ...(rest > 0 ? [colors.dim(`  ${String(rest).padStart(3)}  for other reasons`)] : []),
  ];
}

/** The first violation without what is of this payload alone: `.repository must have the property "topics"`. */
function reasonOf({ violations }: Refusal): string {
  const [violation] = violations;
  if (violation === undefined) return 'for no reason';
  const path = violation.field.replace('events[0].content', '').replace(/\[\d+\]/g, '[]');
  return `${path} ${violation.message.slice(violation.message.indexOf(') ') + 2)}`.trim();
}

/** What an observer stumbled over in the chapter before would not have come in. */
function stumbled(misfits: readonly Refusal[]): string[] {
  const release = misfits.find(({ violations }) => violations.some(({ field }) => field.endsWith('.release.name')));
  const violation = release?.violations.find(({ field }) => field.endsWith('.release.name'));
  return violation === undefined
    ? []
    : ['the release that the observer above failed at is among them:', `  ${violation.message}`];
}

function duplicateLine(duplicates: readonly Refusal[]): string[] {
  const [first] = duplicates;
  const [violation] = first?.violations ?? [];
  if (first === undefined || violation === undefined) return [];
  return [`  ${first.type}, ${first.webhook.eventId}: ${violation.message}`];
}

function changingLines(story: ChangingType, around: Surroundings): string[] {
  const { triedOn, changes, changedMs, old, written, reason, announcedAt } = story;
  return [
    ...told('tried', [`on ${plural(triedOn, 'recorded event')}, before anything depends on it`], around),
    ...told('registered', [`${changes.join(', ')}, in ${seconds(changedMs)}; nobody had to stop`], around),
    ...told(
      'recorded',
      [
        `number ${written.third.sequenceNumber} in generation 3, and with it in generations 1 and 2 for programs of yesterday`,
      ],
      around,
    ),
    ...told(
      'put right',
      [`number ${old.third.sequenceNumber}: "${reason}"; told to followers of the log at number ${announcedAt}`],
      around,
    ),
    '',
    ...beside(
      `number ${old.third.sequenceNumber}, recorded in generation 1, in the views original and effective`,
      old,
      true,
      around,
    ),
    '',
    ...beside(`number ${written.third.sequenceNumber}, recorded in generation 3`, written, false, around),
  ];
}

function beside(title: string, readings: Readings, putRight: boolean, { colors, columns }: Surroundings): string[] {
  const { first, firstEffective, third, thirdEffective } = readings;
  const shown = putRight
    ? [
        { title: 'original in 1', content: excerpt(first.content) },
        { title: 'effective in 1', content: excerpt(firstEffective.content) },
        { title: 'original in 3', content: excerpt(third.content) },
        { title: 'effective in 3', content: excerpt(thirdEffective.content) },
      ]
    : [
        { title: 'in generation 1', content: excerpt(first.content) },
        { title: 'in generation 3', content: excerpt(third.content) },
      ];
  const lines = sideBySide(shown, { colors, columns: columns - 2, all: true });
  return [colors.dim(`  ${title}`), ...lines.map((line) => `  ${line}`)];
}

/** What the generations do not have alike; a payload has two hundred values more. */
const SHOWN = ['number', 'title', 'opened', 'owner', 'name', 'author', 'labels', 'priority'];
const SHOWN_OF_ISSUE = ['number', 'title', 'created_at'];
const SHOWN_OF_REPOSITORY = ['full_name'];

const excerpt = (content: Readonly<Record<string, unknown>>): object => ({
  ...picked(content, SHOWN),
  ...beneath('issue', picked(content['issue'], SHOWN_OF_ISSUE)),
  ...beneath('repository', picked(content['repository'], SHOWN_OF_REPOSITORY)),
});

const picked = (value: unknown, keys: readonly string[]): object =>
  Object.fromEntries(Object.entries(value ?? {}).filter(([key]) => keys.includes(key)));

const beneath = (name: string, members: object): object =>
  Object.keys(members).length === 0 ? {} : { [name]: members };
