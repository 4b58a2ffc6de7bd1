import { hopsTag } from '../../src/kernel/hops';
import { leaveOut } from './leave-out';
import { someEvent as event } from './source-event.testing';

const ends = { target: { store: 'mail', namespace: 'default' }, hopLimit: 3 };

const from = (store: string, hops: number) => ({ origin: { store, namespace: 'default', hops } });

it.each([
  ['an event of the source’s own', event(), undefined],
  ['one that came from the target itself', event(from('mail', 1)), 'CAME_FROM_HERE'],
  ['one that came from elsewhere', event(from('shop', 2)), undefined],
  ['one that has come far enough', event(from('shop', 3)), 'HOP_LIMIT'],
  ['a copy that says by a tag that it has', event({ tags: ['x', hopsTag(3)] }), 'HOP_LIMIT'],
  ['a tag that only looks like one', event({ tags: ['annals-hops:many'] }), undefined],
  ['an event without its content', event({ redacted: true }), 'REDACTED'],
  [
    'what says that content was taken away',
    event({ redacted: true, announcement: { kind: 'redaction', number: 0, reason: '' } }),
    undefined,
  ],
])('%s', (_, one, code) => {
  expect(leaveOut(one, ends)?.code).toBe(code);
});
