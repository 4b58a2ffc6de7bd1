/** For tests: a log whose only sequencer is the test itself, with the claims that go along with its events. */
import { type BSON, Long, type ClientSession, type Db, type MongoClient } from 'mongodb';
import { atOnce } from '../kernel/steps';
import type { Violation } from '../kernel/violation';
import { ensureEventCollection } from '../storage/event-collections';
import type { EventDraft } from '../storage/event-document';
import { documentAs, eventDraft, firstGeneration } from '../storage/event-draft.testing';
import { insertEventsAtomically } from '../storage/insert-events';
import { sequenceCollection } from '../storage/names';
import type { ConstraintDefinition } from './definition';
import { MongoConstraintKeeper } from './keeper';
import { loggedEvent, type LoggedEvent } from './logged-event';

/** Something that a client does. What it is done to is named by the number that it got. */
export type Act =
  | { readonly kind: 'append'; readonly events: readonly { type: string; source: string; content: BSON.Document }[] }
  | { readonly kind: 'compensate'; readonly number: number; readonly content: BSON.Document }
  | { readonly kind: 'redact'; readonly number: number };

export class RecordedLog {
  next = 0;
  readonly collection: string;
  readonly keeper: MongoConstraintKeeper;

  private constructor(
    private readonly session: ClientSession,
    private readonly db: Db,
    readonly sequence: string,
  ) {
    this.collection = sequenceCollection(sequence);
    this.keeper = new MongoConstraintKeeper({ db, sequence, collection: this.collection, cast: () => undefined });
  }

  static async open(client: MongoClient, db: Db, sequence: string): Promise<RecordedLog> {
    await ensureEventCollection(db, sequence);
    return new RecordedLog(client.startSession(), db, sequence);
  }

  /** Puts a constraint into force as it is, without a look at what is recorded. */
  async enforce(definition: ConstraintDefinition, ledger: string): Promise<void> {
    const standing = { definition, registration: 'r', state: 'in-force', ledger, from: Long.fromNumber(0), job: '' };
    await this.db.collection<{ _id: string }>('constraints').insertOne({ _id: ledger, ...standing });
    await this.keeper.reload();
  }

  /** Does it all at once, or nothing when a constraint stands against it. */
  async do(act: Act): Promise<readonly Violation[]> {
    const drafts = await this.#drafts(act);
    const events = drafts.map(({ type, eventSourceId, contents, announces }) =>
      announces === undefined
        ? { type, eventSourceId, contents }
        : {
            type,
            eventSourceId,
            contents: announces.kind === 'redaction' ? [] : contents,
            instead: announces.sequenceNumber,
          },
    );
    const claims = atOnce(this.keeper.claiming(events, (i) => `events[${i}]`));
    const [violations = []] = await this.keeper.check([claims]);
    if (violations.length > 0) return violations;
    const documents = drafts.map((one, i) => documentAs(this.next + i, one));
    const outcome = await insertEventsAtomically(this.db, this.collection, documents, this.session, async (session) => {
      await this.keeper.write([{ claims, first: this.next }], session);
      if (act.kind === 'redact') await this.#takeAway(act.number, session);
    });
    if (outcome.kind !== 'committed') throw new Error(`not recorded: ${JSON.stringify(outcome)}`);
    this.next += drafts.length;
    return [];
  }

  /** What is recorded, as it is now. */
  async events(): Promise<LoggedEvent[]> {
    const found = await this.#events()
      .find<Buffer>({}, { raw: true, sort: { _id: 1 } })
      .toArray();
    return found.flatMap((document) => loggedEvent(Buffer.from(document), 0) ?? []);
  }

  /** What is held: the value's hash, the event and the source, sorted. */
  async held(ledger: string): Promise<string[]> {
    const rows = await this.db
      .collection<{ _id: string; event: Long; source: string }>('constraint-claims')
      .find({ constraint: ledger })
      .toArray();
    return rows.map((row) => `${row._id.slice(ledger.length)} ${String(row.event)} ${row.source}`).sort();
  }

  async close(): Promise<void> {
    await this.session.endSession();
  }

  async #drafts(act: Act): Promise<EventDraft[]> {
    if (act.kind === 'append') {
      return act.events.map(({ type, source, content }, i) => draft(this.next + i, type, source, content));
    }
    const original = await this.#events().findOne({ _id: Long.fromNumber(act.number) });
    if (original === null) throw new Error(`there is no event ${act.number}`);
    const content = act.kind === 'redact' ? {} : act.content;
    const kind = act.kind === 'redact' ? 'redaction' : 'compensation';
    return [
      {
        ...draft(this.next, original.type, original.eventSourceId, content),
        announces: { kind, sequenceNumber: act.number, reason: 'a test' },
      },
    ];
  }

  async #takeAway(number: number, session: ClientSession): Promise<void> {
    const which = { $or: [{ _id: Long.fromNumber(number) }, { 'announces.sequenceNumber': Long.fromNumber(number) }] };
    const taken = { content: { '1': {} }, redaction: { reason: 'a test' } };
    await this.#events().updateMany(which, { $set: taken }, { session });
  }

  #events() {
    return this.db.collection<{ _id: Long; type: string; eventSourceId: string }>(this.collection);
  }
}

const draft = (number: number, type: string, eventSourceId: string, content: BSON.Document): EventDraft =>
  eventDraft({ eventId: `event ${number}`, type, eventSourceId, contents: firstGeneration(content) });
