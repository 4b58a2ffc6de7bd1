import fc from 'fast-check';
import { AnnalsError } from '../../kernel/annals-error';
import { AppendRefusedError } from '../errors';
import { carry } from './carry';
import { eventsToKeep, type OutboxRow } from './row';

const SOURCES = ['a', 'b', 'c'] as const;

/** What becomes of an event when it is appended alone. */
type Fate = 'goes' | 'known' | 'refused' | 'too large';

const planned = fc.array(
  fc.record({
    source: fc.constantFrom(...SOURCES),
    fate: fc.constantFrom<Fate>('goes', 'goes', 'goes', 'known', 'refused', 'too large'),
  }),
  { minLength: 1, maxLength: 20 },
);

const violation = (code: string) => ({ code, message: code, field: 'events[0]', sequenceNumber: undefined });

/** A log as Annals has it: all of a call or nothing, known ids alone are duplicates, and part known is refused. */
class Log {
  readonly fates = new Map<string, Fate>();
  /** In the order in which they came in. */
  readonly came: string[] = [];
  readonly #known = new Set<string>();

  readonly append = async (rows: readonly OutboxRow[]): Promise<void> => {
    await Promise.resolve();
    const ids = rows.map(({ event }) => event.eventId);
    const isKnown = (id: string): boolean => this.#known.has(id) || this.fates.get(id) === 'known';
    if (ids.every(isKnown) && ids.length === 1) return;
    if (ids.some(isKnown)) throw new AppendRefusedError([violation('PARTIAL_DUPLICATE')]);
    if (ids.some((id) => this.fates.get(id) === 'too large'))
      throw new AnnalsError('CONTENT_TOO_LARGE', undefined, { field: 'events[0].content' });
    if (ids.some((id) => this.fates.get(id) === 'refused'))
      throw new AppendRefusedError([violation('SCHEMA_VIOLATION')]);
    for (const id of ids) this.#known.add(id);
    this.came.push(...ids);
  };
}

function rowsOf(plan: readonly { readonly source: string; readonly fate: Fate }[]) {
  const log = new Log();
  const events = eventsToKeep(
    plan.map(({ source }, i) => ({ type: 't', eventSourceId: source, eventId: String(i), content: {} })),
  );
  plan.forEach(({ fate }, i) => log.fates.set(String(i), fate));
  return { log, rows: events.map((event, id): OutboxRow => ({ id, event })) };
}

test('of each source what goes is what stands before its first refused event, once and in order', async () => {
  await fc.assert(
    fc.asyncProperty(planned, async (plan) => {
      const { log, rows } = rowsOf(plan);
      const { recorded, refused, trouble } = await carry(rows, log.append, async () => Promise.resolve(true));
      expect(trouble).toBeUndefined();
      for (const source of SOURCES) {
        const own = rows.filter(({ event }) => event.eventSourceId === source);
        const stop = own.findIndex(({ id }) => ['refused', 'too large'].includes(plan[Number(id)]?.fate ?? ''));
        const before = stop === -1 ? own : own.slice(0, stop);
        expect(recorded.filter((row) => own.includes(row))).toEqual(before);
        expect(refused.filter(({ row }) => own.includes(row)).map(({ row }) => row)).toEqual(
          stop === -1 ? [] : own.slice(stop, stop + 1),
        );
        const newOnes = before.filter(({ id }) => plan[Number(id)]?.fate === 'goes').map(({ id }) => String(id));
        expect(log.came.filter((id) => plan[Number(id)]?.source === source)).toEqual(newOnes);
      }
    }),
  );
});

test('what may pass is no refusal: nothing is held for it', async () => {
  const { rows } = rowsOf([
    { source: 'a', fate: 'goes' },
    { source: 'b', fate: 'goes' },
  ]);
  for (const error of [new AnnalsError('SERVER_UNREACHABLE'), new AnnalsError('OUTCOME_UNKNOWN'), new Error('?')]) {
    const carried = await carry(
      rows,
      async () => Promise.reject(error),
      async () => Promise.resolve(true),
    );
    expect(carried).toEqual({ recorded: [], refused: [], trouble: error });
  }
});

test('who must not go on appends nothing more', async () => {
  const { rows, log } = rowsOf([
    { source: 'a', fate: 'refused' },
    { source: 'b', fate: 'goes' },
    { source: 'b', fate: 'goes' },
  ]);
  // The batch, then one of each source.
  let left = 3;
  const carried = await carry(rows, log.append, async () => Promise.resolve(left-- > 0));
  expect(carried.recorded.map(({ id }) => id)).toEqual([1]);
  expect(log.came).toEqual(['1']);
});
