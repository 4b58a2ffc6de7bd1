/**
 * What happens with two invoices, so that everything happens that ordered sequences can do: of one the accounting is tried
 * again and fails for good, and it is rolled back; of the other it fails, until a person has it tried again. It can be
 * told any number of times, from the beginning, and is the same story.
 */
import { MongoClient } from 'mongodb';
import { connect, PermanentFailure, type Annals, type Step } from '../../src/client';
import { invoiceIds, invoiceSequence } from './invoice-sequence';
import { appendInvoice, Books, CANCELLED, CLOSED, entryId, invoiceHandlers, invoiceId, phase, REVERSED } from './invoice-work';
import { sequenceEvidence, sequenceObjections, type SequenceEvidence } from './sequence-checker';

const STORE = 'default';

/** Milliseconds for an end to come after something was killed: a lease runs out first. */
const END_WITHIN_MS = 60_000;

interface Telling {
  readonly elsewhere?: boolean;
  readonly signal?: AbortSignal;
}

export class InvoiceStory {
  readonly books = new Books();
  readonly rolledBack: string;
  readonly mended: string;
  #ledgerOpen = false;

  /** @param namespace its own. */
  constructor(readonly namespace: string) {
    this.rolledBack = `${namespace}-1`;
    this.mended = `${namespace}-2`;
  }

  connect(address: string): Annals {
    return connect(`annals://${address}/${STORE}?namespace=${this.namespace}`);
  }

  /** @param elsewhere other programs work the steps. @param signal ends what a client that is closed would wait for. */
  async tell(annals: Annals, { elsewhere = false, signal }: Telling = {}): Promise<void> {
    await annals.stores.ensure(STORE, { namespaces: [this.namespace] });
    if (!elsewhere) {
      const handlers = invoiceHandlers(this.books, (step) => this.book(step));
      await annals.orderedSequences.process(handlers, { name: 'services' }).registered;
    }
    const documents = [retriedOnce(this.rolledBack), invoiceSequence('manual', this.mended)];
    for (const document of documents) await annals.orderedSequences.create(document);
    for (const number of [this.rolledBack, this.mended]) await appendInvoice(annals, number, signal);
    await Promise.all([this.#ends(annals, this.rolledBack), this.#mend(annals)]);
  }

  /** What accounting says. */
  readonly book = ({ sequenceId, attempt }: Pick<Step, 'sequenceId' | 'attempt'>): object => {
    if (sequenceId === invoiceIds(this.mended).sequenceId && this.#ledgerOpen) return { booked: true };
    const busy = sequenceId === invoiceIds(this.rolledBack).sequenceId && attempt === 1;
    throw busy ? new Error('the ledger is busy') : new PermanentFailure(CLOSED);
  };

  /** What is wrong when it is over; empty when all is well. */
  async objections(mongodb: MongoClient): Promise<string[]> {
    const evidence = await sequenceEvidence(mongodb.db(`annals+${STORE}+${this.namespace}`), this.books.asked);
    return [...sequenceObjections(evidence), ...this.#untold(evidence)];
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

  /** That it has come to this end and no other. */
  #untold({ rows, events, asked }: SequenceEvidence): string[] {
    const { sequenceId, booked } = invoiceIds(this.rolledBack);
    const outcomes = Object.fromEntries(rows.map(({ sequence_id: id, handling }) => [id, handling.outcome as unknown]));
    const undone = events.filter(({ type }) => [CANCELLED, REVERSED].includes(type)).map(({ content }) => content['1']);
    const reason = `Sequence failure: ${CLOSED}`;
    const seen = { outcomes, undone, twiceAtLeast: asked.filter(({ eventId }) => eventId === booked).length >= 2 };
    const wanted = {
      outcomes: { [sequenceId]: 'rolled_back', [invoiceIds(this.mended).sequenceId]: 'completed' },
      undone: [
        { invoice_id: invoiceId(this.rolledBack), reason },
        { entry_id: entryId(this.rolledBack), reason },
      ],
      twiceAtLeast: true,
    };
    return JSON.stringify(seen) === JSON.stringify(wanted) ? [] : [`it ended as ${JSON.stringify(seen)}`];
  }
}

/** The document of the schema's author, with one retry that is quick. */
function retriedOnce(number: string): string {
  const document = JSON.parse(invoiceSequence('compensating_events', number)) as { rollback_strategy: object };
  Object.assign(document.rollback_strategy, { max_retries: 1, initial_interval: 0.01 });
  return JSON.stringify(document);
}
