/** A real webhook of some twelve kilobytes, with the schema that its package has for it. */
import examples from '@octokit/webhooks-examples';
import { readFileSync } from 'node:fs';
import { eventType, type NewEvent } from '../src/client';

const EVENT = 'issues';
const ACTION = 'opened';

/** The definition as it stands, with all of the package's others beside it. */
export function webhookType() {
  const text = readFileSync(require.resolve('@octokit/webhooks-schemas'), 'utf8');
  // A JSON Schema with definitions: that is what the package is.
  const { $schema, definitions } = JSON.parse(text) as { readonly $schema: string; readonly definitions: object };
  const schema = { $schema, $ref: `#/definitions/${EVENT}$${ACTION}`, definitions };
  return eventType(`github.${EVENT}.${ACTION}`).generation(1, schema);
}

/** A type that nobody registers. */
export const WEBHOOK_PLAIN = `plain.${EVENT}.${ACTION}`;

/** The webhook as events of a type, one like the other. */
export function webhooksOf(type: string): (from: number, count: number) => NewEvent[] {
  const found = examples
    .find(({ name }) => name === EVENT)
    ?.examples.find((example) => 'action' in example && example.action === ACTION);
  if (found === undefined) throw new Error(`the package has no example of ${EVENT}.${ACTION}`);
  return (from, count) =>
    Array.from({ length: count }, (_, i) => ({ type, eventSourceId: `issue-${from + i}`, content: found }));
}
