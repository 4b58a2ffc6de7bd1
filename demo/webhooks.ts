/** Real GitHub webhooks as events: the payloads of @octokit/webhooks-examples, each with a type and a source. */
import definitions from '@octokit/webhooks-examples';

export interface Webhook {
  /** The event's name as GitHub has it, such as `issues`; what happened to it, `action` in the payload says. */
  readonly type: string;
  /** What it is about: the repository's full name, else the organization or whoever stands nearest. */
  readonly source: string;
  /** The same whenever the demo runs, so that sending it again is known as a repetition. */
  readonly eventId: string;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Where a payload says what it is about, best first. */
const SOURCES = [
  ['repository', 'full_name'],
  ['organization', 'login'],
  ['installation', 'account', 'login'],
  ['sender', 'login'],
  ['security_advisory', 'ghsa_id'],
] as const;

/** Every payload of the package, in its order. */
export function webhooks(): Webhook[] {
  return definitions.flatMap(({ name, examples }) =>
    examples.map((example, index) => {
      // Each event's type is an interface of its own; here any of them is a JSON object.
      const payload = example as unknown as Readonly<Record<string, unknown>>;
      return {
        type: name,
        source: sourceOf(payload) ?? name,
        eventId: `github/${name}/${index}`,
        payload,
      };
    }),
  );
}

function sourceOf(payload: Readonly<Record<string, unknown>>): string | undefined {
  for (const path of SOURCES) {
    let value: unknown = payload;
    for (const key of path) value = isObject(value) ? value[key] : undefined;
    if (typeof value === 'string') return value;
  }
  return undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
