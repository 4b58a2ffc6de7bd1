/**
 * The two ways to append, and what the end of a call says about the log: the difference between "no"
 * and "I don't know" is all that matters here. Through the client, which sends again by itself; and
 * by single calls with a deadline, which end with what the server said the first time.
 */
import { status } from '@grpc/grpc-js';
import { AppendRefusedError, type Annals, type AppendResult } from '../../src/client';
import type { AppendResponse__Output } from '../../src/contract/generated/annals/v1/AppendResponse';
import { AnnalsError } from '../../src/kernel/annals-error';
import type { Outcome } from '../history/history';
import { RawClient, refusalOf } from '../support/raw-client';
import type { Call } from './knowledge';
import { wireContent } from './new-events';
import type { Random } from './random';

export interface Appender {
  append(call: Call, timeoutMs: number): Promise<Outcome>;
  close(): Promise<void>;
}

/** Codes that promise that nothing of the call was recorded, now or later. Any other failure leaves it open. */
const NOTHING_RECORDED: ReadonlySet<string> = new Set([
  'OVERLOADED',
  'DISK_FULL',
  'DATABASE_UNAVAILABLE',
  'SHUTTING_DOWN',
  // The client says so only when it has sent nothing.
  'SERVER_UNREACHABLE',
]);

/** Statuses without details of ours, by which gRPC says that a connection or a deadline ended the call. */
const LOST_ON_THE_WAY: ReadonlySet<status> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
]);

export function throughClient(annals: Annals): Appender {
  return {
    append: async ({ events, expectations }, timeoutMs) => {
      const expect = expectations.map(({ filter, lastSeen }) => ({
        types: filter.types,
        source: filter.sources,
        tags: filter.tags,
        ...(lastSeen === undefined ? {} : { lastSeen }),
      }));
      const all = events.map((made) => made.event);
      try {
        return appended(await annals.eventLog.append(all, { timeoutMs, expect }));
      } catch (error) {
        if (error instanceof AppendRefusedError) return { is: 'refused', codes: error.violations.map((v) => v.code) };
        if (!(error instanceof AnnalsError)) throw error;
        return failure(error.code, error);
      }
    },
    close: () => annals.close(),
  };
}

/** Each call goes to one of the servers, and is not sent again. */
export function byUnaryCalls(addresses: readonly string[], random: Random): Appender {
  const clients = addresses.map((address) => new RawClient(address));
  return {
    append: async ({ events, expectations }, timeoutMs) => {
      const request = {
        events: events.map(({ event: { content, ...event } }) => ({ ...event, content: wireContent(content) })),
        expectations: expectations.map(({ filter: { types, sources, tags }, lastSeen }) => ({
          filter: { types: [...types], eventSourceIds: [...sources], tags: [...tags] },
          ...(lastSeen === undefined ? {} : { lastSeen }),
        })),
      };
      try {
        const client = random.pick(clients);
        const answer = await client?.unary<AppendResponse__Output>('EventSequences', 'Append', request, timeoutMs);
        if (answer?.appended) return appended(answer.appended);
        return { is: 'refused', codes: answer?.refused?.violations.map((violation) => violation.code) ?? [] };
      } catch (error) {
        const { status: ended, code } = refusalOf(error);
        if (code !== undefined) return failure(code, error);
        if (LOST_ON_THE_WAY.has(ended)) return { is: 'unknown', code: status[ended] };
        throw error;
      }
    },
    close: async () => {
      for (const client of clients) client.close();
      await Promise.resolve();
    },
  };
}

const appended = (result: Pick<AppendResult, 'firstSequenceNumber' | 'lastSequenceNumber' | 'duplicate'>): Outcome => ({
  is: 'appended',
  first: result.firstSequenceNumber,
  last: result.lastSequenceNumber,
  duplicate: result.duplicate,
});

/** Throws what cannot happen to a correct call, whatever is killed or cut: it is the product's fault, or the harness's. */
function failure(code: string, error: unknown): Outcome {
  if (code === 'OUTCOME_UNKNOWN') return { is: 'unknown', code };
  if (NOTHING_RECORDED.has(code)) return { is: 'failed', code };
  throw error;
}
