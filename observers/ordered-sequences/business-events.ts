/** The event sequences of a namespace as ordered sequences read them: single events by their id, many looked up at once. */
import { decodeReadResponse } from '../../src/contract/event-codec';
import { ContentType } from '../../src/contract/messages';
import { encodeEntry } from '../../src/sequences/event-frame';
import type { OpenSequence } from '../../src/sequences/open-sequence';
import { latestContent } from '../../src/sequences/presentation';
import type { Sequences } from '../../src/sequences/sequences';
import { findByEventIds } from '../../src/storage/find-events';
import { businessEvent, type BusinessEvent } from './business-event';
import type { NamespaceAddress } from './journal';
import type { Json } from '../../src/contract/sequence-document';
import type { Arrived } from './sequence-state';
import { ORDERED_SEQUENCES } from './tuning';

export class BusinessEvents {
  readonly #lookUps = new Map<string, LookUp>();

  constructor(
    private readonly sequences: Sequences,
    private readonly namespace: NamespaceAddress,
  ) {}

  async open(sequence: string): Promise<OpenSequence> {
    const { store, namespace } = this.namespace;
    return this.sequences.open({ store, namespace, sequence });
  }

  /** Undefined: it is not on the log. */
  async find(sequence: string, eventId: string): Promise<BusinessEvent | undefined> {
    const document = await (await this.#lookUp(sequence)).find(eventId);
    return document === undefined ? undefined : businessEvent(document);
  }

  /** In the form in which one entry of a response carries it, in its type's latest generation; empty: it is not there. */
  async entry(sequence: string, { eventId, sequenceNumber }: Arrived, contentType: ContentType): Promise<Buffer> {
    const open = await this.open(sequence);
    const kept = open.tail.ring.get(sequenceNumber)?.document;
    const document = kept ?? (await (await this.#lookUp(sequence)).find(eventId));
    if (document === undefined) return Buffer.alloc(0);
    const types = open.types() ?? (await open.loadTypes());
    return encodeEntry(document, 0, { ...latestContent(contentType), types });
  }

  /** Its content as JSON, in its type's latest generation; undefined: it is not there, or was redacted. */
  async payload(sequence: string, arrived: Arrived): Promise<Json | undefined> {
    const [event] = decodeReadResponse(await this.entry(sequence, arrived, ContentType.JSON)).events;
    if (event === undefined || event.content.length === 0) return undefined;
    // Content as JSON is one JSON value.
    return JSON.parse(event.content.toString('utf8')) as Json;
  }

  async #lookUp(sequence: string): Promise<LookUp> {
    const known = this.#lookUps.get(sequence);
    if (known !== undefined) return known;
    const made = new LookUp(await this.open(sequence));
    this.#lookUps.set(sequence, made);
    return made;
  }
}

interface Wanted {
  readonly found: (document: Buffer | undefined) => void;
  readonly failed: (error: unknown) => void;
}

/** What is asked for in one turn of the event loop is one question to the database. */
class LookUp {
  #wanted = new Map<string, Wanted[]>();

  constructor(private readonly sequence: OpenSequence) {}

  async find(eventId: string): Promise<Buffer | undefined> {
    return new Promise((found, failed) => {
      if (this.#wanted.size === 0) setImmediate(() => void this.#ask());
      const wanted = this.#wanted.get(eventId);
      if (wanted === undefined) this.#wanted.set(eventId, [{ found, failed }]);
      else wanted.push({ found, failed });
    });
  }

  async #ask(): Promise<void> {
    const all = [...this.#wanted];
    this.#wanted = new Map();
    for (let from = 0; from < all.length; from += ORDERED_SEQUENCES.lookUpIds) {
      await this.#answer(new Map(all.slice(from, from + ORDERED_SEQUENCES.lookUpIds)));
    }
  }

  async #answer(wanted: ReadonlyMap<string, readonly Wanted[]>): Promise<void> {
    const { db, collection } = this.sequence;
    try {
      const documents = await findByEventIds(db, collection, [...wanted.keys()]);
      const byId = new Map(documents.map((document) => [businessEvent(document)?.eventId, document]));
      for (const [id, all] of wanted) for (const { found } of all) found(byId.get(id));
    } catch (error) {
      for (const { failed } of [...wanted.values()].flat()) failed(error);
    }
  }
}
