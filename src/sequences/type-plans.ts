/** Which generation of its types' content a reader is shown: asked for every event that it reads, so it is found by the bytes of the type's name. */
import type { CompiledType } from '../event-types/types-of-store';
import type { Presentation } from './presentation';

export interface TypePlan {
  /** 0: the generation that an event was appended in. */
  readonly wanted: number;
  /** The type, when it is registered. */
  readonly type: CompiledType | undefined;
}

export const AS_APPENDED: TypePlan = { wanted: 0, type: undefined };

/** Plans that are remembered, a power of two: more than most stores have types. Two types at one place take turns. */
const PLACES = 256;

interface Remembered extends TypePlan {
  /** The type's name. */
  readonly name: Buffer;
}

/** A writer that serves one event would not pay for remembering. */
const made = new WeakMap<Presentation, TypePlans>();

export class TypePlans {
  readonly #remembered = new Array<Remembered | undefined>(PLACES).fill(undefined);

  private constructor(private readonly presentation: Presentation) {}

  /** Undefined when all content comes as it was appended, and no name need be looked at. The same for the same presentation. */
  static of(presentation: Presentation): TypePlans | undefined {
    const { wanted, types } = presentation;
    if (wanted === undefined && (types === undefined || types.empty)) return undefined;
    let plans = made.get(presentation);
    if (plans === undefined) made.set(presentation, (plans = new TypePlans(presentation)));
    return plans;
  }

  /** The plan of the type whose name is these bytes. */
  of(bytes: Buffer, start: number, end: number): TypePlan {
    let hash = end - start;
    for (let i = start; i < end; i++) hash = ((hash << 5) - hash + (bytes[i] as number)) | 0;
    const place = hash & (PLACES - 1);
    const known = this.#remembered[place];
    if (known !== undefined && isAt(known.name, bytes, start, end)) return known;
    return (this.#remembered[place] = this.#make(Buffer.from(bytes.subarray(start, end))));
  }

  #make(name: Buffer): Remembered {
    const { wanted, types } = this.presentation;
    const text = name.toString();
    const type = types?.type(text);
    return { name, type, wanted: wanted?.(text) ?? type?.latest ?? 0 };
  }
}

function isAt(name: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
