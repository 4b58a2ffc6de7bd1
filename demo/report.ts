/** The demo told to a person. */
import { timeline } from '../src/cli/event-lines';
import { count, type Colors } from '../src/cli/terminal';
import type { Check } from './checks';
import type { Story } from './story';

/** Lines of each list: what fits a screen together. */
const TIMELINE_EVENTS = 8;
const HISTORY_EVENTS = 8;
const TYPES_SHOWN = 8;
/** Signs of the longest bar. */
const BAR_SIGNS = 30;

export interface Surroundings {
  readonly colors: Colors;
  readonly columns: number;
  readonly address: string;
  readonly dataFolder: string;
  readonly kept: boolean;
}

export function reportLines(story: Story, around: Surroundings): string[] {
  return [
    ...timelineLines(story, around),
    ...historyLines(story, around),
    ...typeLines(story, around),
    ...figureLines(story, around),
  ];
}

export const heading = (text: string, { colors }: Pick<Surroundings, 'colors'>): string[] => [
  '',
  colors.bold(text),
  '',
];

function timelineLines({ events }: Story, around: Surroundings): string[] {
  // Taken from all over the log: neighbours in the package are much alike.
  const step = Math.max(1, Math.floor(events.length / TIMELINE_EVENTS));
  const shown = events.filter((_, index) => index % step === 0).slice(0, TIMELINE_EVENTS);
  const line = timeline({ ...around, sizedFor: shown });
  return [
    ...heading(`${TIMELINE_EVENTS} of ${events.length} events, as they were recorded`, around),
    ...shown.map(line),
  ];
}

function historyLines({ history }: Story, around: Surroundings): string[] {
  const shown = history.events.slice(0, HISTORY_EVENTS);
  const line = timeline({ ...around, sizedFor: shown });
  const more = history.events.length - HISTORY_EVENTS;
  return [
    ...heading(`The history of ${history.source}: ${history.events.length} events, read by their event source`, around),
    ...shown.map(line),
    ...(more > 0 ? [around.colors.dim(`      … and ${more} more`)] : []),
  ];
}

function typeLines({ types, sources, events }: Story, around: Surroundings): string[] {
  const shown = types.slice(0, TYPES_SHOWN);
  const most = shown[0]?.[1] ?? 1;
  const width = Math.max(...shown.map(([type]) => type.length));
  const rest = events.length - shown.reduce((sum, [, n]) => sum + n, 0);
  return [
    ...heading(`${types.length} event types about ${sources.length} event sources`, around),
    ...shown.map(
      ([type, n]) =>
        `  ${around.colors.cyan(type.padEnd(width))} ${String(n).padStart(4)} ${'█'.repeat(Math.ceil((n / most) * BAR_SIGNS))}`,
    ),
    around.colors.dim(`  ${'others'.padEnd(width)} ${String(rest).padStart(4)}`),
  ];
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

function figureLines({ figures }: Story, around: Surroundings): string[] {
  const { appendMs, deliveryMs } = figures;
  return [
    ...heading('How fast (every append is on disk, acknowledged by a majority)', around),
    `  appended one by one    ${count(figures.oneByOnePerSecond)} events/s; each ${ms(appendMs.p50)} (p50), ${ms(appendMs.p99)} (p99)`,
    `  appended all at once   ${count(figures.atOncePerSecond)} events/s, each a call of its own`,
    `  read back              ${count(figures.readPerSecond)} events/s`,
    `  live                   ${ms(deliveryMs.p50)} (p50), ${ms(deliveryMs.p99)} (p99) from the append to the subscriber`,
    around.colors.dim('  `npm run bench` measures in earnest.'),
  ];
}

/** Every check with what was seen. */
export function checkLines(checks: readonly Check[], around: Pick<Surroundings, 'colors'>): string[] {
  const { colors } = around;
  return [
    ...heading('Checked', around),
    ...checks.map(
      ({ ok, name, seen }) => `  ${ok ? colors.green('✓') : colors.red('✗')} ${name} ${colors.dim(`(${seen})`)}`,
    ),
  ];
}

/** Where the server is that is still there, and what to type. @param putRight the event with a compensation. */
export function stillThere(
  { address, dataFolder, kept, colors }: Surroundings,
  putRight: { readonly sequence: string; readonly number: number; readonly type: string },
): string[] {
  const dim = (text: string): string => colors.dim(text);
  return [
    '',
    colors.bold(`The server is still there, at ${address}. In another terminal, in this folder:`),
    '',
    `  export ANNALS_URL=annals://${address}/default`,
    `  npx annals read --backwards --limit 10           ${dim('what happened last')}`,
    `  npx annals read --type issues --content`,
    `  npx annals trace 'Codertocat/Hello-World#2'      ${dim('all that came of a pull request, as a tree')}`,
    `  npx annals observers                             ${dim('where the two observers stand')}`,
    `  npx annals types show ${putRight.type.padEnd(27)}${dim('its generations, and what leads from one to the next')}`,
    `  npx annals show ${putRight.number} --sequence ${putRight.sequence}             ${dim('that event in each, and put right')}`,
    `  npx annals constraints                           ${dim('what holds across all events')}`,
    `  npx annals read --sequence system                ${dim('who retried what, and when')}`,
    `  npx annals follow --only-new                     ${dim('and append something from a third terminal:')}`,
    `  echo '{"hello":"world"}' | npx annals append - --type greeted --source demo`,
    '',
    `  Ctrl-C here ends it${kept ? `; the log stays in ${dataFolder}` : ' and removes its folder'}.`,
    '',
  ];
}

/** Where the data is now, and what to type next. */
export function whatNext({ dataFolder, kept, colors }: Surroundings): string[] {
  const dim = (text: string): string => colors.dim(text);
  return kept
    ? [
        '',
        colors.bold(`The log lies in ${dataFolder}. Next:`),
        '',
        `  npx annals start --data ${dataFolder}`,
        `  npx annals read --backwards --limit 10           ${dim('in another terminal')}`,
        `  npx annals read --type issues --content`,
        `  npx annals follow --only-new`,
        `  npm run demo:relay                               ${dim('two services, and what one tells the other')}`,
        '',
      ]
    : [
        '',
        colors.bold('The folder of the demo is gone again. Next:'),
        '',
        `  npm run demo -- --keep                           ${dim('the same, and the log stays for you to look at')}`,
        `  npm run demo:relay                               ${dim('two services, and what one tells the other')}`,
        `  npx annals start                                 ${dim('a server of your own, data in ./annals-data')}`,
        `  npx annals --help`,
        '',
      ];
}
