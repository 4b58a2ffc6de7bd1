/** Long work as a person sees it, and as a program does: pure. */
import type { JobInfo } from '../../client';
import { progress } from '../progress';
import { table } from '../table';
import { count, plural, printable, type Colors } from '../terminal';

/** Numbers named of one finding. */
const NUMBERS_SHOWN = 8;

export const isRunning = ({ state }: JobInfo): boolean => state === 'waiting' || state === 'running';

export function jobTable(jobs: readonly JobInfo[], colors: Colors): string[] {
  const rows = jobs.map((job) => [
    job.id,
    job.kind,
    job.subject === '' ? 'all' : job.subject,
    job.namespace ?? 'all',
    job.state,
    isRunning(job) ? progress(job) : count(job.done),
  ]);
  const [heading = '', ...lines] = table(['JOB', 'KIND', 'OF', 'NAMESPACE', 'STATE', 'EVENTS'], rows, colors);
  return [heading, ...lines.map((line, i) => (jobs[i]?.state === 'failed' ? colors.red(line) : line))];
}

/** Everything about one job, a fact a line, then what stands against it. */
export function jobFacts(job: JobInfo, colors: Colors): string[] {
  const facts: [string, string][] = [
    ['kind', job.kind],
    ['of', job.subject === '' ? 'all' : job.subject],
    ['namespace', job.namespace ?? 'all'],
    ['state', job.state],
    ['events', isRunning(job) ? progress(job) : `${count(job.done)} of ${count(job.total)}`],
    ['started', job.started?.toISOString() ?? ''],
    ['ended', job.ended?.toISOString() ?? ''],
    ['message', job.message],
  ];
  const shown = facts.filter(([, fact]) => fact !== '');
  const width = Math.max(...shown.map(([name]) => name.length));
  return [
    colors.bold(printable(job.id)),
    ...shown.map(([name, fact]) => `  ${colors.dim(name.padEnd(width))}  ${printable(fact)}`),
    ...job.findings.map((finding) => `  ${colors.red('✗')} ${findingWords(finding)}`),
  ];
}

/** `two orders have the number 17 (numbers 3, 9 of event-log in default)`. */
export function findingWords({ message, namespace, sequence, sequenceNumbers }: JobInfo['findings'][number]): string {
  const shown = sequenceNumbers.slice(0, NUMBERS_SHOWN).join(', ');
  const more = sequenceNumbers.length - NUMBERS_SHOWN;
  const numbers = sequenceNumbers.length === 0 ? '' : `${sequenceNumbers.length === 1 ? 'number' : 'numbers'} ${shown}`;
  const others = more > 0 ? ` and ${count(more)} more` : '';
  const where = [sequence === '' ? '' : `of ${sequence}`, namespace === '' ? '' : `in ${namespace}`].join(' ').trim();
  const place = `${numbers}${others} ${where}`.trim();
  return printable(place === '' ? message : `${message} (${place})`);
}

/** What scripts get: seconds, and null where there is nothing. */
export function jobJson({ timeLeftMs, started, ended, namespace, ...job }: JobInfo): string {
  return JSON.stringify({
    ...job,
    namespace: namespace ?? null,
    started: started?.toISOString() ?? null,
    ended: ended?.toISOString() ?? null,
    secondsLeft: timeLeftMs === undefined ? null : timeLeftMs / 1000,
  });
}

/** How a job ended, in a line. */
export function endWords({ kind, subject, state, message, done }: JobInfo): string {
  const what = `${kind}${subject === '' ? '' : ` of ${subject}`}`;
  return printable(`${what} ${state}: ${message === '' ? plural(done, 'event') : message}`);
}
