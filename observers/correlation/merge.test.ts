import fc from 'fast-check';
import type { FoundEvent } from './found';
import { found, sighting } from './found.testing';
import { takePage, type Chunk, type MemberStream } from './merge';
import { pageToken, parsedPageToken } from './page-token';

type Log = readonly FoundEvent[];

async function* chunks(log: Log, from: number, size: number): AsyncGenerator<Chunk> {
  for (let i = from; i < log.length; i += size) {
    const events = log.slice(i, i + size);
    yield await Promise.resolve({ events, cursors: events.map((_, place) => String(i + place + 1)) });
  }
}

/** Streams whose times never go back, as those of one server do not. */
const anyLogs = fc.array(fc.array(fc.nat(3), { maxLength: 12 }), { maxLength: 4 }).map((steps) =>
  steps.map((log, stream): Log => {
    let time = 0;
    return log.map((step, number) => {
      time += step;
      const at = sighting({ sequence: `s${stream}`, number, recorded: new Date(time) });
      return found(`${stream}-${number}`, { at });
    });
  }),
);

it('pages of any size hold every event once, by when they were recorded', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyLogs,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 5 }),
      async (logs, limit, size) => {
        const told: FoundEvent[] = [];
        for (let cursors: ReadonlyMap<string, string> | undefined, ended = false; !ended;) {
          const streams = logs.flatMap((log, i): MemberStream[] => {
            const key = `s${i}`;
            if (cursors !== undefined && !cursors.has(key)) return [];
            return [{ key, chunks: chunks(log, Number(cursors?.get(key) ?? 0), size) }];
          });
          const page = await takePage(streams, cursors ?? new Map(), limit);
          expect(page.events.length).toBeLessThanOrEqual(limit);
          told.push(...page.events);
          ended = page.ended;
          cursors = parsedPageToken(pageToken({ correlationIds: ['c'], cursors: page.cursors })).cursors;
        }
        const times = told.map(({ at }) => at.recorded.getTime());
        expect(times).toEqual(times.toSorted((a, b) => a - b));
        expect(told.map(({ eventId }) => eventId).toSorted()).toEqual(
          logs
            .flat()
            .map(({ eventId }) => eventId)
            .toSorted(),
        );
      },
    ),
    { numRuns: 50 },
  );
});

it.each(['x', Buffer.from('{}').toString('base64url'), Buffer.from('[2,[],[]]').toString('base64url')])(
  'refuses %s, which is no token',
  (token) => {
    expect(() => parsedPageToken(token)).toThrow(expect.objectContaining({ code: 'INVALID_FIELD' }));
  },
);
