/**
 * Event types of GitHub's webhooks, as @octokit/webhooks-schemas describes them: of its 344 definitions
 * those of an event and its action, each with the others that it refers to, since the schema of a type
 * refers to nothing outside itself.
 */
import { readFileSync } from 'node:fs';
import type { EventTypeDefinition } from '../src/client';

/** As much of JSON Schema as is looked into here. */
export interface ObjectSchema {
  readonly $ref?: string;
  readonly allOf?: readonly ObjectSchema[];
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly required?: readonly string[];
  readonly definitions?: Definitions;
  readonly [keyword: string]: unknown;
}

export type Definitions = Readonly<Record<string, ObjectSchema>>;

const DIALECT = 'http://json-schema.org/draft-07/schema#';
const REFERENCE = '#/definitions/';

/** Between an event and its action in the names of the package, and what stands there when it has no action. */
const SEPARATOR = '$';
const NO_ACTION = 'event';

/** All definitions of the package, which is one file of JSON. */
export function webhookDefinitions(): Definitions {
  const text = readFileSync(require.resolve('@octokit/webhooks-schemas'), 'utf8');
  // A JSON Schema with definitions: that is what the package is.
  return (JSON.parse(text) as { readonly definitions: Definitions }).definitions;
}

/** A type for each event and action, such as `issues.opened`, and `push`, which has none. */
export function webhookTypes(definitions = webhookDefinitions()): EventTypeDefinition[] {
  return Object.keys(definitions)
    .filter((name) => name.includes(SEPARATOR))
    .map((name) => ({
      type: typeNamed(name),
      generations: [{ generation: 1, schema: selfContained(definitions[name] ?? {}, definitions) }],
    }));
}

const typeNamed = (name: string): string => {
  const [event = '', action = ''] = name.split(SEPARATOR);
  return action === NO_ACTION ? event : `${event}.${action}`;
};

/** The type of a payload, which tells its action itself. */
export const typeOfPayload = (event: string, payload: Readonly<Record<string, unknown>>, known: ReadonlySet<string>) =>
  known.has(`${event}.${String(payload['action'])}`) ? `${event}.${String(payload['action'])}` : event;

/** The schema with every definition that it refers to, however far that leads, and no other. */
export function selfContained(schema: ObjectSchema, definitions: Definitions): ObjectSchema {
  const needed = new Map<string, ObjectSchema>();
  const gather = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const reference = referred(part);
    if (reference !== undefined && !needed.has(reference)) {
      const definition = definitions[reference] ?? {};
      needed.set(reference, definition);
      gather(definition);
    }
    for (const value of Object.values(part)) gather(value);
  };
  gather(schema);
  return { ...schema, $schema: DIALECT, definitions: Object.fromEntries(needed) };
}

function referred(part: object): string | undefined {
  const reference = '$ref' in part ? part.$ref : undefined;
  return typeof reference === 'string' && reference.startsWith(REFERENCE)
    ? reference.slice(REFERENCE.length)
    : undefined;
}
