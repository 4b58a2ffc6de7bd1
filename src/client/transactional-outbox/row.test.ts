import { documentOf, eventsToKeep, rowOf } from './row';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const event = { type: 't', eventSourceId: 's', content: {} };

test('an event keeps what is carried where it is added, since the pump works elsewhere', () => {
  const carried = { correlationId: 'operation', causationId: 'cause', causedBy: 'ada', traceParent: TRACE };
  const [kept, own] = eventsToKeep([event, { ...event, correlationId: 'its own' }], carried);
  expect(kept).toMatchObject(carried);
  expect(own).toMatchObject({ ...carried, correlationId: 'its own' });
  const row = documentOf(kept!, { n: 1, at: new Date() });
  expect(rowOf({ _id: 1, ...row }).event).toEqual(kept);
});

test('a row of an earlier release, which knew of no trace, has none', () => {
  const [kept] = eventsToKeep([event]);
  const { traceParent: _, ...row } = documentOf(kept!, { n: 1, at: new Date() }) as { traceParent?: string };
  expect(rowOf({ _id: 1, ...row }).event.traceParent).toBe('');
});
