/**
 * Looks into both logs and says what became of every source number. The checkpoint excuses nothing: an event
 * below it that the inbox does not have, and that is neither held nor was skipped, is missing.
 */
import { matchesAny } from '../../src/sequences/log-event';
import type { LinkRecord } from '../../src/storage/link-records';
import type { LinkStore } from '../../src/storage/links';
import type { Origins, RelayedPlace } from '../../src/storage/origins';
import { partitionsOf } from './partition';
import { ProofLedger, type Finding, type ProofRange, type ProofResult } from './proof';
import type { Source } from './source';
import type { SourceEvent } from './source-event';
import { RELAY } from './tuning';

export interface ProofParts {
  readonly record: LinkRecord;
  readonly store: LinkStore;
  readonly origins: Origins;
  readonly source: Source;
}

export type ProofMessage =
  | { readonly kind: 'progress'; readonly lookedAt: number; readonly total: number }
  | { readonly kind: 'ranges'; readonly ranges: readonly ProofRange[] }
  | { readonly kind: 'result'; readonly result: ProofResult };

/** @param range inclusive; unless given, all that the link has come past. */
export async function* prove(
  parts: ProofParts,
  range: { readonly from: number | undefined; readonly to: number | undefined },
  signal: AbortSignal,
): AsyncGenerator<ProofMessage> {
  const { record, source } = parts;
  const from = range.from ?? record.definition.start;
  // A source that has lost its end has none of the events that the inbox may have from there.
  const end = Math.max(await source.next(signal), record.position);
  const to = Math.min(range.to ?? record.position - 1, end - 1);
  const ledger = new ProofLedger(from);
  const total = Math.max(0, to - from + 1);
  for (let at = from; at <= to; at += RELAY.proofNumbers) {
    const last = Math.min(at + RELAY.proofNumbers - 1, to);
    for (const finding of await page(parts, at, last, signal)) ledger.add(finding);
    for (const ranges of inMessages(ledger.ranges())) yield { kind: 'ranges', ranges };
    yield { kind: 'progress', lookedAt: last - from + 1, total };
  }
  for (const ranges of inMessages(ledger.ranges(true))) yield { kind: 'ranges', ranges };
  yield { kind: 'result', result: ledger.result(total === 0 ? undefined : to) };
}

function* inMessages(ranges: readonly ProofRange[]): Generator<readonly ProofRange[]> {
  for (let i = 0; i < ranges.length; i += RELAY.proofRanges) yield ranges.slice(i, i + RELAY.proofRanges);
}

async function page(parts: ProofParts, from: number, to: number, signal: AbortSignal): Promise<Finding[]> {
  const { source, record } = parts;
  const events: SourceEvent[] = [];
  for await (const batch of source.read(from, to, [], signal)) events.push(...batch);
  const sourceAt = async (number: number) => source.at(number, signal);
  const partitions = await partitionsOf(record.definition.partitionBy, events, sourceAt);
  const known = new Map(events.map((event, i) => [event.sequenceNumber, { event, partition: partitions[i] ?? '' }]));
  const first = await look(parts, from, to);
  let again: Look | undefined;
  const findings: Finding[] = [];
  for (let number = from; number <= to; number++) {
    let finding = judge(number, known.get(number), record, first);
    // It may have moved from held to the inbox between two questions: it is missing when a second look says so.
    if (finding.outcome === 'missing') {
      again ??= await look(parts, from, to);
      finding = judge(number, known.get(number), record, again);
    }
    findings.push(finding);
  }
  return findings;
}

/** What the target knows of a range of source numbers. */
interface Look {
  /** Where the link stood before anything else was asked. */
  readonly position: number;
  readonly places: ReadonlyMap<number, RelayedPlace>;
  readonly heldFrom: ReadonlyMap<string, number>;
  readonly skips: ReadonlyMap<number, string>;
}

async function look({ record, store, origins }: ProofParts, from: number, to: number): Promise<Look> {
  const position = (await store.find(record.id))?.position ?? 0;
  const holds = await store.holds(record.id);
  const skips = await store.skips(record.id, from, to);
  const places = await origins.between(record.definition.source, from, to);
  return {
    position,
    places: new Map(places.map((place) => [place.origin, place])),
    heldFrom: new Map(holds.map((hold) => [hold.partition, hold.from])),
    skips: new Map(skips.map(({ number, code, reason, who }) => [number, `${code}: ${reason} (${who})`])),
  };
}

function judge(
  number: number,
  known: { readonly event: SourceEvent; readonly partition: string } | undefined,
  { definition }: LinkRecord,
  { position, places, heldFrom, skips }: Look,
): Finding {
  const place = places.get(number);
  const partition = known?.partition ?? '';
  const found = { number, inbox: undefined, partition, detail: '' };
  if (place !== undefined && known?.event.eventId !== place.eventId) {
    const detail = known === undefined ? 'the source has no event there' : 'the source has another event there';
    return { ...found, outcome: 'conflicting', inbox: place.number, detail };
  }
  if (place !== undefined) return { ...found, outcome: 'in-inbox', inbox: place.number };
  const skipped = skips.get(number);
  if (skipped !== undefined) return { ...found, outcome: 'skipped', detail: skipped };
  // A number that no reader is given is the log's own.
  if (known === undefined || number < definition.start || !matchesAny(definition.filters, selectable(known.event))) {
    return { ...found, outcome: 'filtered' };
  }
  const held = heldFrom.get(partition);
  if (held !== undefined && held <= number && number < position) {
    return { ...found, outcome: 'held', detail: partition };
  }
  return { ...found, outcome: number >= position ? 'pending' : 'missing' };
}

const selectable = ({ type, eventSourceId, tags, correlationId }: SourceEvent) => ({
  type,
  eventSourceId,
  tags,
  correlationId,
});
