/** What goes from one store's outbox into another's inbox: within a server, and between two that have a MongoDB each. */
import { Arrivals, deliverySide, RATE_PER_SECOND } from './latency';
import { compared, type Context, type Measure } from './measure';
import { commitAndCopySide, copySide, LINK, relaySide } from './relaying';
import { between, filledOutbox, linkSource, rawInbox, source, target, within, type Ends } from './relay-stores';
import { waits } from './statistics';

type EndsOf = (context: Context) => Ends | Promise<Ends>;

const rate = (name: string, title: string, endsOf: EndsOf): Measure => ({
  name,
  title,
  run: async (context) => {
    const { relayEvents: events } = context.sizes;
    const ends = await endsOf(context);
    // So that its namespace is there.
    await (await source(ends, name)).close();
    const outbox = await filledOutbox(ends, name, events);
    const floor = copySide(outbox, async () => rawInbox(ends), events);
    let turns = 0;
    const side = relaySide('link', async () => target(ends, `${name}-${++turns}`), linkSource(ends, name), events);
    try {
      const figures = await compared(floor, side, { ...context, processes: ends.processes });
      return { kind: 'rate', name, title, figures };
    } finally {
      await side.close();
    }
  },
});

const latency = (name: string, title: string, endsOf: EndsOf): Measure => ({
  name,
  title: `${title} at ${RATE_PER_SECOND}/s`,
  run: async (context) => {
    const { latencyEvents: events } = context.sizes;
    const ends = await endsOf(context);
    const [from, to] = [await source(ends, name), await target(ends, name)];
    const arrivals = new Arrivals();
    const [acknowledged, copied]: [number[], number[]] = [[], []];
    const raw = await ends.from.floor.collection(name);
    try {
      await to.links.add(LINK, { source: linkSource(ends, name) });
      await arrivals.observe(to, 'inbox', name);
      const floor = commitAndCopySide(raw, await rawInbox(ends), events, (ms) => copied.push(ms));
      const side = deliverySide("event at the inbox's handler", from.outbox, arrivals, events, (ms) =>
        acknowledged.push(ms),
      );
      const figures = await compared(floor, side, { ...context, processes: ends.processes });
      const [acknowledgedMs, copiedMs] = [waits(acknowledged), waits(copied)];
      return { kind: 'latency', name, title, figures, acknowledgedMs, copiedMs };
    } finally {
      await arrivals.end();
      await to.links.remove(LINK);
      await Promise.all([from.close(), to.close()]);
    }
  },
});

export const RELAY_MEASURES: readonly Measure[] = [
  rate('relay', 'a link from an outbox to an inbox of the same server', within),
  rate('relay-between', 'the same between two servers with two databases', between),
  latency('relay-latency', 'outbox to handler of the inbox, within a server', within),
  latency('relay-latency-between', 'outbox to handler of the inbox, between two servers', between),
];
