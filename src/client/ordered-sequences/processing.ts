import type { ProcessorRegister } from '../../contract/generated/annals/v1/ProcessorRegister';
import type { ProcessResponse__Output } from '../../contract/generated/annals/v1/ProcessResponse';
import type { StepFailed } from '../../contract/generated/annals/v1/StepFailed';
import type { StepTask__Output } from '../../contract/generated/annals/v1/StepTask';
import { durationOf, msOf } from '../../contract/seconds-and-nanos';
import { messageCodec } from '../../contract/services';
import { AnnalsError, overLimit } from '../../kernel/annals-error';
import { LIMITS } from '../../kernel/limits';
import { Cancellation, reasonOf } from '../cancellation';
import { handling } from '../causation/handling';
import { contentTypeName, type ContentFormat } from '../content-format';
import { callFailure } from '../errors';
import { checkNumber, checkText, invalidField } from '../field-checks';
import type { Link } from '../link';
import { failureOf } from '../observe/failure';
import { atMost, stayRegistered } from '../registered/life';
import { Outcome } from '../registered/outcome';
import { RegisteredStream, type StreamSide } from '../registered/stream';
import type { Session } from '../session';
import { Answers } from './answers';
import { PROCESS_PATH } from './calls';
import { Step } from './step';

/** A program at work on the steps of ordered sequences: registers, handles what comes, and registers again when it must. */

/** Steps handled at once unless said otherwise: enough to hide what a handler waits for, few enough for what it asks. */
const DEFAULT_CONCURRENCY = 16;

/** How long `stop` waits for what is being handled, in ms: as long as the server waits for an answer. */
const STOP_WITHIN_MS = 30_000;

/**
 * Returns, or promises, what templates may use of the step: any JSON value, or nothing. What it throws fails the
 * attempt; a text in `code` of what is thrown is the failure's code.
 */
export type StepHandler = (step: Step) => unknown;

/** One handler for each event type. */
export type StepHandlers = Readonly<Record<string, StepHandler>>;

/** `stopping`: what is being handled is finished. `ended`: nothing comes any more. */
export type ProcessingState = 'connecting' | 'processing' | 'reconnecting' | 'stopping' | 'ended';

export interface ProcessOptions {
  /** Steps that are handled at once, of different sequences or of equal order. 16 unless given. */
  readonly concurrency?: number | undefined;
  /** A name for this program in lists and in the audit. */
  readonly name?: string | undefined;
  /** How the event's content travels. */
  readonly as?: ContentFormat | undefined;
  /** Milliseconds that a step may go without an answer, unless it has a timeout of its own. */
  readonly answerDeadlineMs?: number | undefined;
  /** Whether trying again cannot help. A `PermanentFailure` says so by itself. */
  readonly isPermanent?: ((error: unknown) => boolean) | undefined;
  /** Ends it at once: steps at work are told by their signal, and go to another. To finish them, call `stop` instead. */
  readonly signal?: AbortSignal | undefined;
  readonly onStateChange?: ((state: ProcessingState, reason?: AnnalsError) => void) | undefined;
}

const requests = messageCodec('ProcessRequest');
const responses = messageCodec<ProcessResponse__Output>('ProcessResponse');

const WORDS = {
  path: PROCESS_PATH,
  heartbeat: () => requests.encode({ heartbeat: {} }),
  leave: () => requests.encode({ leave: {} }),
};

/** Begins at once and lasts until it is stopped, its signal is aborted, the client is closed, or the server refuses it. */
export class Processing {
  readonly #session: Session;
  readonly #owned: string;
  readonly #register: Buffer;
  readonly #handlers: ReadonlyMap<string, StepHandler>;
  readonly #options: ProcessOptions;
  /** Why everything ends at once. */
  readonly #ending: Cancellation;
  /** Why nothing new is begun. */
  readonly #stopping = new AbortController();
  readonly #outcome = new Outcome<void>();
  readonly #steps = new Map<number, Step>();
  readonly #atWork = new Set<Promise<void>>();
  #stopped: Promise<void> | undefined;
  #stream: RegisteredStream | undefined;
  #state: ProcessingState = 'connecting';
  #answered = 0;

