/** Notes down what clients sent and were told, in the order of one clock: this process's own. Counts it, too. */
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import type { Delivered, Filter, HistoryRecord, Outcome, Sent } from '../history/history';

export interface Counts {
  ops: number;
  events: number;
  appended: number;
  duplicates: number;
  refused: number;
  unknown: number;
  failed: number;
  delivered: number;
}

export class Recorder {
  readonly history: HistoryRecord[] = [];
  readonly counts: Counts = {
    ops: 0,
    events: 0,
    appended: 0,
    duplicates: 0,
    refused: 0,
    unknown: 0,
    failed: 0,
    delivered: 0,
  };

  sent(client: string, events: Sent['events'], expectations: Sent['expectations']): Sent {
    this.counts.ops += 1;
    this.counts.events += events.length;
    const opId = `${client}-${this.counts.ops}`;
    const record: Sent = { kind: 'sent', client, opId, events, expectations, at: Date.now() };
    this.history.push(record);
    return record;
  }

  told(opId: string, outcome: Outcome): void {
    this.counts[outcome.is] += 1;
    if (outcome.is === 'appended' && outcome.duplicate) this.counts.duplicates += 1;
    this.history.push({ kind: 'told', opId, outcome, at: Date.now() });
  }

  delivered(subscriber: string, from: number, filter: Filter | undefined, events: Delivered['events']): void {
    this.counts.delivered += events.length;
    this.history.push({ kind: 'delivered', subscriber, from, filter, events, at: Date.now() });
  }
}

/** Everything about a run, one record a line, for a person who looks for what went wrong. */
export async function writeRecords(file: string, records: readonly object[]): Promise<void> {
  const out = createWriteStream(file);
  for (const record of records) {
    if (!out.write(`${JSON.stringify(record)}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
}
