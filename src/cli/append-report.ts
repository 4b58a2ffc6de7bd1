/** What an append has come to: which numbers, how fast, and how to go on after a failure. */
import type { AppendResult } from '../client';
import { AnnalsError } from '../kernel/annals-error';
import type { SequenceOptions } from './connection-options';
import { InputError } from './exit-codes';
import { COMMAND, count, plural, type Colors } from './terminal';

/** Ranges of numbers named one by one; more are summed up. */
const RANGES_SHOWN = 4;

/** Events from which a rate says something. */
const RATE_FROM = 100;

interface Range {
  readonly first: number;
  last: number;
}

export class AppendReport {
  /** Events that are recorded now, whether by this run or by one before. */
  events = 0;
  /** Bytes of the input that they stood in. */
  bytes = 0;
  private duplicates = 0;
  private readonly ranges: Range[] = [];
  private readonly started = performance.now();

  constructor(
    private readonly options: SequenceOptions & { readonly skip?: number },
    private readonly inputName: string,
  ) {}

  add(result: AppendResult, { events, bytes }: { readonly events: number; readonly bytes: number }): void {
    this.events += events;
    this.bytes += bytes;
    if (result.duplicate) this.duplicates += events;
    const previous = this.ranges.at(-1);
    if (previous?.last === result.firstSequenceNumber - 1) previous.last = result.lastSequenceNumber;
    else this.ranges.push({ first: result.firstSequenceNumber, last: result.lastSequenceNumber });
  }

  /** Events a second, since the beginning. */
  rate(): string {
    return count(Math.round((this.events * 1000) / Math.max(1, performance.now() - this.started)));
  }

  /** For people: what was recorded, and what to type next. */
  lines(colors: Colors): string[] {
    if (this.events === 0) return [`Nothing to append in ${this.inputName}.`];
    const fresh = this.events - this.duplicates;
    const where = `on ${this.options.sequence}`;
    const lines =
      fresh === 0
        ? [`Nothing new: ${plural(this.events, 'event')} had been recorded before, ${this.numbers()} ${where}.`]
        : [
            `Recorded ${plural(fresh, 'event')} ${where}, ${this.numbers()}${fresh >= RATE_FROM ? `; ${this.rate()} a second` : ''}.`,
          ];
    if (fresh > 0 && this.duplicates > 0) lines.push(`${plural(this.duplicates, 'event')} had been recorded before.`);
    return [...lines, colors.dim(`Next: ${this.next()}`)];
  }

  /** How an interrupted or failed run is gone on with. */
  resumption(): string {
    const done = (this.options.skip ?? 0) + this.events;
    return this.events === 0
      ? 'Nothing of it is recorded.'
      : `Recorded so far: ${plural(this.events, 'event')}, ${this.numbers()}; go on with --skip ${done}.`;
  }

  /** The error, with what of the input is recorded. */
  explain(error: unknown): unknown {
    if (error instanceof InputError) {
      return new InputError(`${this.inputName}, ${error.message}. ${this.resumption()}`, error.remedy);
    }
    if (error instanceof AnnalsError && this.events > 0)
      error.message = `${error.message.replace(/\.$/, '')}. ${this.resumption()}`;
    return error;
  }

  private numbers(): string {
    const shown = this.ranges
      .slice(0, RANGES_SHOWN)
      .map(({ first, last }) => (first === last ? `${first}` : `${first}–${last}`));
    const more = this.ranges.length - shown.length;
    const only = this.ranges.length === 1 && this.ranges[0]?.first === this.ranges[0]?.last;
    return `${only ? 'number' : 'numbers'} ${shown.join(', ')}${more > 0 ? ` and ${more} ranges more` : ''}`;
  }

  private next(): string {
    const [range] = this.ranges;
    const sequence = this.options.sequence === 'event-log' ? '' : ` --sequence ${this.options.sequence}`;
    if (range === undefined) return `${COMMAND} read`;
    return range.first === range.last && this.ranges.length === 1
      ? `${COMMAND} get ${range.first}${sequence}`
      : `${COMMAND} read --from ${range.first} --limit 10${sequence}`;
  }
}