  /** @internal Use `annals.orderedSequences.process`. */
  constructor(
    session: Session,
    namespace: { readonly store: string; readonly namespace: string },
    handlers: StepHandlers,
    options: ProcessOptions,
  ) {
    this.#session = session;
    this.#owned = ownedName(namespace);
    this.#options = options;
    this.#handlers = new Map(Object.entries(handlers));
    this.#register = registration(namespace, [...this.#handlers.keys()], options);
    this.#ending = new Cancellation(session.connection.closed, options.signal);
    const forget = session.stopsFirst(async () => this.stop());
    void this.#live().finally(forget);
  }

  /** Resolves with the first registration: from then on steps of these types wait for a processor. */
  get registered(): Promise<void> {
    return this.#outcome.registered;
  }

  /** Resolves when it has ended as it was asked to; rejects with what ended it otherwise. */
  get done(): Promise<void> {
    return this.#outcome.done;
  }

  get state(): ProcessingState {
    return this.#state;
  }

  /** Steps that this program has answered. */
  get answered(): number {
    return this.#answered;
  }

  /** Takes nothing new, finishes the steps that are being handled, answers them, and ends. Never rejects; `done` tells. */
  async stop({ timeoutMs = STOP_WITHIN_MS }: { readonly timeoutMs?: number | undefined } = {}): Promise<void> {
    this.#stopped ??= this.#stop(timeoutMs);
    await this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(timeoutMs: number): Promise<void> {
    if (this.#state !== 'ended') {
      this.#tell('stopping');
      this.#stopping.abort(new AnnalsError('CANCELLED'));
      this.#stream?.leave();
      await atMost(timeoutMs, this.#windDown(), this.#ending.signal);
      this.#stream?.end();
      this.#takeBackAll();
    }
    await this.#outcome.done.catch(() => undefined);
  }

  async #windDown(): Promise<void> {
    while (this.#atWork.size > 0) await Promise.all(this.#atWork);
  }

  async #live(): Promise<void> {
    const { signal } = this.#ending;
    const endNow = () => {
      this.#takeBackAll();
      this.#stream?.cancel();
    };
    signal.addEventListener('abort', endNow, { once: true });
    const waiting = new Cancellation(signal, this.#stopping.signal);
    let failure: AnnalsError | undefined;
    try {
      await stayRegistered(this.#life(), waiting.signal);
    } catch (error) {
      if (!waiting.signal.aborted) failure = callFailure(error).error;
    } finally {
      this.#takeBackAll();
      waiting.release();
      this.#ending.release();
    }
    this.#tell('ended', failure);
    this.#outcome.end(failure ?? (signal.aborted ? reasonOf(signal) : new AnnalsError('CANCELLED')), failure);
  }

  #life() {
    return {
      owners: this.#session.owners,
      owned: this.#owned,
      begin: (link: Link, registered: () => void) => {
        const sideOf = (write: (message: Buffer) => boolean) => this.#side(new Answers(write), registered);
        return (this.#stream = new RegisteredStream(link, WORDS, this.#register, sideOf));
      },
      over: () => {
        this.#stream = undefined;
        this.#takeBackAll();
      },
      interrupted: (_: 'waiting' | 'reconnecting', reason: AnnalsError) => {
        this.#tell('reconnecting', reason);
      },
      waits: true,
    };
  }

  #side(answers: Answers, registered: () => void): StreamSide {
    return {
      take: (bytes) => {
        const told = responses.decode(bytes);
        if (told.registered !== null) {
          registered();
          this.#outcome.register();
          this.#tell('processing');
        }
        for (const task of told.tasks) this.#begin(task, answers);
        for (const id of told.revoked) this.#takeBack(id);
        return told.registered === null ? undefined : (msOf(told.registered.heartbeatInterval) ?? 0);
      },
      drained: () => {
        answers.drained();
      },
      flush: () => {
        answers.flush();
      },
      end: () => {
        answers.end();
      },
    };
  }

  #begin(task: StepTask__Output, answers: Answers): void {
    const id = task.taskId;
    const step = new Step(task);
    this.#steps.set(id, step);
    const work = this.#handle(step).then((answer) => {
      this.#atWork.delete(work);
      // Taken back meanwhile: another has it.
      if (this.#steps.get(id) !== step) return;
      this.#steps.delete(id);
      this.#answered++;
      answers.add({ taskId: id, ...answer });
    });
    this.#atWork.add(work);
  }

