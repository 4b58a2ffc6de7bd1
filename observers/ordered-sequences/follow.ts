/**
 * Follows the event sequences that ordered sequences have steps on, each from a checkpoint: an event that a step waits
 * for, that makes a step done, or that begins an instance of a definition is told to whom it concerns. The checkpoint
 * moves only past what has been recorded, so that after a crash some events are looked at again, and none is missed.
 */
import type { Db } from 'mongodb';
import type { Logger } from 'pino';
import { setTimeout as sleep } from 'node:timers/promises';
import { documentAt, findEvents } from '../../src/storage/find-events';
import { PROJECTIONS } from '../../src/storage/ordered-sequences/collections';
import { businessEvent, type BusinessEvent } from './business-event';
import type { BusinessEvents } from './business-events';
import { reached } from './crash-points';
import { Interests, NO_INTEREST, type Concerned, type Interest } from './interests';
import { LogFollower } from './log-follower';
import type { SequenceDefinition } from '../../src/contract/sequence-document';
import { ORDERED_SEQUENCES } from './tuning';

export interface FollowOptions {
  readonly db: Db;
  readonly events: BusinessEvents;
  readonly logger: Logger;
  /** Returns once it has been recorded, or changes nothing. */
  readonly concerns: (concerned: Concerned, event: BusinessEvent) => Promise<void>;
  readonly starts: (definition: SequenceDefinition, event: BusinessEvent) => Promise<void>;
}

interface Followed {
  readonly interests: Interests;
  readonly follower: LogFollower;
  /** Events below it were looked at with the interests of their time. */
  looked: number;
}

/** The document in `projections` that says how far each event sequence was followed. */
const CHECKPOINT = 'ordered-sequences-followed';

interface CheckpointDocument {
  readonly _id: string;
  readonly positions: readonly { readonly sequence: string; readonly position: number }[];
}

export class Follow {
  readonly #followed = new Map<string, Promise<Followed>>();
  readonly #open = new Map<string, Followed>();
  readonly #stopping = new AbortController();
  #stored: Promise<Map<string, number>> | undefined;
  #written = '';
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(private readonly options: FollowOptions) {}

