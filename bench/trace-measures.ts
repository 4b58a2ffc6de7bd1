/** Who caused what: how fast a log's causes are projected beside a plain scan of it, and how long traces take. */
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Annals } from '../src/client';
import { namespaceDatabase } from '../src/storage/names';
import { scanSide } from './catch-up';
import type { Fact } from './facts';
import { compared, type Context, type Measure } from './measure';
import type { Side } from './rounds';
import { waits } from './statistics';
import { CAUSES } from './trace-names';
import { operationOf, tracedDocuments } from './traced-log';

/** Documents of one insert while the log is made. */
const FILL_DOCUMENTS = 2_000;

/** Milliseconds between two looks at how far the projection is. */
const LOOK_EVERY_MS = 5;

/** Events of the traces that are measured, as far as the log has room for them. */
const TRACES = [10, 1_000, 100_000];

/** Nodes of a page: as many as there may be, since every page is a call. */
const PAGE = 10_000;

/** Events that are traced at most to measure one size, so that large traces are made less often. */
const TRACED_EVENTS = 200_000;

/** Traces of one size at most and at least. */
const MOST = 50;
const LEAST = 3;

const sizesOf = (events: number): number[] => TRACES.filter((size) => size <= events / 2);

async function onCauses<T>({ server }: Context, work: (annals: Annals) => Promise<T>): Promise<T> {
  const annals = connect(`annals://${server.address}/${CAUSES}`);
  try {
    await annals.stores.ensure(CAUSES);
    return await work(annals);
  } finally {
    await annals.close();
  }
}

/** The log, made by the raw driver unless it is there. */
async function filled({ floor, sizes: { logEvents } }: Context) {
  const database = namespaceDatabase(CAUSES, 'default');
  const log = floor.sequenceOf(database, 'event-log');
  if ((await floor.database(database).collection('event-log').countDocuments()) === logEvents) return log;
  for (let from = 0; from < logEvents; from += FILL_DOCUMENTS) {
    await log.insert(tracedDocuments(sizesOf(logEvents), from, Math.min(FILL_DOCUMENTS, logEvents - from)));
  }
  return log;
}

async function projected(annals: Annals): Promise<number> {
  for (;;) {
    const progress = await annals.correlation.progress();
    if (progress.every(({ position, tail }) => tail === undefined || position > tail)) {
      return progress.reduce((sum, { position }) => sum + position, 0);
    }
    await pause(LOOK_EVERY_MS);
  }
}

const projectingSide = (annals: Annals): Side => ({
  how: 'projected anew',
  run: async () => {
    await annals.correlation.rebuild();
    return { events: await projected(annals), waitsMs: [] };
  },
});

const projection: Measure = {
  name: 'causes',
  title: 'the causes of a log, projected anew',
  run: async (context) =>
    onCauses(context, async (annals) => {
      const { name, title } = projection;
      const scan = scanSide(await filled(context), 'decoded');
      return { kind: 'rate', name, title, figures: await compared(scan, projectingSide(annals), context) };
    }),
};

async function traced(annals: Annals, size: number): Promise<Fact> {
  const waitsMs: number[] = [];
  const times = Math.max(LEAST, Math.min(MOST, Math.floor(TRACED_EVENTS / size)));
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    let nodes = 0;
    for await (const _ of annals.correlation.trace({ correlationId: operationOf(size), pageSize: PAGE })) nodes++;
    waitsMs.push(performance.now() - began);
    if (nodes !== size) throw new Error(`a trace of ${size} events has ${nodes} nodes`);
  }
  return { what: `of ${size} events`, waitsMs: waits(waitsMs) };
}

const traces: Measure = {
  name: 'traces',
  title: 'a trace, whole',
  run: async (context) =>
    onCauses(context, async (annals) => {
      const { name, title } = traces;
      const { sizes, around } = context;
      await filled(context);
      await annals.correlation.rebuild();
      await projected(annals);
      const facts = await around(async () => {
        const found: Fact[] = [];
        for (const size of sizesOf(sizes.logEvents)) found.push(await traced(annals, size));
        return found;
      });
      return { kind: 'facts', name, title, facts };
    }),
};

export const TRACE_MEASURES: readonly Measure[] = [projection, traces];
