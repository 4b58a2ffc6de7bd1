import examples from '@octokit/webhooks-examples';
import { encodeBson } from '../src/kernel/content/decode-content';
import { bsonToJsonText } from '../src/kernel/content/bson-to-json';
import { definitionOf } from '../src/api/event-type-messages';
import { wireDefinition } from '../src/client/event-types/definition';
import type { EventTypeDefinition__Output } from '../src/contract/generated/annals/v1/EventTypeDefinition';
import { messageCodec } from '../src/contract/services';
import { checkDefinition } from '../src/event-types/check-definition';
import { compileType } from '../src/event-types/compiled-type';
import { contentsOf } from '../src/event-types/contents';
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
  const codec = messageCodec<EventTypeDefinition__Output>('EventTypeDefinition');
  /** The definition as the server has it. */
  const definition = definitionOf(
    codec.decode(codec.encode(wireDefinition(issueOpened(definitions).definition, 'type'))),
    'type',
  );
  const type = compileType(definition);
  const payloads = examples
    .flatMap(({ examples: all }) => all)
    .filter((payload) => 'issue' in payload && 'action' in payload && payload.action === 'opened');

  it('pass what is tried when they are registered', () => {
    checkDefinition(definition, 'type');
    expect(() => {
      tryMigrations(definition, type, 'type');
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