  start(): void {
    this.#timer = setInterval(() => {
      this.#writing ??= this.#write()
        .catch((error: unknown) => {
          this.options.logger.warn({ err: error }, 'how far event sequences are followed could not be written');
        })
        .finally(() => (this.#writing = undefined));
    }, ORDERED_SEQUENCES.followWriteMs);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    for (const followed of this.#followed.values())
      await followed.then(
        async ({ follower }) => follower.stop(),
        () => undefined,
      );
    await this.#writing;
    // Without it some events are looked at again; whoever stops must come to an end.
    await this.#write().catch((error: unknown) => {
      this.options.logger.warn({ err: error }, 'how far event sequences are followed could not be written');
    });
  }

  /** The number that the event sequence's next event gets, or a lower one. */
  async tail(sequence: string): Promise<number> {
    const { tail } = await this.options.events.open(sequence);
    await tail.refresh();
    return tail.next;
  }

  /** What a sequence waits for from now on, and whatever of it is on the log already. */
  async set(sequenceId: string, sequence: string, interest: Interest): Promise<void> {
    const none = interest.awaited.length + interest.following.length === 0;
    if (none) {
      this.#open.get(sequence)?.interests.set(sequenceId, interest);
      return;
    }
    const followed = this.#open.get(sequence) ?? (await this.#follow(sequence));
    const fresh = followed.interests.fresh(sequenceId, interest);
    // Nothing is looked at in between, and from there on it is told of what comes.
    await this.#lookBack(sequenceId, sequence, followed, fresh, () => {
      followed.interests.set(sequenceId, interest);
    });
    try {
      await this.#lookUp(sequenceId, sequence, fresh);
    } catch (error) {
      // Asked again, all of it is new again.
      followed.interests.set(sequenceId, NO_INTEREST);
      throw error;
    }
  }

  /** What nobody waits for anything of is followed from its end once somebody does, and not from where it once was. */
  async keepOnly(sequences: ReadonlySet<string>): Promise<void> {
    const stored = await this.#checkpoints();
    for (const sequence of stored.keys()) if (!sequences.has(sequence)) stored.delete(sequence);
  }

  /** An empty map ends what began before. */
  async startBy(sequence: string, definitions: ReadonlyMap<string, readonly SequenceDefinition[]>): Promise<void> {
    const followed = this.#open.get(sequence) ?? (await this.#follow(sequence));
    followed.interests.startBy(definitions);
    // From here on no first event is missed, whatever happens to this server. What steps wait for is looked for anew.
    await this.#write();
  }

  async #follow(sequence: string): Promise<Followed> {
    const known = this.#followed.get(sequence);
    if (known !== undefined) return known;
    const made = this.#begin(sequence);
    this.#followed.set(sequence, made);
    made.catch(() => this.#followed.delete(sequence));
    return made;
  }

  async #begin(sequence: string): Promise<Followed> {
    const { events, logger } = this.options;
    const from = (await this.#checkpoints()).get(sequence) ?? (await this.tail(sequence));
    const interests = new Interests();
    const open = await events.open(sequence);
    const followed: Followed = {
      interests,
      looked: from,
      follower: new LogFollower({
        sequence: open,
        from,
        logger,
        take: async (documents, next) => {
          const found = documents.flatMap((document) => businessEvent(document) ?? []);
          const told = found.flatMap((event) => this.#tell(interests, event));
          followed.looked = next;
          await Promise.all(told);
        },
      }),
    };
    this.#open.set(sequence, followed);
    followed.follower.start();
    return followed;
  }

  #tell(interests: Interests, event: BusinessEvent): Promise<void>[] {
    const { concerns, starts } = this.options;
    return [
      ...interests.concerned(event).map(async (concerned) => concerns(concerned, event)),
      ...interests.starting(event.eventType).map(async (definition) => starts(definition, event)),
    ];
  }

  /** What came before it was waited for and is known by a tie: in order, so that the first one is it. @param level is called in the very moment in which nothing is left to look at */
  async #lookBack(
    sequenceId: string,
    sequence: string,
    followed: Followed,
    { awaited, following }: Interest,
    level: () => void,
  ): Promise<void> {
    const tied = awaited.flatMap(({ match, since }) => (match === undefined ? [] : [{ type: match.eventType, since }]));
    const wanted = [...tied, ...following.map(({ eventType, since }) => ({ type: eventType, since }))];
    if (wanted.length === 0) {
      level();
      return;
    }
    const only = new Interests();
    only.set(sequenceId, { awaited: awaited.filter(({ match }) => match !== undefined), following });
    const types = [...new Set(wanted.map(({ type }) => type))];
    let from = Math.min(...wanted.map(({ since }) => since));
    while (from < followed.looked && !this.#stopping.signal.aborted) {
      const to = followed.looked;
      await this.#lookThrough(sequence, from, to - 1, types, only);
      from = to;
    }
    level();
  }

  /** What is on the log already of what is known by its id. */
  async #lookUp(sequenceId: string, sequence: string, { awaited }: Interest): Promise<void> {
    const { events, concerns } = this.options;
    const known = awaited.filter(({ match }) => match === undefined);
    await Promise.all(
      known.map(async ({ step, eventId }) => {
        const event = await events.find(sequence, eventId);
        if (event !== undefined) await concerns({ sequenceId, step, as: 'event' }, event);
      }),
    );
  }

  async #lookThrough(sequence: string, from: number, to: number, types: string[], only: Interests): Promise<void> {
    const { db, collection } = await this.options.events.open(sequence);
    const filters = [{ types, eventSourceIds: [], tags: [], correlationId: undefined }];
    const window = ORDERED_SEQUENCES.lookBackEvents;
    for (let next = from; next <= to && !this.#stopping.signal.aborted; next += window) {
      const end = Math.min(to, next + window - 1);
      const found = await findEvents(db, collection, { from: next, to: end, limit: window, filters });
      for (const start of found.starts) {
        const event = businessEvent(documentAt(found.bytes, start));
        if (event !== undefined) await Promise.all(this.#tell(only, event));
      }
      // Others get their turn.
      await sleep(0);
    }
  }

  async #checkpoints(): Promise<Map<string, number>> {
    this.#stored ??= this.#collection()
      .findOne({ _id: CHECKPOINT })
      .then((found) => new Map(found?.positions.map(({ sequence, position }) => [sequence, position])));
    return this.#stored;
  }

  async #write(): Promise<void> {
    const positions = [...this.#open]
      .map(([sequence, { follower }]) => ({ sequence, position: follower.position }))
      .sort((a, b) => (a.sequence < b.sequence ? -1 : 1));
    const text = JSON.stringify(positions);
    if (positions.length === 0 || text === this.#written) return;
    await this.#collection().replaceOne({ _id: CHECKPOINT }, { positions }, { upsert: true });
    this.#written = text;
    reached('follow-written');
  }

  #collection() {
    return this.options.db.collection<CheckpointDocument>(PROJECTIONS);
  }
}
