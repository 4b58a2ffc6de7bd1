/**
 * `Process`: one processor of ordered sequences. Steps go out in one message for what is ready in one turn of the event
 * loop; credits bound what is on its way, and a processor that does not read it gets nothing more.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Answer } from '../../observers/ordered-sequences/answers';
import type { OrderedSequences, Processing } from '../../observers/ordered-sequences/ordered-sequences';
import type { Processor, Task } from '../../observers/ordered-sequences/roster';
import { ORDERED_SEQUENCES } from '../../observers/ordered-sequences/tuning';
import type { ProcessorRegister__Output } from '../contract/generated/annals/v1/ProcessorRegister';
import type { ProcessRequest__Output } from '../contract/generated/annals/v1/ProcessRequest';
import type { StepAnswer__Output } from '../contract/generated/annals/v1/StepAnswer';
import { durationOf, msOf } from '../contract/seconds-and-nanos';
import { messageCodec } from '../contract/services';
import { AnnalsError, overLimit } from '../kernel/annals-error';
import { newId } from '../kernel/ids';
import { LIMITS } from '../kernel/limits';
import { atMost, checkType } from '../sequences/field-checks';
import { abortOnCancel, endWithStatus, statusOf } from './calls';
import { decoding } from './decode-request';
import { namespaceOf, outputOf } from './ordered-sequence-messages';
import { contentTypeOf } from './requests';

type Call = ServerDuplexStream<Buffer, Buffer>;

const responseCodec = messageCodec<object>('ProcessResponse');
const taskCodec = messageCodec<object>('StepTask');
const decode = decoding('OrderedSequences', 'Process', (request: ProcessRequest__Output) => request);

export function process(sequences: OrderedSequences, logger: Logger): (call: Call) => void {
  return (call) => {
    new ProcessSession(call, sequences, logger).start();
  };
}

/** Bytes of tasks in one message, beyond its first: documents may be large. */
const MESSAGE_BYTES = 512 * 1024;

class ProcessSession {
  readonly #id = newId();
  #processing: Processing | undefined;
  #registering = false;
  #registered = false;
  #leaving = false;
  #over = false;
  #outgoing: Task[] = [];
  #revoked: number[] = [];
  #scheduled = false;
  /** The stream wants no more until it drains. */
  #blocked = false;
  #heartbeat: NodeJS.Timeout | undefined;

  constructor(
    private readonly call: Call,
    private readonly sequences: OrderedSequences,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.call.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    this.call.on('drain', () => {
      this.#blocked = false;
      this.#flush();
      this.#processing?.unblocked();
    });
    // The processor has ended its side: it answers nothing more.
    this.call.on('end', () => {
      this.#gone();
      this.call.end();
    });
    abortOnCancel(this.call).signal.addEventListener('abort', () => {
      this.#gone();
    });
    this.call.on('close', () => {
      this.#gone();
    });
  }

  #take(bytes: Buffer): void {
    if (this.#over) return;
    try {
      this.#handle(decode(bytes));
    } catch (error) {
      this.#refuse(error);
    }
  }

