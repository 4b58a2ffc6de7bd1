/** Pictures of the documentation beside what the command draws: the same but for the times. */

/** A time as it is drawn before each event. */
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}/;

const SAME_TIME = '2026-01-01 00:00:00.000';

/** What a command drew, line by line. */
export const drawn = (stdout: string): string[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(TIME, SAME_TIME).trimEnd());

/** What a page says that a command draws, in the block that begins with it. */
export function pictured(page: string, command: string): string[] {
  const [, picture] = page.split(`\`\`\`\n$ ${command}\n`);
  if (picture === undefined) throw new Error(`the page shows nothing of ${command}`);
  return drawn(picture.split('\n```')[0] ?? '');
}
