/** The two observers told to a person. */
import { count, plural } from '../src/cli/terminal';
import type { Healing } from './healed-by-hand';
import type { Killing } from './killed-and-restarted';
import type { ObserversStory } from './observers-story';
import { heading, type Surroundings } from './report';

/** Repositories of the read model that are shown. */
const REPOSITORIES_SHOWN = 4;

const NAME_WIDTH = 13;

export const observersReport = ({ killing, healing }: ObserversStory, around: Surroundings): string[] => [
  ...heading('Two observers: the server keeps their place', around),
  ...told(killing.observer, killedLines(killing), around),
  ...told(healing.observer, healedLines(healing), around),
];

/** The observer's name beside its first line. */
const told = (observer: string, lines: readonly string[], { colors }: Surroundings): string[] =>
  lines.map(
    (line, index) => `  ${index === 0 ? colors.cyan(observer.padEnd(NAME_WIDTH)) : ' '.repeat(NAME_WIDTH)} ${line}`,
  );

function killedLines({ inHand, before, after, cameAgain, events, repositories }: Killing): string[] {
  const shown = repositories.slice(0, REPOSITORIES_SHOWN);
  const width = Math.max(...shown.map(({ _id }) => _id.length));
  const known = (n: number | undefined, one: string): string => (n === undefined ? '' : plural(n, one));
  return [
    `keeps a read model of ${plural(repositories.length, 'source')} in MongoDB, in a process of its own`,
    `kill -9 when ${count(before)} of ${count(events)} events were in it and number ${inHand} was not acknowledged`,
    `started again, it got ${plural(cameAgain, 'event')} again, flagged, and added the other ${count(after)}:`,
    ...shown.map(({ _id, events: n, openIssues, stars }) =>
      `  ${_id.padEnd(width)}  ${plural(n, 'event').padStart(10)}  ${known(openIssues, 'open issue').padEnd(14)} ${known(stars, 'star')}`.trimEnd(),
    ),
  ];
}

function healedLines({ observer, partition, heldFrom, message, wentOn, caughtUp, caughtUpMs }: Healing): string[] {
  return [
    `failed at ${heldFrom} of ${partition}: ${message}`,
    `${count(wentOn)} events of others went on; ${count(caughtUp)} of its own waited (npx annals observers failed ${observer})`,
    `handler mended; npx annals observers retry ${observer} ${partition}`,
    `${count(caughtUp)} events caught up in order in ${caughtUpMs.toFixed(0)} ms`,
  ];
}
