/**
 * The places between which a kill must be harmless: before and after everything that is made durable or sent away. Every
 * one is named where it is passed, so that tests kill real processes at each of them and not where luck has it.
 */

export const CRASH_POINTS = [
  'before-create',
  'after-create-recorded',
  'arrival-recorded',
  'step-recorded',
  'step-handed',
  'answer-received',
  'answer-recorded',
  'failure-recorded',
  'sequence-failed-recorded',
  'completed-recorded',
  'resolution-recorded',
  'rollback-rendered',
  'rollback-recorded',
  'compensation-appended',
  'compensation-recorded',
  'rollback-completed',
  'projection-written',
  'follow-written',
  'archived',
] as const;

export type CrashPoint = (typeof CRASH_POINTS)[number];

/** `<point>`, or `<point>:<n>` for the n-th time that it is passed. For tests alone. */
const [point = '', nth = '1'] = (process.env['ANNALS_CRASH_AT'] ?? '').split(':');

let left = Number(nth);

/** Does nothing, unless a test has this process die here as it would by a power cut. */
export function reached(passed: CrashPoint): void {
  if (passed !== point || --left > 0) return;
  process.kill(process.pid, 'SIGKILL');
}
