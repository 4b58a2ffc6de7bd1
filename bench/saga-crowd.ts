/**
 * Many ordered sequences that are not over, at a server of their own: what it takes to begin them, what they need in
 * memory, what a step takes beside them, and how long a server needs that starts with them.
 */
import type { Annals } from '../src/client';
import { perSecond, timed, type Fact } from './facts';
import { Floor, type FloorCollection } from './floor';
import { startMongod, undoAll, type Undo } from './mongod';
import { processes, type Processes } from './processes';
import { numbered, sagaOf, takenOver } from './saga-documents';
import { begin, BEGIN_IN_FLIGHT, onSagas } from './saga-place';
import { stepLatency, warmUp } from './saga-steps';
import { startServerProcess, type ServerProcess } from './server-process';
import { waits } from './statistics';

const NAMESPACE = 'crowd';

const BYTES_PER_MB = 1_000_000;
const BYTES_PER_KB = 1_000;
const MICROS_PER_MS = 1_000;

export interface Crowd {
  readonly sequences: number;
  /** Whose latency is taken, without the crowd and beside it. */
  readonly steps: number;
  readonly tell: (text: string) => void;
}

export async function measureCrowd({ sequences, steps, tell }: Crowd): Promise<Fact[]> {
  const undo: Undo = [];
  try {
    const { url, pid } = await startMongod(undo, tell);
    const floor = await Floor.connect(url);
    undo.push(() => floor.close());
    let server: ServerProcess | undefined = await startServerProcess(url);
    undo.push(async () => server?.stop());
    const ids = Array.from({ length: sequences }, (_, i) => `active-${i}`);
    const used = processes([server.pid], [pid]);
    const facts = await onSagas({ server }, NAMESPACE, async (annals) => {
      await warmUp(annals);
      const alone = waits(await stepWaits(annals, steps, 'alone-'));
      const begun = await measureBeginning(annals, await floor.collection(NAMESPACE), ids, used);
      const beside = waits(await stepWaits(annals, steps, 'beside-'));
      return [
        ...begun,
        { what: 'a step without them', waitsMs: alone },
        { what: 'a step beside them', waitsMs: beside },
      ];
    });
    await server.stop();
    server = undefined;
    const again = await timed(async () => startServerProcess(url));
    server = again.outcome;
    return [...facts, ...(await measureReturn(server, again.ms, ids.at(-1) ?? ''))];
  } finally {
    await undoAll(undo);
  }
}

/** Beside raw inserts of what is recorded of each, as many at once as are in flight. */
async function measureBeginning(
  annals: Annals,
  raw: FloorCollection,
  ids: readonly string[],
  used: Processes,
): Promise<Fact[]> {
  const inserts = await timed(async () => insertAll(raw, ids));
  const [memory, cpu] = [used.serverMemoryBytes(), used.cpu()];
  const begun = await timed(async () => begin(annals, ids));
  const micros = (ms: number): number => (ms * MICROS_PER_MS) / ids.length;
  const spent = used.cpuSince(cpu);
  const [rate, floor] = [perSecond(ids.length, begun.ms), perSecond(ids.length, inserts.ms)];
  const grown = used.serverMemoryBytes() - memory;
  return [
    { what: `begun, ${BEGIN_IN_FLIGHT} in flight`, value: rate, unit: '/s' },
    { what: `raw inserts of ${BEGIN_IN_FLIGHT} of the same documents`, value: floor, unit: '/s' },
    { what: 'ratio', value: rate / floor, unit: '' },
    { what: 'a call to begin one', waitsMs: waits(begun.outcome) },
    { what: 'CPU of each: client', value: micros(spent.client), unit: 'µs' },
    { what: 'server', value: micros(spent.server), unit: 'µs' },
    { what: 'mongod', value: micros(spent.mongod), unit: 'µs' },
    { what: "the server's memory before", value: memory / BYTES_PER_MB, unit: 'MB' },
    { what: `with ${ids.length} active`, value: (memory + grown) / BYTES_PER_MB, unit: 'MB' },
    { what: 'for each of them', value: grown / ids.length / BYTES_PER_KB, unit: 'KB' },
  ];
}

/** Until the last one that was begun can be looked up, and another one can be begun. */
async function measureReturn(server: ServerProcess, listeningMs: number, last: string): Promise<Fact[]> {
  return onSagas({ server }, NAMESPACE, async (annals) => {
    const found = await timed(async () => annals.orderedSequences.get(last));
    const created = await timed(async () => annals.orderedSequences.create(sagaOf('after the restart')));
    return [
      { what: 'started again: it listens after', value: listeningMs, unit: 'ms' },
      { what: 'it has taken them up, a further', value: found.ms, unit: 'ms' },
      { what: 'one more is begun, a further', value: created.ms, unit: 'ms' },
    ];
  });
}

async function stepWaits(annals: Annals, steps: number, prefix: string): Promise<readonly number[]> {
  const { side, end } = await stepLatency(annals, { steps, prefix, acknowledged: () => undefined });
  try {
    await side.prepare?.(1);
    return (await side.run(1)).waitsMs;
  } finally {
    await end();
  }
}

async function insertAll(collection: FloorCollection, ids: readonly string[]): Promise<void> {
  for (let i = 0; i < ids.length; i += BEGIN_IN_FLIGHT) {
    const some = ids.slice(i, i + BEGIN_IN_FLIGHT).map((id) => takenOver(sagaOf(id)));
    await collection.insert(numbered(some, i));
  }
}
