/**
 * From a file or stdin to append calls: events gathered into batches, each with the lines that its
 * events came from. A batch is one call and so all or nothing.
 */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { NewEvent } from '../client';
import { LIMITS } from '../kernel/limits';
import { InputError, UsageError } from './exit-codes';
import { JsonSlicer, type JsonSlice } from './json-slicer';

/** Events of a call unless told otherwise: large enough for four fifths of the best rate, small enough for progress to show. */
export const DEFAULT_BATCH = 500;

/** Bytes of a call's JSON unless a batch size was asked for: BSON of it stays under the limit of a call. */
const BATCH_BYTES = LIMITS.appendBytes / 4;

/** Bytes of a file read at once. */
const FILE_CHUNK_BYTES = 1024 * 1024;

export interface Batch {
  readonly events: readonly NewEvent[];
  readonly lines: readonly number[];
  /** Bytes of the input that they stood in, each with the sign that parts it from the next. */
  readonly bytes: number;
}

export interface BatchOptions {
  readonly toEvent: (slice: JsonSlice) => NewEvent;
  /** Events of a batch; exactly so many, save for the last one. Absent: as they come, up to the default. */
  readonly size?: number;
  /** Everything in one batch. */
  readonly single?: boolean;
  /** Events at the beginning that are passed over. */
  readonly skip?: number;
}

export interface Input {
  readonly stream: Readable;
  readonly name: string;
  /** The whole, when it is known. */
  readonly bytes?: number;
  /** It comes as somebody makes it, and may pause at any point. */
  readonly live: boolean;
}

/** Opens a file, or stdin for `-`. */
export async function openInput(file: string): Promise<Input> {
  if (file === '-') return { stream: process.stdin, name: 'stdin', live: true };
  try {
    const about = await stat(file);
    if (about.isDirectory()) throw new InputError(`${file} is a folder`, 'Name a file, or `-` for stdin.');
    // A FIFO has no length and comes as somebody makes it.
    if (!about.isFile()) return { stream: createReadStream(file), name: file, live: true };
    const stream = createReadStream(file, { highWaterMark: FILE_CHUNK_BYTES });
    return { stream, name: file, bytes: about.size, live: false };
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error);
    throw new InputError(`cannot read ${file}: ${reason}`, 'Name a file, or `-` for stdin.');
  }
}

/** The batches of an input, in order. A live input that pauses is not waited for. */
export async function* batches({ stream, live }: Input, options: BatchOptions): AsyncGenerator<Batch> {
  const slicer = new JsonSlicer();
  let toSkip = options.skip ?? 0;
  let events: NewEvent[] = [];
  let lines: number[] = [];
  let bytes = 0;
  const take = (): Batch => {
    const batch = { events, lines, bytes };
    events = [];
    lines = [];
    bytes = 0;
    return batch;
  };
  const isFull = (more: number): boolean => {
    if (options.single === true) return false;
    if (events.length >= (options.size ?? DEFAULT_BATCH)) return true;
    return options.size === undefined && events.length > 0 && bytes + more > BATCH_BYTES;
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    for (const slice of slicer.push(chunk)) {
      if (toSkip > 0) {
        toSkip--;
        continue;
      }
      if (isFull(slice.bytes.length)) yield take();
      if (options.single === true && events.length === LIMITS.eventsPerAppend) throw tooManyForOneCall();
      events.push(options.toEvent(slice));
      lines.push(slice.line);
      bytes += slice.bytes.length + 1;
    }
    const asTheyCome = live && options.size === undefined && options.single !== true;
    if (asTheyCome && events.length > 0 && stream.readableLength === 0) yield take();
  }
  slicer.end();
  if (events.length > 0) yield take();
}

const tooManyForOneCall = (): UsageError =>
  new UsageError(
    `an expectation holds for one call, and one call takes ${LIMITS.eventsPerAppend} events`,
    'Append fewer events, or leave the expectation out.',
  );
