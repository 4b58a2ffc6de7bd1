/** How a trace is drawn. */
import { createColors } from 'picocolors';
import { identity, node, sighting } from '../../client/correlation/trace-node.testing';
import { traceDrawing } from './trace-drawing';

const colors = createColors(false);
const drawn = (...args: Parameters<typeof traceDrawing> extends [infer N, infer G, unknown] ? [N, G?] : never) =>
  traceDrawing(args[0], args[1] ?? [], { colors }).map((line) => line.trimEnd());

const occurred = new Date('2026-03-01T12:00:00.5Z');

it('a tree, with times, sources, sequences and who did it', () => {
  const nodes = [
    node('a', '', {
      type: 'order.placed',
      eventSourceId: 'order-17',
      occurred,
      sightings: [sighting('event-log', 12)],
      causedBy: identity('u-1', { name: 'Ann', onBehalfOf: 'shop' }),
    }),
    node('b', 'a', { type: 'order.paid', causedBy: identity('u-2') }),
    node('c', 'b', { type: 'mail.sent', redacted: true, compensations: 2 }),
    node('d', 'a', { type: 'order.sent' }),
  ];
  expect(drawn(nodes)).toEqual([
    '2026-03-01 12:00:00.500  order.placed  order-17  event-log 12  by Ann (u-1) for shop',
    '                         ├─ order.paid  by u-2',
    '                         │  └─ mail.sent  redacted  compensated 2 times',
    '                         └─ order.sent',
    '4 events',
  ]);
});

it('where several services are in it, each sighting says which, from where it was appended on', () => {
  const [first, last] = drawn([
    node('a', '', {
      sightings: [sighting('inbox', 9, { store: 'mail', address: 'mail:4400', link: 'shop' }), sighting('outbox', 4)],
    }),
  ]);
  expect(first?.trim()).toBe('type-a  shop/default outbox 4 → mail/default@mail:4400 inbox 9');
  expect(last).toBe('1 event, 2 services');
});

it('what is missing, where it stands, who failed at it, and where nobody could look', () => {
  const nodes = [
    node('gone', '', { kind: 'missing', type: '' }),
    node('b', 'gone', {
      failures: [{ observer: 'mailer', attempts: 3, message: 'no\naddress', quarantined: true, at: undefined }],
    }),
    node('c', 'b', { circular: true, cut: true }),
  ];
  expect(drawn(nodes, [{ where: 'annals://mail:4400', reason: 'nobody answers' }]).map((line) => line.trim())).toEqual([
    'missing gone',
    '└─ type-b',
    '│  ✗ mailer failed 3 times, quarantined: no\\u000aaddress',
    '└─ type-c  caused by what it caused  more came of it',
    '2 events, 1 missing',
    '! could not look at annals://mail:4400: nobody answers',
  ]);
});

it('ordered sequences, their steps and what compensates', () => {
  const part = { sequenceId: 's-1', name: 'fulfil', status: 'failed', order: 0, compensating: false, phase: 'settled' };
  const nodes = [
    node('s', '', { kind: 'ordered-sequence', type: '', eventId: '', part, sightings: [sighting('', 0)] }),
    node('s/2', 's', { kind: 'step', type: '', eventId: 'e-2', part: { ...part, order: 2 } }),
    node('s/c', 's', { kind: 'step', type: '', eventId: 'e-9', part: { ...part, compensating: true } }),
    node('e', 's', { parts: [{ ...part, compensating: true }] }),
    node('f', 's', { parts: [{ ...part, order: 1, status: 'processed' }] }),
  ];
  expect(drawn(nodes).map((line) => line.trim())).toEqual([
    'ordered sequence fulfil  s-1  failed, settled',
    '├─ step 2 of fulfil  e-2  failed',
    '├─ compensation in fulfil  e-9',
    '├─ type-e  compensates in fulfil',
    '└─ type-f  step 1 of fulfil: processed',
    '2 events, 1 ordered sequence',
  ]);
});

it('the event that was asked about is marked, and ids are shown where they are wanted', () => {
  const lines = traceDrawing([node('a'), node('b', 'a')], [], { colors, asked: 'b', ids: true });
  expect(lines.map((line) => line.trim())).toEqual(['type-a  a', '└─ type-b ◀  b', '2 events']);
});

it('announcements say of what, and erased identities that they are', () => {
  const [line] = drawn([
    node('a', '', {
      announcement: { kind: 'redaction', sequenceNumber: 7, reason: 'asked for' },
      causedBy: identity('u-1', { kind: 'unspecified', erased: { at: occurred, reason: '' } }),
    }),
  ]);
  expect(line?.trim()).toBe('type-a  by u-1, erased  redaction of 7: asked for');
});

it('whatever an event says cannot move the cursor, break a line or make it endless', () => {
  const hostile = `\u001b[2J\r\n\u202e${'x'.repeat(100_000)}`;
  const lines = drawn([
    node('a', '', {
      type: hostile,
      eventSourceId: hostile,
      causedBy: identity(hostile, { name: hostile }),
      sightings: [sighting(hostile, 1)].map((at) => ({ ...at, sequence: 'event-log' })),
    }),
  ]);
  expect(lines).toHaveLength(2);
  // eslint-disable-next-line no-control-regex -- they are what must not be there
  expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
  expect(lines[0]?.length).toBeLessThan(400);
});

it('a chain of a thousand levels stays within a screen’s width', () => {
  const lines = drawn(Array.from({ length: 1_000 }, (_, i) => node(`${i}`, `${i - 1}`)));
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(140);
  expect(lines[999]).toContain('(level 999) type-999');
});
