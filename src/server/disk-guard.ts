/**
 * Closes the log for appends before the database's disk is full: mongod aborts when it cannot write
 * its journal, and a database that is down can't even be read. Opens it again when there is room.
 */
import type { MongoClient } from 'mongodb';
import type { Logger } from 'pino';
import { AnnalsError } from '../kernel/annals-error';
import { diskRoom, type DiskRoom } from '../storage/disk';

export class DiskGuard {
  #room: DiskRoom | undefined;
  #closed = false;

  constructor(
    private readonly client: MongoClient,
    private readonly minFreeBytes: number,
    private readonly logger: Logger,
  ) {}

  /** Looks at the disk. Called regularly. */
  async check(): Promise<DiskRoom | undefined> {
    this.#room = await diskRoom(this.client);
    const closed = this.#room !== undefined && this.#room.free < this.minFreeBytes;
    if (closed !== this.#closed) {
      const facts = { freeBytes: this.#room?.free, minFreeBytes: this.minFreeBytes };
      if (closed) this.logger.error(facts, 'appends are refused until the disk has room');
      else this.logger.info(facts, 'the disk has room again, appends go on');
    }
    this.#closed = closed;
    return this.#room;
  }

  /** What stands against an append at this moment. */
  refusal(): AnnalsError | undefined {
    if (!this.#closed) return undefined;
    const { free, total } = this.#room ?? { free: 0, total: 0 };
    return new AnnalsError(
      'DISK_FULL',
      `the database's disk has ${free} of ${total} bytes free; the limit is ${this.minFreeBytes}`,
      {
        metadata: { limit: String(this.minFreeBytes), actual: String(free), unit: 'bytes' },
      },
    );
  }
}
