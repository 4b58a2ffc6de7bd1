/**
 * Notices what other servers commit, by one change stream for the whole deployment: events, and changes
 * of a store's definitions. It only wakes up: the events themselves are read by position, so a notice that is lost or late costs time and
 * nothing else. An open stream halves the database's rate of bulk writes, so it is open only while
 * another live server is registered.
 */
import type { ChangeStream, MongoClient } from 'mongodb';
import { EVENT_DATABASE_PREFIX } from '../storage/names';
import { SETTINGS_COLLECTION } from '../storage/store-settings';
import type { SequencerLogger } from './sequencer';

/** How long the database holds an empty answer, in ms; below the patience of a command. */
const AWAIT_MS = 1_000;

interface Notice {
  readonly ns?: { readonly db: string; readonly coll: string };
}

export class CommitWatch {
  #stream: ChangeStream<never, never> | undefined;

  constructor(
    private readonly client: MongoClient,
    private readonly noticed: (database: string, collection: string) => Promise<void>,
    private readonly logger: SequencerLogger,
  ) {}

  /** Opens or closes the stream. Called regularly, so a stream that broke is opened again. */
  async set(wanted: boolean): Promise<void> {
    if (wanted && this.#stream === undefined) this.#open();
    if (!wanted) await this.close();
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }

  #open(): void {
    const noticed = {
      'ns.db': { $regex: `^${EVENT_DATABASE_PREFIX.replace('+', '\\+')}` },
      $or: [{ operationType: 'insert' }, { operationType: 'update', 'ns.coll': SETTINGS_COLLECTION }],
    };
    const stream = this.client.watch<never, never>([{ $match: noticed }, { $project: { ns: 1 } }], {
      maxAwaitTimeMS: AWAIT_MS,
    });
    this.#stream = stream;
    stream.on('change', (notice: Notice) => {
      if (notice.ns !== undefined) {
        this.noticed(notice.ns.db, notice.ns.coll).catch((error: unknown) => this.#trouble(error));
      }
    });
    stream.on('error', (error) => {
      this.#trouble(error);
      if (this.#stream === stream) this.#stream = undefined;
      stream.close().catch(() => undefined);
    });
  }

  #trouble(error: unknown): void {
    this.logger.warn({ err: error }, 'others’ commits are noticed by the slow poll alone for now');
  }
}
