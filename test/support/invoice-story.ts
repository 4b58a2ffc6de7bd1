/**
 * What happens with two invoices, so that everything happens that ordered sequences can do: of one the accounting is tried
 * again and fails for good, and it is rolled back; of the other it fails, until a person has it tried again. It can be
 * told any number of times, from the beginning, and is the same story.
 */
import { isDeepStrictEqual } from 'node:util';
import type { MongoClient } from 'mongodb';
import { connect, PermanentFailure, type Annals } from '../../src/client';
import { invoiceIds, invoiceSequence } from './invoice-sequence';
import {
  appendInvoice,
  Books,
  CANCELLED,
  CLOSED,
  entryId,
  invoiceHandlers,
  invoiceId,
  phase,
  REVERSED,
  type Work,
} from './invoice-work';
import { sequenceEvidence, sequenceObjections, type SequenceEvidence } from './sequence-checker';

const STORE = 'default';

/** Milliseconds for an end to come after something was killed: a lease runs out first. */
const END_WITHIN_MS = 60_000;

/** Milliseconds of a call, as long: nothing else is to be tried meanwhile. */
const TIMEOUT_MS = END_WITHIN_MS;

export class InvoiceStory {
  readonly books = new Books();
  readonly rolledBack: string;
  readonly mended: string;
  #ledgerOpen = false;

  /** @param namespace its own. @param booking is told of each booking before accounting says anything. */
  constructor(
    readonly namespace: string,
    private readonly booking: (work: Work) => Promise<void> | void = () => undefined,
  ) {
    this.rolledBack = `${namespace}-1`;
    this.mended = `${namespace}-2`;
  }

  connectionString(address: string): string {
    return `annals://${address}/${STORE}?namespace=${this.namespace}`;
  }

  /** A client, for which there is the namespace. */
  async connect(address: string): Promise<Annals> {
    const annals = connect(this.connectionString(address), { timeoutMs: TIMEOUT_MS });
    await annals.stores.ensure(STORE, { namespaces: [this.namespace] });
    return annals;
  }

  /** All steps are worked here. */
  async work(annals: Annals): Promise<void> {
    await annals.orderedSequences.process(invoiceHandlers(this.answer), { name: 'services' }).registered;
  }

  /** @param signal ends what a client that is closed would wait for. */
  async tell(annals: Annals, signal?: AbortSignal): Promise<void> {
    const documents = [retriedOnce(this.rolledBack), invoiceSequence('manual', this.mended)];
    for (const document of documents) await annals.orderedSequences.create(document);
    for (const number of [this.rolledBack, this.mended]) await appendInvoice(annals, number, signal);
    await Promise.all([this.#ends(annals, this.rolledBack), this.#mend(annals)]);
  }

  /** What the services do, and write down. Throws as they do. */
  readonly answer = async (work: Work): Promise<object> => {
    this.books.write(work);
    const { sequenceId, eventId, attempt } = work;
    const [failing, waiting] = [invoiceIds(this.rolledBack), invoiceIds(this.mended)];
    if (eventId !== failing.booked && eventId !== waiting.booked) return { done: true };
    await this.booking(work);
    if (sequenceId === waiting.sequenceId && this.#ledgerOpen) return { booked: true };
    const busy = sequenceId === failing.sequenceId && attempt === 1;
    throw busy ? new Error('the ledger is busy') : new PermanentFailure(CLOSED);
  };

  /** What is wrong when it is over; empty when all is well. */
  async objections(mongodb: MongoClient): Promise<string[]> {
    const evidence = await sequenceEvidence(mongodb.db(`annals+${STORE}+${this.namespace}`), this.books.asked);
    return [...sequenceObjections(evidence), ...this.#otherEnds(evidence)];
  }

  async #mend(annals: Annals): Promise<void> {
    const { sequenceId } = invoiceIds(this.mended);
    const { phase: now } = await phase(annals, sequenceId, ['needs-person', 'settled'], END_WITHIN_MS);
    if (now === 'needs-person') {
      this.#ledgerOpen = true;
      await annals.orderedSequences.resolve(sequenceId, 'retry', { who: 'ada', why: 'the ledger is open again' });
    }
    await this.#ends(annals, this.mended);
  }

  async #ends(annals: Annals, number: string): Promise<void> {
    await phase(annals, invoiceIds(number).sequenceId, ['settled'], END_WITHIN_MS);
  }

  /** It is to come to this end and no other. */
  #otherEnds({ rows, events, asked }: SequenceEvidence): string[] {
    const { sequenceId, booked } = invoiceIds(this.rolledBack);
    const outcomes = Object.fromEntries(rows.map(({ sequence_id: id, handling }) => [id, handling.outcome as unknown]));
    const undone = events.filter(({ type }) => [CANCELLED, REVERSED].includes(type)).map(({ content }) => content['1']);
    const reason = `Sequence failure: ${CLOSED}`;
    const triedAgain = asked.filter(({ eventId }) => eventId === booked).length >= 2;
    const wanted = {
      outcomes: { [sequenceId]: 'rolled_back', [invoiceIds(this.mended).sequenceId]: 'completed' },
      undone: [
        { invoice_id: invoiceId(this.rolledBack), reason },
        { entry_id: entryId(this.rolledBack), reason },
      ],
      triedAgain: true,
    };
    const seen = { outcomes, undone, triedAgain };
    return isDeepStrictEqual(seen, wanted) ? [] : [`it ended as ${JSON.stringify(seen)}`];
  }
}

/** The document of the schema's author, with one retry that is quick. */
function retriedOnce(number: string): string {
  const document = JSON.parse(invoiceSequence('compensating_events', number)) as { rollback_strategy: object };
  Object.assign(document.rollback_strategy, { max_retries: 1, initial_interval: 0.01 });
  return JSON.stringify(document);
}
