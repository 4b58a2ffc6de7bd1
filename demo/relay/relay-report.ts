/** The two services told to a person. */
import { timeline } from '../../src/cli/event-lines';
import { count, plural, printable, type Colors } from '../../src/cli/terminal';
import type { RecordedEvent } from '../../src/client';
import { tally } from '../measures';
import { heading } from '../report';
import { publicIdOf } from './public-events';
import type { RelayStory } from './facts';
import { LINK } from './story';

export interface RelaySurroundings {
  readonly colors: Colors;
  readonly columns: number;
  /** How the services are reached: `annals://…/hooks`, `annals://…/news`. */
  readonly hooks: string;
  readonly news: string;
  readonly folder: string;
  readonly kept: boolean;
}

/** Lines of lists: what fits a screen together. */
const TYPES_SHOWN = 6;
const EVENTS_SHOWN = 6;
const SUBJECTS_SHOWN = 6;

const NAME_WIDTH = 9;

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const relayReport = (story: RelayStory, around: RelaySurroundings): string[] => [
  ...decisionLines(story, around),
  ...oneEventLines(story, around),
  ...killingLines(story, around),
  ...repetitionLines(story, around),
  ...modelLines(story, around),
  ...proofLines(story, around),
];

/** The name beside its first line. */
const told = (name: string, lines: readonly string[], { colors }: RelaySurroundings): string[] =>
  lines.map((line, i) => `  ${i === 0 ? colors.cyan(name.padEnd(NAME_WIDTH)) : ' '.repeat(NAME_WIDTH)} ${line}`);

function decisionLines({ webhooks, outbox, relayedMs, warnings }: RelayStory, around: RelaySurroundings): string[] {
  const ids = new Set(outbox.map(({ eventId }) => eventId));
  const kept = webhooks.filter(({ eventId }) => !ids.has(publicIdOf(eventId)));
  const most = (events: readonly RecordedEvent[]): string =>
    tally(events.map(({ type }) => type))
      .slice(0, TYPES_SHOWN)
      .map(([type, n]) => `${n} ${type}`)
      .join(', ');
  return [
    ...heading('What is public is decided in one place, and told through the outbox', around),
    ...told(
      'hooks',
      [
        `took ${count(webhooks.length)} webhooks; its observer told ${count(outbox.length)} of them: ${most(outbox)}`,
        `and kept ${count(kept.length)} to itself, such as ${most(kept)}`,
      ],
      around,
    ),
    ...told(
      'link',
      [
        `${LINK}: brought each into the inbox of news, ${relayedMs.p50.toFixed(0)} ms later (p50; p99 ${relayedMs.p99.toFixed(0)} ms)`,
        ...warnings.map((warning) => `noted beforehand: ${printable(warning)}`),
      ],
      around,
    ),
    ...told('news', ['keeps a read model of each issue, release and repository, in its own MongoDB'], around),
  ];
}

/** One of them on its way. */
function oneEventLines({ webhooks, outbox, inbox }: RelayStory, around: RelaySurroundings): string[] {
  const last = inbox.at(-1);
  const sent = outbox.find(({ eventId }) => eventId === last?.eventId);
  const webhook = webhooks.find(({ eventId }) => eventId === last?.causationId);
  if (last === undefined || sent === undefined || webhook === undefined) return [];
  const { colors } = around;
  const step = Math.max(1, Math.floor(inbox.length / EVENTS_SHOWN));
  const shown = inbox.filter((_, index) => index % step === 0).slice(0, EVENTS_SHOWN);
  const where = (name: string, event: RecordedEvent): string =>
    `${colors.cyan(name.padEnd(16))} number ${String(event.sequenceNumber).padEnd(4)} ${colors.dim(`${event.type}, id ${event.eventId}`)}`;
  return [
    ...heading(`One of them on its way, and ${shown.length} as they are in the inbox`, around),
    `  ${where('hooks event-log', webhook)}`,
    `  ${where('hooks outbox', sent)} ${colors.dim(`caused by ${sent.causationId}`)}`,
    `  ${where('news inbox', last)} ${colors.dim(`from ${last.origin?.store ?? ''}/${last.origin?.sequence ?? ''} ${last.origin?.sequenceNumber ?? ''}`)}`,
    `  ${colors.dim(`one correlation id for all three: ${last.correlationId}`)}`,
    '',
    ...shown.map(timeline({ ...around, sizedFor: shown })),
  ];
}