  /** Never rejects. */
  async #handle(step: Step): Promise<{ processed: { output: Buffer } } | { failed: StepFailed }> {
    try {
      const handler = this.#handlers.get(step.event.type);
      if (handler === undefined) throw new Error(`there is no handler for ${step.event.type}`);
      const output: unknown = await this.#passedOn(step, async () => handler(step));
      return answerWith(output === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(output)));
    } catch (error) {
      const { message, permanent } = failureOf(error, this.#options.isPermanent ?? (() => false));
      return { failed: { code: codeOf(error), message, permanent } };
    }
  }

  /** What is appended in `run` is caused by the step's event. */
  async #passedOn(step: Step, run: () => Promise<unknown>): Promise<unknown> {
    if (!this.#session.propagate) return run();
    const consumer = this.#options.name ?? 'processor';
    return handling(step.event, run, { destination: step.sequenceName, consumer }, { attempt: step.attempt });
  }

  #takeBackAll(): void {
    for (const id of [...this.#steps.keys()]) this.#takeBack(id);
  }

  #takeBack(id: number): void {
    const step = this.#steps.get(id);
    this.#steps.delete(id);
    step?.takeBack();
  }

  #tell(state: ProcessingState, reason?: AnnalsError): void {
    // Whatever happens while it stops, it stops.
    if (this.#state === 'stopping' && state !== 'ended') return;
    const repeated = this.#state === state;
    this.#state = state;
    if (!repeated) this.#options.onStateChange?.(state, reason);
  }
}

/** What the owner of a namespace's ordered sequences is remembered by. */
export const ownedName = ({ store, namespace }: { readonly store: string; readonly namespace: string }): string =>
  `ordered-sequences/${store}/${namespace}`;

/** The first message. Throws INVALID_FIELD and its like. */
function registration(
  namespace: { readonly store: string; readonly namespace: string },
  eventTypes: readonly string[],
  { concurrency = DEFAULT_CONCURRENCY, name = '', as, answerDeadlineMs }: ProcessOptions,
): Buffer {
  // No type would mean nothing to do.
  if (eventTypes.length === 0) throw invalidField('handlers', 'has no handler');
  if (checkNumber('concurrency', concurrency) === 0) throw invalidField('concurrency', 'is 0');
  const register: ProcessorRegister = {
    namespace,
    eventTypes: eventTypes.map((type, i) => checkText(`event_types[${i}]`, type)),
    processorName: checkText('processor_name', name),
    credits: concurrency,
    contentType: contentTypeName(as),
    ...(answerDeadlineMs === undefined
      ? {}
      : { answerDeadline: durationOf(checkNumber('answer_deadline', answerDeadlineMs)) }),
  };
  return requests.encode({ register });
}

/** Too large for the server it fails here, in the server's words: a message beyond its limit would end the stream, again and again. */
function answerWith(output: Buffer): { processed: { output: Buffer } } | { failed: StepFailed } {
  const { stepOutputBytes } = LIMITS;
  if (output.length <= stepOutputBytes) return { processed: { output } };
  const { message } = overLimit('output', stepOutputBytes, output.length, 'bytes');
  return { failed: { code: 'invalid_output', message, permanent: true } };
}

/** Characters of a failure's code: a short word. */
const CODE_LENGTH = 100;

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code.slice(0, CODE_LENGTH)
    : 'failed';