  #handle({ register, answers, leave }: ProcessRequest__Output): void {
    if (register) {
      if (this.#registering)
        throw new AnnalsError('INVALID_FIELD', 'register comes once, first', { field: 'register' });
      this.#registering = true;
      // From here on, not only once it is registered: taking a namespace over may take a while.
      this.#heartbeat = setInterval(() => {
        if (!this.#blocked) this.#write(responseCodec.encode({ heartbeat: true }));
      }, ORDERED_SEQUENCES.heartbeatMs);
      this.#register(register).catch((error: unknown) => {
        this.#refuse(error);
      });
      return;
    }
    if (!this.#registering)
      throw new AnnalsError('INVALID_FIELD', 'the first message is register', { field: 'register' });
    this.#processing?.heard();
    for (const [i, answer] of answers?.answers.entries() ?? []) this.#answer(answer, `answers.answers[${i}]`);
    if (leave) {
      this.#leaving = true;
      this.#processing?.leaving();
    }
  }

  #answer(answer: StepAnswer__Output, field: string): void {
    const given = answerOf(answer, field);
    this.#processing?.answer(answer.taskId, given).catch((error: unknown) => {
      // It comes again, from here or from whoever has the sequences then.
      this.#refuse(error);
    });
  }

  async #register(request: ProcessorRegister__Output): Promise<void> {
    const processing = await this.sequences.process(namespaceOf(request.namespace), this.#processor(request));
    this.#processing = processing;
    if (this.#over) {
      processing.gone();
      return;
    }
    // It may have said so while the answer was being prepared.
    if (this.#leaving) processing.leaving();
    const heartbeatInterval = durationOf(ORDERED_SEQUENCES.heartbeatMs);
    this.#registered = true;
    this.#write(responseCodec.encode({ registered: { processorId: this.#id, heartbeatInterval } }));
    this.#flush();
  }

  #processor(request: ProcessorRegister__Output): Processor {
    const { eventTypes, credits, processorName } = request;
    const { shortestDeadlineMs, longestDeadlineMs, maxCredits, typesPerProcessor } = ORDERED_SEQUENCES;
    if (eventTypes.length === 0)
      throw new AnnalsError('INVALID_FIELD', 'event_types is empty', { field: 'event_types' });
    if (eventTypes.length > typesPerProcessor)
      throw overLimit('event_types', typesPerProcessor, eventTypes.length, 'types');
    eventTypes.forEach((type, i) => checkType(type, `event_types[${i}]`));
    if (credits > maxCredits) throw overLimit('credits', maxCredits, credits, 'steps');
    atMost(processorName, 'processor_name', LIMITS.metadataIdLength);
    const deadlineMs = msOf(request.answerDeadline) ?? ORDERED_SEQUENCES.answerDeadlineMs;
    if (deadlineMs < shortestDeadlineMs || deadlineMs > longestDeadlineMs) {
      const message = `answer_deadline is ${deadlineMs} ms; it is ${shortestDeadlineMs} to ${longestDeadlineMs} ms`;
      const metadata = { limit: String(longestDeadlineMs), actual: String(deadlineMs) };
      throw new AnnalsError('INVALID_FIELD', message, { field: 'answer_deadline', metadata });
    }
    return {
      id: this.#id,
      // Another stream is another processor, whatever it is called: what one has, the other has not.
      name: processorName === '' ? this.#id : `${processorName} (${this.#id})`,
      eventTypes: new Set(eventTypes),
      credits: credits || ORDERED_SEQUENCES.credits,
      deadlineMs,
      contentType: contentTypeOf(request.contentType),
      isBlocked: () => this.#blocked,
      send: (tasks) => {
        this.#outgoing.push(...tasks);
        this.#schedule();
      },
      revoke: (taskIds) => {
        this.#revoked.push(...taskIds);
        this.#schedule();
      },
      end: (reason) => {
        this.#refuse(reason);
      },
    };
  }

  /** Gathers what comes in one turn of the event loop into one message. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** Nothing before the answer to Register; it flushes what came too early. */
  #flush(): void {
    if (!this.#registered || this.#blocked || this.#outgoing.length + this.#revoked.length === 0) return;
    const revoked = new Set(this.#revoked);
    const tasks = this.#outgoing.filter(({ id }) => !revoked.has(id));
    this.#outgoing = [];
    this.#revoked = [];
    if (this.#over) return;
    let parts = [responseCodec.encode({ revoked: [...revoked] })];
    let bytes = 0;
    for (const task of tasks) {
      const entry = taskEntry(task);
      parts.push(entry);
      bytes += entry.length;
      if (bytes < MESSAGE_BYTES) continue;
      this.#write(Buffer.concat(parts));
      parts = [];
      bytes = 0;
    }
    if (parts.length > 0) this.#write(Buffer.concat(parts));
  }

  #write(message: Buffer): void {
    if (!this.#over && !this.call.write(message)) this.#blocked = true;
  }

  #refuse(error: unknown): void {
    if (this.#over) return;
    this.#gone();
    endWithStatus(this.call, statusOf(error, this.logger));
  }

  #gone(): void {
    this.#over = true;
    clearInterval(this.#heartbeat);
    this.#processing?.gone();
  }
}

function answerOf({ processed, failed }: StepAnswer__Output, field: string): Answer {
  if (processed) return processedOf(processed.output, `${field}.processed.output`);
  if (!failed) throw new AnnalsError('INVALID_FIELD', `${field} is neither processed nor failed`, { field });
  const { code, message, permanent } = failed;
  atMost(code, `${field}.failed.code`, LIMITS.metadataIdLength);
  return { kind: 'failed', code: code === '' ? 'failed' : code, message: shortened(message), permanent };
}

/** An output that cannot be kept fails the step for good: asked again, the processor would say the same again. */
function processedOf(output: Buffer, field: string): Answer {
  if (output.length === 0) return { kind: 'processed', output: null };
  try {
    return { kind: 'processed', output: outputOf(output, field) };
  } catch (error) {
    if (!(error instanceof AnnalsError)) throw error;
    return { kind: 'failed', code: 'invalid_output', message: error.message, permanent: true };
  }
}

/** A message may be a stack trace: its beginning is what people read. */
const shortened = (text: string): string =>
  text.length <= ORDERED_SEQUENCES.failureTextLength ? text : `${text.slice(0, ORDERED_SEQUENCES.failureTextLength)}…`;

/** The tag of `ProcessResponse.tasks` and of `StepTask.event`, both length-delimited. */
const TASKS_TAG = 0x12;
const EVENT_TAG = 0x3a;

/** A task as an entry of the response: the event's bytes, an entry of another message until now, are put in as they are. */
function taskEntry({ id, deadline, event, ...task }: Task): Buffer {
  const rest = taskCodec.encode({
    ...task,
    taskId: id,
    event: null,
    ...(deadline === null ? {} : { deadline: durationOf(deadline) }),
  });
  const body = event.length === 0 ? rest : Buffer.concat([rest, Buffer.of(EVENT_TAG), event.subarray(1)]);
  return Buffer.concat([Buffer.of(TASKS_TAG), varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes.push((left & 0x7f) | 0x80);
  bytes.push(left);
  return Buffer.from(bytes);
}
