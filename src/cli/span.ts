/** How long something lasts, for a person: one unit, or two where the first says little. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `0.4 s`, `12 s`, `3 min 20 s`, `5 h 10 min`, `12 d 3 h`. */
export function span(ms: number): string {
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return both(ms, MINUTE, 'min', SECOND, 's');
  return ms < DAY ? both(ms, HOUR, 'h', MINUTE, 'min') : both(ms, DAY, 'd', HOUR, 'h');
}

const both = (ms: number, large: number, largeName: string, small: number, smallName: string): string =>
  `${Math.floor(ms / large)} ${largeName} ${Math.floor((ms % large) / small)} ${smallName}`;
