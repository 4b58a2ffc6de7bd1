/**
 * The job that writes the generations which stored events lack, because they were recorded before these
 * existed. What it writes is what a reader would be given by casting; so reading does not need it, and
 * events in memory may go on lacking them. What cannot be cast is told and left as it is.
 */
import type { MongoClient } from 'mongodb';
import { Breather } from '../kernel/breather';
import type { EventTypeRegistry } from '../event-types/registry';
import type { CompiledType } from '../event-types/types-of-store';
import type { JobContext, JobKind } from '../jobs/job-kind';
import { schemaView } from '../kernel/content/schema-view';
import type { GenerationContent } from '../kernel/generation-content';
import type { Catalogue } from '../storage/catalogue';
import type { JobRecord } from '../storage/jobs';
import {
  findIncomplete,
  writeContents,
  type CompletedContent,
  type StoredContent,
  type WantedGenerations,
} from '../storage/missing-generations';
import { namespaceDatabase, sequenceCollection } from '../storage/names';
import { chooseGeneration } from './choose-generation';
import type { AppendGate, Sequences } from './sequences';
import { TUNING } from './tuning';

export const WRITE_GENERATIONS = 'write-generations';

export interface WriteGenerationsOptions {
  readonly client: MongoClient;
  readonly catalogue: Catalogue;
  readonly sequences: Pick<Sequences, 'list'>;
  readonly types: Pick<EventTypeRegistry, 'load'>;
  /** What stands against writing at this moment. */
  readonly gate: AppendGate;
}

/** Numbers of one finding at most: enough to look at some of them. */
const NUMBERS_TOLD = 20;

interface Place {
  readonly namespace: string;
  readonly sequence: string;
  readonly tail: number;
}

/** How far it is. Saved after each page. */
interface Progress {
  /** Everything below it has been looked at, for each sequence that was begun. */
  readonly positions: { readonly namespace: string; readonly sequence: string; next: number }[];
  /** Contents that were completed, and those that could not be. */
  written: number;
  failed: number;
}

export class WriteGenerations implements JobKind {
  readonly kind = WRITE_GENERATIONS;

  constructor(private readonly options: WriteGenerationsOptions) {}

  async run(job: JobRecord, context: JobContext): Promise<string> {
    const types = await this.#typesOf(job);
    if (types.size === 0) return 'no type has more than one generation';
    const places = await this.#places(job.store);
    // What was saved by this class is what it finds.
    const progress = (job.checkpoint ?? { positions: [], written: 0, failed: 0 }) as Progress;
    const total = places.reduce((sum, { tail }) => sum + tail + 1, 0);
    for (const place of places) {
      const position = positionOf(progress, place);
      while (position.next <= place.tail) {
        position.next = await this.#page(job.store, place, position.next, { types, progress, context });
        context.progress(
          progress.positions.reduce((sum, { next }) => sum + next, 0),
          total,
        );
        await context.checkpoint(progress);
      }
    }
    const { written, failed } = progress;
    return failed === 0 ? `${written} contents completed` : `${written} contents completed; ${failed} cannot be cast`;
  }

  /** The types whose events can lack a generation. */
  async #typesOf({ store, subject }: JobRecord): Promise<ReadonlyMap<string, CompiledType>> {
    const known = await this.options.types.load(store);
    const names = subject === '' ? known.names() : [subject];
    const types = names.flatMap((name) => known.type(name) ?? []).filter(({ latest }) => latest > 1);
    return new Map(types.map((type) => [type.name, type]));
  }

  async #places(store: string): Promise<Place[]> {
    const { catalogue, sequences } = this.options;
    const { namespaces } = await catalogue.entry(store);
    const places: Place[] = [];
    for (const namespace of namespaces) {
      for (const { name, tail } of await sequences.list(store, namespace)) {
        if (tail !== undefined) places.push({ namespace, sequence: name, tail });
      }
    }
    return places;
  }

  /** Completes one page of events. Returns where the next one begins. */
  async #page(
    store: string,
    { namespace, sequence, tail }: Place,
    from: number,
    work: { types: ReadonlyMap<string, CompiledType>; progress: Progress; context: JobContext },
  ): Promise<number> {
    const { client, gate } = this.options;
    const { types, progress, context } = work;
    const db = client.db(namespaceDatabase(store, namespace));
    const collection = sequenceCollection(sequence);
    const to = Math.min(tail, from + TUNING.scanWindow - 1);
    const { found, next } = await findIncomplete(db, collection, from, to, wantedOf(types));
    const breather = new Breather();
    const completed: CompletedContent[] = [];
    const failures = new Map<string, Set<number>>();
    const fail = (message: string, number: number): void => {
      progress.failed++;
      const numbers = failures.get(message) ?? new Set();
      failures.set(message, numbers.add(number));
    };
    for (const content of found) {
      const type = types.get(content.type);
      if (type === undefined) continue;
      const outcome = complete(content, type);
      for (const failure of outcome.failures) fail(failure, content.number);
      if (outcome.completed !== undefined) completed.push(outcome.completed);
      await breather.breathe();
    }
    if (completed.length > 0) {
      const closed = gate();
      if (closed !== undefined) throw closed;
      const { changed, refused } = await writeContents(db, collection, completed);
      progress.written += changed;
      for (const { content, message } of refused) fail(`${content.type}: ${message}`, content.number);
    }
    for (const [message, numbers] of failures) {
      context.find({ message, namespace, sequence, sequenceNumbers: [...numbers].slice(0, NUMBERS_TOLD) });
    }
    return next;
  }
}

function positionOf(progress: Progress, { namespace, sequence }: Place): { next: number } {
  const known = progress.positions.find((one) => one.namespace === namespace && one.sequence === sequence);
  if (known !== undefined) return known;
  const position = { namespace, sequence, next: 0 };
  progress.positions.push(position);
  return position;
}

/** Types by the generations that they have, since the database is asked for those together. */
function wantedOf(types: ReadonlyMap<string, CompiledType>): WantedGenerations[] {
  const byLatest = new Map<number, { types: string[]; generations: readonly number[] }>();
  for (const { name, latest, generations } of types.values()) {
    const same = byLatest.get(latest) ?? { types: [], generations };
    same.types.push(name);
    byLatest.set(latest, same);
  }
  return [...byLatest.values()];
}

/** What a content lacks, cast as for a reader, and held against its schema as for an append. */
function complete(
  stored: StoredContent,
  type: CompiledType,
): { completed: CompletedContent | undefined; failures: readonly string[] } {
  const { contents, written } = stored;
  const added: GenerationContent[] = [];
  const failures: string[] = [];
  for (const generation of type.generations) {
    if (contents.some((content) => content.generation === generation)) continue;
    const question = { stored: contents, written, wanted: generation, type, redacted: false };
    const cast = chooseGeneration(question);
    const failure = cast === undefined ? 'there is no content' : cast.notCast || faultsOf(cast, type);
    if (cast === undefined || failure !== '') failures.push(`${type.name}, generation ${generation}: ${failure}`);
    else added.push({ generation, content: cast.content });
  }
  if (added.length === 0) return { completed: undefined, failures };
  const whole = [...contents, ...added].sort((a, b) => a.generation - b.generation);
  const generations = added.map(({ generation }) => generation);
  return { completed: { ...stored, contents: whole, added: generations }, failures };
}

/** Empty when the content fits the schema of its generation. */
function faultsOf({ generation, content }: GenerationContent, type: CompiledType): string {
  const [fault] = type.validate(generation, schemaView(content));
  return fault === undefined ? '' : `cast to it, content${fault.path} ${fault.message}`;
}
