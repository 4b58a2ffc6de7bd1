/** Definitions of types from files: one JSON object or an array of them in each. */
import type { EventTypeDefinition } from '../../client';
import { AnnalsError } from '../../kernel/annals-error';
import { InputError } from '../exit-codes';
import { readObjects } from '../json-input';

export interface FileDefinition {
  readonly definition: EventTypeDefinition;
  /** Such as `shop.json, type order.placed`, for messages. */
  readonly place: string;
}

const MEMBERS = ['type', 'description', 'generations', 'migrations'];
/** What the server says of a type: passed over, so that the output of `types show --json` can be registered. */
const TOLD = ['latestGeneration', 'registered', 'changed'];

export async function readDefinitions(files: readonly string[]): Promise<readonly FileDefinition[]> {
  const all = await Promise.all(
    files.map(async (file) =>
      (await readObjects(file, 'a definition')).map((one, i) => {
        // Whether it is one the client says, naming the member; here only its name is looked at.
        const definition = one as EventTypeDefinition;
        const { type } = one as { readonly type?: unknown };
        const place = `${file}, ${typeof type === 'string' ? `type ${type}` : `definition ${i + 1}`}`;
        // A misspelt member would be left out in silence.
        const unknown = Object.keys(one).find((key) => !MEMBERS.includes(key) && !TOLD.includes(key));
        if (unknown !== undefined) {
          const what = `${place}: a type has no member ${JSON.stringify(unknown)}; it has ${MEMBERS.join(', ')}`;
          throw new InputError(what, 'Correct it; `annals types register --help` shows a definition.');
        }
        return { definition, place };
      }),
    ),
  );
  return all.flat();
}

/** An error about `types[3]` of a call says which definition of which file that is. */
export function atDefinition(error: unknown, definitions: readonly FileDefinition[]): unknown {
  if (!(error instanceof AnnalsError)) return error;
  const index = /^types\[(\d+)\]/.exec(error.field ?? '')?.[1];
  const place = index === undefined ? undefined : definitions[Number(index)]?.place;
  if (place !== undefined) error.message = `${place}: ${error.message.replace(/^types\[\d+\]\.?/, '')}`;
  return error;
}
