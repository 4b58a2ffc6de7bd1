import examples from '@octokit/webhooks-examples';
import { encodeBson } from '../src/kernel/content/decode-content';
import { bsonToJsonText } from '../src/kernel/content/bson-to-json';
import type { MigrationStep as StepOfClient } from '../src/client';
import { checkDefinition } from '../src/event-types/check-definition';
import { compileType } from '../src/event-types/compiled-type';
import { contentsOf } from '../src/event-types/contents';
import type { EventTypeDefinition, MigrationStep } from '../src/event-types/definition';
import { tryMigrations } from '../src/event-types/examples';
import { issueOpened } from './issue-type';
import { typeOfPayload, webhookDefinitions, webhookTypes } from './webhook-types';

const definitions = webhookDefinitions();
const types = webhookTypes(definitions);

describe('the types of the webhooks', () => {
  it('are one for each event and action', () => {
    expect(types).toHaveLength(Object.keys(definitions).filter((name) => name.includes('$')).length);
    expect(new Set(types.map(({ type }) => type)).size).toBe(types.length);
  });

  it('refer to nothing outside themselves', () => {
    for (const { generations } of types) {
      const text = JSON.stringify(generations[0]?.schema);
      const own = Object.keys((JSON.parse(text) as { definitions: object }).definitions);
      const referred = [...text.matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)].map(([, name]) => name);
      expect([...new Set(referred)].sort()).toEqual(own.sort());
    }
  });

  it('know each payload of the examples', () => {
    const known = new Set(types.map(({ type }) => type));
    for (const { name, examples: payloads } of examples) {
      for (const payload of payloads) {
        // Each event's type is an interface of its own; here any of them is a JSON object.
        expect(known).toContain(typeOfPayload(name, payload as unknown as Record<string, unknown>, known));
      }
    }
  });
});

describe('issues.opened in three generations', () => {
  const { definition } = issueOpened(definitions);
  const asStored: EventTypeDefinition = {
    type: definition.type,
    description: '',
    generations: definition.generations.map(({ generation, schema }) => ({
      generation,
      schema: JSON.stringify(schema),
    })),
    migrations: (definition.migrations ?? []).map((one) => ({ ...one, steps: one.steps.map(stepOfServer) })),
  };
  const type = compileType(asStored);
  const payloads = examples
    .flatMap(({ examples: all }) => all)
    .filter((payload) => 'issue' in payload && 'action' in payload && payload.action === 'opened');

  it('pass what is tried when they are registered', () => {
    checkDefinition(asStored, 'type');
    expect(() => {
      tryMigrations(asStored, type, 'type');
    }).not.toThrow();
  });

  it.each(payloads.map((payload, i) => [i, payload] as const))(
    'takes real payload %d up and down again without a loss',
    (_, payload) => {
      const third = cast(encodeBson(payload), 1, 3);
      expect(shown(third)).toMatchObject({ owner: 'Codertocat', name: 'Hello-World', number: 1 });
      expect(shown(cast(third, 3, 1))).toEqual(payload);
    },
  );

  /** Content of one generation in another; all of them fit their schemas. */
  function cast(content: Buffer, from: number, to: number): Buffer {
    const outcome = contentsOf(type, from, content, shown(content));
    if (!('contents' in outcome)) throw new Error(JSON.stringify(outcome));
    return outcome.contents[to - 1]?.content ?? Buffer.alloc(0);
  }
});

const shown = (content: Buffer): unknown => JSON.parse(bsonToJsonText(content));

/** A step as the server has it. */
function stepOfServer(step: StepOfClient): MigrationStep {
  const [[kind, fields] = []] = Object.entries(step);
  // One member, named as the kind is; the value of a default is JSON text there.
  const flat = { kind, ...fields } as MigrationStep;
  return flat.kind === 'default' ? { ...flat, value: JSON.stringify(flat.value) } : flat;
}