function killingLines({ killing, inbox }: RelayStory, around: RelaySurroundings): string[] {
  const { answered, told: toldBefore, arrived, restartMs, resumedMs, cameAgain } = killing;
  return [
    ...heading('Both services killed in the middle', around),
    ...told(
      'kill -9',
      [
        'both servers and both databases, at once:',
        `${count(answered)} webhooks answered, ${count(toldBefore)} told, ${count(arrived)} arrived; the programs were not stopped`,
      ],
      around,
    ),
    ...told(
      'restart',
      [
        `both listened again after ${seconds(restartMs)}; the first event that was told then arrived ${seconds(resumedMs)} later`,
        around.colors.dim('(who owned a link or an observer is waited for, ten seconds at most: it might have lived)'),
      ],
      around,
    ),
    ...told(
      'then',
      [
        `${plural(cameAgain, 'webhook')} came to the observer again, and told nothing new; ${count(inbox.length)} arrived in all`,
      ],
      around,
    ),
  ];
}

function repetitionLines({ repetition, outbox, inbox }: RelayStory, around: RelaySurroundings): string[] {
  const { sent, known, toldAgain } = repetition;
  return [
    ...heading('Everything once more', around),
    ...told('again', [`GitHub sends all ${count(sent)} webhooks again: the log knew ${count(known)} of them`], around),
    ...told(
      'replay',
      [
        `the observer handles its history again: the outbox knew all ${count(toldAgain)} it told, by ids made from the webhooks'`,
        `the outbox still has ${count(outbox.length)} events, and the inbox ${count(inbox.length)}`,
      ],
      around,
    ),
  ];
}

function modelLines({ activity }: RelayStory, around: RelaySurroundings): string[] {
  const totals = activity.map(({ _id, told: byType, latest }) => {
    const counts = Object.values(byType);
    return { _id, latest, events: counts.reduce((sum, n) => sum + n, 0) };
  });
  const shown = totals.sort((a, b) => b.events - a.events).slice(0, SUBJECTS_SHOWN);
  const width = Math.max(...shown.map(({ _id }) => _id.length));
  return [
    ...heading('What news knows', around),
    ...shown.map(
      ({ _id, events, latest }) =>
        `  ${around.colors.green(_id.padEnd(width))}  ${plural(events, 'event').padStart(10)}  ${around.colors.dim(`latest: ${printable(latest)}`)}`,
    ),
  ];
}

function proofLines({ proof, provenMs }: RelayStory, around: RelaySurroundings): string[] {
  const counts: [string, number][] = [
    ['in the inbox', proof.inInbox],
    ['missing', proof.missing],
    ['conflicting', proof.conflicting],
    ['out of order', proof.outOfOrder],
    ['held or pending', proof.held + proof.pending],
  ];
  const { green, red, dim } = around.colors;
  return [
    ...heading(`The proof: npx annals links prove ${LINK}`, around),
    `  both logs were read, in ${provenMs.toFixed(0)} ms; the link's own checkpoint was not believed`,
    `  source numbers ${proof.from} to ${proof.to ?? '-'}`,
    ...counts.map(([name, n]) => `    ${dim(name.padEnd(16))} ${count(n)}`),
    proof.proven
      ? `  ${green('proven: nothing is missing, nothing is out of order')}`
      : `  ${red('not proven: see what is missing, conflicting or out of order')}`,
  ];
}

/** Where the servers are that are still there, and what to type. */
export function stillThere({ hooks, news, folder, kept, colors }: RelaySurroundings): string[] {
  const dim = (text: string): string => colors.dim(text);
  return [
    '',
    colors.bold('Both servers are still there. In another terminal, in this folder:'),
    '',
    `  export ANNALS_URL=${news}`,
    `  npx annals links                                 ${dim('the link, and where it stands')}`,
    `  npx annals links prove ${LINK} --ranges`,
    `  npx annals read --sequence inbox --backwards --limit 5`,
    `  npx annals follow --sequence inbox --only-new    ${dim('and tell something from a third terminal:')}`,
    `  export ANNALS_URL=${hooks}`,
    `  echo '{"action":"given","headline":"","by":"you"}' | npx annals append - --sequence outbox --type star --source demo/demo`,
    '',
    `  Ctrl-C here ends them${kept ? `; the logs stay in ${folder}` : ' and removes their folder'}.`,
    '',
  ];
}

export function whatNext({ folder, kept, colors }: RelaySurroundings): string[] {
  const lines = kept
    ? [
        `  npx annals start --data ${folder}/hooks --listen 127.0.0.1:4400`,
        `  npx annals start --data ${folder}/news --listen 127.0.0.1:4401`,
      ]
    : [
        `  npm run demo:relay -- --keep                     ${colors.dim('the same, and the logs stay')}`,
        `  npx annals links --help`,
      ];
  const title = kept ? `The logs lie in ${folder}. Next:` : 'The folder of the demo is gone again. Next:';
  return ['', colors.bold(title), '', ...lines, ''];
}
