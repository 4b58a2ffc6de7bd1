/** How far long work is, as a bar with its numbers: pure. */
import { span } from './span';
import { count } from './terminal';

/** Signs of a bar: a whole row with it fits 120 columns. */
const BAR_SIGNS = 20;

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly timeLeftMs: number | undefined;
}

/** `██████░░░░ 61 %  12,345 of 20,000  3 s left`. */
export function progress({ done, total, timeLeftMs }: Progress): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(share * BAR_SIGNS);
  const left = timeLeftMs === undefined ? '' : `  ${span(timeLeftMs)} left`;
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_SIGNS - full)}`;
  return `${bar} ${Math.floor(share * 100)} %  ${count(done)} of ${count(total)}${left}`;
}
