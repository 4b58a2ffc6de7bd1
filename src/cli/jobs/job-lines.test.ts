import { createColors } from 'picocolors';
import type { JobInfo } from '../../client';
import { progress } from '../progress';
import { endWords, findingWords, jobFacts, jobJson, jobTable } from './job-lines';

const JOB: JobInfo = {
  id: 'j-1',
  kind: 'activate-constraint',
  store: 'default',
  namespace: undefined,
  subject: 'order-numbers',
  state: 'running',
  done: 500,
  total: 2000,
  started: new Date(0),
  ended: undefined,
  timeLeftMs: 3000,
  message: '',
  findings: [],
};
const colors = createColors(false);

test('how far it is, and how long it takes on', () => {
  expect(progress(JOB)).toBe('█████░░░░░░░░░░░░░░░ 25 %  500 of 2,000  3.0 s left');
  expect(progress({ done: 0, total: 0, timeLeftMs: undefined })).toBe('████████████████████ 100 %  0 of 0');
  expect(jobTable([JOB], colors)[1]).toMatch(/^j-1 +activate-constraint +order-numbers +all +running +█+░+ 25 %/);
});

test('what stands against it names the events', () => {
  const finding = {
    message: 'the value 17 is held twice',
    namespace: 'acme',
    sequence: 'event-log',
    sequenceNumbers: [3, 9],
  };
  expect(findingWords(finding)).toBe('the value 17 is held twice (numbers 3, 9 of event-log in acme)');
  const many = { ...finding, sequenceNumbers: Array.from({ length: 12 }, (_, n) => n) };
  expect(findingWords(many)).toContain('(numbers 0, 1, 2, 3, 4, 5, 6, 7 and 4 more of event-log in acme)');
  expect(findingWords({ message: 'no such type', namespace: '', sequence: '', sequenceNumbers: [] })).toBe(
    'no such type',
  );
  const facts = jobFacts({ ...JOB, state: 'failed', message: 'does not hold', findings: [finding] }, colors);
  expect(facts).toContain('  message    does not hold');
  expect(facts.at(-1)).toBe('  ✗ the value 17 is held twice (numbers 3, 9 of event-log in acme)');
});

test('how it ended', () => {
  expect(endWords({ ...JOB, state: 'succeeded' })).toBe('activate-constraint of order-numbers succeeded: 500 events');
  expect(endWords({ ...JOB, kind: 'write-generations', subject: '', state: 'failed', message: 'no room' })).toBe(
    'write-generations failed: no room',
  );
});

test('for programs: seconds, and null where there is nothing', () => {
  expect(JSON.parse(jobJson(JOB))).toMatchObject({
    id: 'j-1',
    namespace: null,
    started: '1970-01-01T00:00:00.000Z',
    ended: null,
    secondsLeft: 3,
  });
});
