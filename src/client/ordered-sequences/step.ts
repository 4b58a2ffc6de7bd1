import type { StepTask__Output } from '../../contract/generated/annals/v1/StepTask';
import { decodeEvent } from '../../contract/event-codec';
import { dateOf } from '../../contract/seconds-and-nanos';
import type { SequenceDocument } from '../../contract/sequence-document';
import { messageCodec } from '../../contract/services';
import { AnnalsError } from '../../kernel/annals-error';
import { RecordedEvent, type UnknownContent } from '../recorded-event';
import { jsonOf } from './sequence-info';

/** A step as its handler gets it. */
export class Step<Content = UnknownContent> {
  readonly event: RecordedEvent<Content>;
  /** The same for every attempt at this step, whoever makes it: it belongs on whatever the handler asks for. */
  readonly idempotencyKey: string;
  readonly sequenceId: string;
  readonly sequenceName: string;
  readonly order: number;
  /** 1 for the first. */
  readonly attempt: number;
  /** When it counts as failed without an answer. */
  readonly deadline: Date | undefined;
  /** Somebody may have had it before. */
  readonly redelivery: boolean;
  /** Aborted when the step is no longer this program's: whatever comes of it changes nothing. */
  readonly signal: AbortSignal;
  readonly #document: Uint8Array;
  readonly #controller = new AbortController();

  /** @internal */
  constructor(task: StepTask__Output) {
    // The general deserializer has no events with lazy content; the codec of events reads the same bytes.
    this.event = new RecordedEvent<Content>(decodeEvent(messageCodec('Event').encode(task.event ?? {})));
    this.idempotencyKey = task.idempotencyKey;
    this.sequenceId = task.sequenceId;
    this.sequenceName = task.sequenceName;
    this.order = task.order;
    this.attempt = task.attempt;
    this.deadline = dateOf(task.deadline);
    this.redelivery = task.redelivery;
    this.signal = this.#controller.signal;
    this.#document = task.document;
  }

  /** The whole sequence's document, as it was when the step was handed over. */
  get document(): SequenceDocument {
    // The contract says what this JSON is.
    return jsonOf(this.#document) as unknown as SequenceDocument;
  }

  /** @internal */
  takeBack(): void {
    this.#controller.abort(new AnnalsError('CANCELLED', 'The step is no longer this program’s; another has it'));
  }
}
