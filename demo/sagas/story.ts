/**
 * What happens, without a word of output: invoices are created as ordered sequences, their steps have effects at two
 * services over HTTP, the server, its database and the processors are killed in the middle and started again, and then
 * what the services did is compared with what the sequences say.
 */
import { join } from 'node:path';
import type { AuditEntry, OrderedSequenceInfo } from '../../src/client';
import { timed } from '../measures';
import type { Service } from '../service';
import { startChild, type Child } from './child';
import type { Effects, SagaStory } from './facts';
import { BLOCKED, CANCELLED, eventsOf, invoices, REVERSED, sequenceOf, UNREACHABLE, type Invoice } from './invoices';
import { sagaChecks } from './saga-checks';

/** Invoices of the demo: enough that the killing meets them at every step. */
const INVOICES = 42;

/** Of five requests to the ledger one finds it busy. */
const BUSY_EVERY = 5;

/** The killing comes when so many are booked. */
const KILLED_AT = INVOICES / 3;

export async function tellSagaStory(service: Service, folder: string): Promise<SagaStory> {
  const children: Child[] = [];
  const start = async (program: string, args: readonly string[]): Promise<Child> => {
    const child = await startChild(program, args);
    children.push(child);
    return child;
  };
  try {
    const ledger = await start('effects-service', ['ledger', join(folder, 'ledger.ndjson'), BLOCKED, `${BUSY_EVERY}`]);
    const mailer = await start('effects-service', ['mailer', join(folder, 'mailer.ndjson'), UNREACHABLE]);
    return await tell(service, { ledger: urlOf(ledger), mailer: urlOf(mailer) }, start);
  } finally {
    await Promise.all(children.map(async (child) => child.end('SIGKILL')));
  }
}

interface Urls {
  readonly ledger: string;
  readonly mailer: string;
}

function urlOf({ said }: Child): string {
  // As the service says it.
  const { address, port } = JSON.parse(said) as { address: string; port: number };
  return `http://${address}:${port}/`;
}

async function tell(
  service: Service,
  urls: Urls,
  start: (program: string, args: readonly string[]) => Promise<Child>,
): Promise<SagaStory> {
  const { annals } = service;
  const work = async (): Promise<Child> => start('processors', [service.connection, urls.ledger, urls.mailer]);
  const processors = await work();
  const all = invoices(INVOICES);
  const begin = async (invoice: Invoice): Promise<void> => {
    await annals.orderedSequences.create(sequenceOf(invoice));
    await annals.eventLog.append(eventsOf(invoice));
  };
  const begun = Promise.all(all.map(begin));
  // What goes wrong is told where it is awaited.
  begun.catch(() => undefined);

  const booked = await until(urls.ledger, ({ effects }) => effects.length >= KILLED_AT);
  await Promise.all([service.kill(), processors.end('SIGKILL')]);
  const restart = await timed(async () => service.restart());
  await work();
  const settled = await timed(async () => {
    // Each is begun once more, as a caller does that got no answer: it is the same, or it is begun now.
    await begun.catch(() => undefined);
    await Promise.all(all.map(begin));
    return allSettled(service, all);
  });
  const { sequences, settledBefore } = settled.outcome;
  const audits = new Map<string, AuditEntry[]>();
  for (const { document } of sequences) {
    audits.set(document.sequenceId, await collected(annals.orderedSequences.audit(document.sequenceId)));
  }
  const compensations = await collected(annals.eventLog.read({ types: [CANCELLED, REVERSED] }));
  const story = {
    invoices: all,
    sequences,
    ledger: await effectsOf(urls.ledger),
    mailer: await effectsOf(urls.mailer),
    compensations,
    audits,
    killing: { booked: booked.effects.length, settled: settledBefore, restartMs: restart.ms },
    settledMs: settled.ms,
    rebuiltAlike: await rebuiltAlike(service, sequences),
  };
  return { ...story, checks: sagaChecks(story) };
}

/** Asks a service until what it says is so. */
async function until(url: string, isSo: (effects: Effects) => boolean): Promise<Effects> {
  for (;;) {
    const effects = await effectsOf(url);
    if (isSo(effects)) return effects;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// As the service answers.
const effectsOf = async (url: string): Promise<Effects> => (await (await fetch(url)).json()) as Effects;

/** Watches until nothing more happens to any of them. */
async function allSettled(
  { annals }: Service,
  all: readonly Invoice[],
): Promise<{ readonly sequences: OrderedSequenceInfo[]; readonly settledBefore: number }> {
  const wanted = new Set(all.map((invoice) => sequenceOf(invoice).sequenceId));
  const settled = new Set<string>();
  let settledBefore: number | undefined;
  for await (const news of annals.orderedSequences.watch({ archived: true })) {
    for (const { document, phase } of news) {
      if (phase === 'settled' && wanted.has(document.sequenceId)) settled.add(document.sequenceId);
    }
    settledBefore ??= settled.size;
    if (settled.size === wanted.size) break;
  }
  const sequences = await Promise.all([...wanted].map(async (id) => annals.orderedSequences.get(id)));
  return { sequences, settledBefore: settledBefore ?? 0 };
}

async function rebuiltAlike({ annals }: Service, before: readonly OrderedSequenceInfo[]): Promise<boolean> {
  for await (const _ of annals.orderedSequences.rebuild());
  const after = await Promise.all(before.map(async ({ document }) => annals.orderedSequences.get(document.sequenceId)));
  return JSON.stringify(after) === JSON.stringify(before);
}

async function collected<Element>(all: AsyncIterable<Element>): Promise<Element[]> {
  const elements: Element[] = [];
  for await (const one of all) elements.push(one);
  return elements;
}
