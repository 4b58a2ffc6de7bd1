/** GitHub's webhooks as their community describes them: schemas, and payloads that were really sent. */
import { readFileSync } from 'node:fs';

interface Schemas {
  readonly $schema: string;
  readonly definitions: Readonly<Record<string, Record<string, unknown>>>;
}

export interface Payload {
  readonly action?: string;
  readonly [property: string]: unknown;
}

const json = (name: string): unknown => JSON.parse(readFileSync(require.resolve(name), 'utf8'));

// What the packages hold; the suites would fail on anything else.
const schemas = json('@octokit/webhooks-schemas') as Schemas;
const webhooks = json('@octokit/webhooks-examples') as readonly {
  readonly name: string;
  readonly examples: readonly Payload[];
}[];

export const definitionNames: readonly string[] = Object.keys(schemas.definitions);

/** All schemas in one, with definitions that refer to each other. */
export const allSchemas: object = schemas;

/** Every payload with the definition that it should fit: that of its event and action, or else of its event. */
export const payloads = webhooks.flatMap(({ name, examples }) =>
  examples.map((payload) => {
    const candidates = [`${name}$${payload.action ?? 'event'}`, `${name}$event`, `${name}_event`];
    const definition = candidates.find((candidate) => candidate in schemas.definitions);
    if (definition === undefined) throw new Error(`no schema for ${name}`);
    return { name, payload, definition };
  }),
);

/** A definition as a schema of its own: with all that it refers to, and nothing else. */
export function schemaOfDefinition(name: string): string {
  const needed = new Map<string, unknown>();
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === '$ref' && typeof inner === 'string') add(inner.replace('#/definitions/', ''));
      else collect(inner);
    }
  };
  const add = (definition: string): void => {
    if (needed.has(definition)) return;
    needed.set(definition, schemas.definitions[definition]);
    collect(schemas.definitions[definition]);
  };
  add(name);
  return JSON.stringify({
    $schema: schemas.$schema,
    $ref: `#/definitions/${name}`,
    definitions: Object.fromEntries(needed),
  });
}
