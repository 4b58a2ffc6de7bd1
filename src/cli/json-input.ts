/** A file or stdin as a whole, for what is small: definitions, one event's content. */
import { LIMITS } from '../kernel/limits';
import { InputError } from './exit-codes';
import { openInput } from './input-batches';
import { JsonSlicer, type JsonSlice } from './json-slicer';

/** Bytes of such an input at most: more than a call may hold. */
const INPUT_BYTES = 2 * LIMITS.appendBytes;

export interface WholeInput {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Reads a file, or stdin for `-`. */
export async function readInput(file: string): Promise<WholeInput> {
  const { stream, name } = await openInput(file);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > INPUT_BYTES) {
      throw new InputError(`${name} is over ${INPUT_BYTES} bytes`, 'Give a smaller file.');
    }
    chunks.push(chunk);
  }
  return { name, bytes: Buffer.concat(chunks) };
}

/** The objects of a file: one, an array of them, or one after another. */
export async function readObjects(file: string, what: string): Promise<readonly object[]> {
  const { name, bytes } = await readInput(file);
  const slicer = new JsonSlicer();
  try {
    const objects = [...slicer.push(bytes)].map(parsed);
    slicer.end();
    if (objects.length > 0) return objects;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${name}, ${error.message}`, remedyFor(what));
  }
  throw new InputError(`${name} is empty`, remedyFor(what));
}

const remedyFor = (what: string): string =>
  `It is one JSON object or an array of them; \`--help\` behind the verb shows what ${what} looks like.`;

function parsed({ bytes, line }: JsonSlice): object {
  try {
    // The slicer cuts out objects only.
    return JSON.parse(bytes.toString()) as object;
  } catch (error) {
    throw new InputError(`line ${line}: not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}
