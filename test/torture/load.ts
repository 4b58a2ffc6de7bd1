/**
 * Clients that append for as long as something is being done to a server or its database, and the
 * judgement afterwards. The torture run and the suites by guarantee share it.
 */
import type { Annals } from '../../src/client';
import { checkHistory } from '../history/checker';
import type { LogEvent } from '../history/history';
import type { Objection } from '../history/objection';
import { awaitFact } from '../support/await-fact';
import { throughClient, type Appender } from './appender';
import { Knowledge } from './knowledge';
import { contentHash } from './new-events';
import type { Random } from './random';
import { Recorder } from './recorder';
import { Writer } from './writer';

/**
 * Milliseconds for a server to answer again after what was done to it: a restart, an election, a held connection given
 * up, a transaction that a killed server left behind and that the database ends some seconds later.
 */
const AGAIN_WITHIN_MS = 45_000;

export class Load {
  readonly recorder = new Recorder();
  readonly #knowledge = new Knowledge();
  readonly #writers: readonly Writer[];
  readonly #ended = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  constructor(appenders: readonly Appender[], random: Random) {
    this.#writers = appenders.map(
      (appender, i) => new Writer(`writer-${i + 1}`, appender, this.#knowledge, this.recorder, random.fork()),
    );
  }

  /** @param mayGoOn asked before each turn of a writer. @param onFault told when a writer meets what no client should see. */
  start(mayGoOn: () => boolean = () => true, onFault?: (who: string, error: unknown) => void): void {
    this.#running = Promise.all(
      this.#writers.map((writer) =>
        writer.run(this.#ended.signal, mayGoOn).catch((error: unknown) => {
          this.#ended.abort();
          if (onFault === undefined) throw error;
          onFault(writer.name, error);
        }),
      ),
    );
    // Seen by whoever awaits `stop`; until then it is nobody's.
    this.#running.catch(() => undefined);
  }

  /** Resolves when so many appends more have been acknowledged, which shows that the server works. */
  async acknowledges(more: number): Promise<void> {
    const { counts } = this.recorder;
    const goal = counts.appended + more;
    await awaitFact(
      `${more} appends more are acknowledged`,
      () => counts.appended >= goal || this.#ended.signal.aborted,
      { withinMs: AGAIN_WITHIN_MS, instead: () => JSON.stringify(counts) },
    );
  }

  /** Ends the writers once their calls are answered; rejects with what no client should have seen. */
  async stop(): Promise<void> {
    this.#ended.abort();
    await this.#running;
  }

  /** In peace, the same event ids sent again must be answered, one way or the other. */
  async resolveUnknown(): Promise<void> {
    const [writer] = this.#writers;
    for (const call of this.#knowledge.takeUnresolved()) {
      const answered = async () => {
        const outcome = await writer?.send(call);
        return outcome?.is === 'appended' || outcome?.is === 'refused';
      };
      const eventId = call.events[0]?.sent.eventId ?? '';
      await awaitFact(`in peace, ${eventId} sent again is answered`, answered, { withinMs: AGAIN_WITHIN_MS });
    }
  }

  judge(log: readonly LogEvent[]): Objection[] {
    return checkHistory(this.recorder.history, log);
  }
}

/** The whole log, as a reader gets it. */
export async function readLog(annals: Annals): Promise<LogEvent[]> {
  const log: LogEvent[] = [];
  for await (const event of annals.eventLog.read()) {
    const { sequenceNumber, eventId, type, eventSourceId, tags, content } = event;
    log.push({ number: sequenceNumber, eventId, type, source: eventSourceId, tags, contentHash: contentHash(content) });
  }
  return log;
}

/** Appends before, during and after `disaster`; what the checker then has against the log. `some` acknowledgements show that the server is at work. */
export async function judgeUnderLoad(
  clients: readonly [Annals, ...Annals[]],
  { random, some }: { readonly random: Random; readonly some: number },
  disaster: () => Promise<void>,
): Promise<Objection[]> {
  const load = new Load(clients.map(throughClient), random);
  load.start();
  try {
    await load.acknowledges(some);
    await disaster();
    await load.acknowledges(some);
  } finally {
    await load.stop();
  }
  await load.resolveUnknown();
  return load.judge(await readLog(clients[0]));
}
