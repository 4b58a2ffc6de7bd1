/** Real schemas and real payloads: GitHub's webhooks, as draft-07 with definitions that refer to each other. */
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { jsonToBson } from '../kernel/content/json-to-bson';
import { checkDefinition } from './check-definition';
import { compileType } from './compiled-type';
import { contentsOf } from './contents';
import type { EventTypeDefinition } from './definition';
import { examplesOf } from './examples';
import { allSchemas, definitionNames, payloads, schemaOfDefinition } from './octokit.testing';

const definitionOf = (name: string): EventTypeDefinition => ({
  type: name,
  description: '',
  generations: [{ generation: 1, schema: schemaOfDefinition(name) }],
  migrations: [],
});

const types = new Map<string, ReturnType<typeof compileType>>();
function typeOf(name: string): ReturnType<typeof compileType> {
  const type = types.get(name) ?? compileType(definitionOf(name));
  types.set(name, type);
  return type;
}

it('every one of the 344 definitions may be registered', () => {
  expect(definitionNames).toHaveLength(344);
  for (const name of definitionNames) checkDefinition(definitionOf(name), 'types[0]');
});

describe('payloads', () => {
  const ajv = new Ajv({ strict: false, inlineRefs: false, logger: false });
  addFormats(ajv);
  ajv.addSchema(allSchemas, 'webhooks');
  const plain = (name: string): ValidateFunction => {
    const validate = ajv.getSchema(`webhooks#/definitions/${name}`);
    if (validate === undefined) throw new Error(`no definition ${name}`);
    return validate;
  };

  it('each of the 329 is found to fit, or not to fit, as Ajv by itself finds it', () => {
    expect(payloads).toHaveLength(329);
    const verdicts = payloads.map(({ payload, definition }) => ({
      definition,
      here: typeOf(definition).validate(1, payload).length === 0,
      plain: plain(definition)(payload),
    }));
    expect(verdicts.filter((verdict) => verdict.here !== verdict.plain)).toEqual([]);
    // The package's other payloads are older than its schemas.
    expect(verdicts.filter(({ here }) => here)).toHaveLength(276);
  });

  it('one that does not fit is told what is wrong and where', () => {
    const { payload, definition } = payloads.find(({ name }) => name === 'commit_comment') ?? {
      payload: {},
      definition: '',
    };
    const faults = typeOf(definition).validate(1, payload);
    expect(faults).toContainEqual({ path: '.repository', message: 'must have the property "is_template"' });
  });

  it('one that fits becomes content as it is', () => {
    const fitting = payloads.filter(({ payload, definition }) => plain(definition)(payload));
    for (const { payload, definition } of fitting.slice(0, 20)) {
      const content = jsonToBson(Buffer.from(JSON.stringify(payload)), 'content');
      expect(contentsOf(typeOf(definition), 1, content, payload)).toEqual({ contents: [{ generation: 1, content }] });
    }
  });
});

it('examples can be made of events', () => {
  // Each takes compiling, so not of all of them.
  const events = definitionNames.filter((name) => name.includes('$')).filter((_, i) => i % 4 === 1);
  expect(events.filter((name) => examplesOf(schemaOfDefinition(name)).length === 0)).toEqual([]);
});
