/** What somebody is shown who asks what a migration would do. */
import { jsonToBson } from '../kernel/content/json-to-bson';
import { compileType } from './compiled-type';
import { previewCast } from './preview';

const type = compileType({
  type: 'a',
  description: '',
  generations: [
    { generation: 1, schema: '{"properties":{"n":{"type":"integer"}}}' },
    { generation: 2, schema: '{"properties":{"count":{"maximum":9}}}' },
  ],
  migrations: [
    { from: 1, to: 2, steps: [{ kind: 'rename', from: 'n', to: 'count' }] },
    {
      from: 2,
      to: 1,
      steps: [
        { kind: 'convert', property: 'count', to: 'integer' },
        { kind: 'rename', from: 'count', to: 'n' },
      ],
    },
  ],
});

it.each<[string, number, number, ReturnType<typeof previewCast>]>([
  ['{"n":3}', 1, 2, { before: '{"n":3}', after: '{"count":3}', faults: [] }],
  ['{"n":30}', 1, 2, { before: '{"n":30}', after: '{"count":30}', faults: ['generation 2: .count must be <= 9'] }],
  ['{"n":"x"}', 1, 1, { before: '{"n":"x"}', after: '{"n":"x"}', faults: ['generation 1: .n must be integer'] }],
  [
    '{"count":2.5}',
    2,
    1,
    {
      before: '{"count":2.5}',
      after: undefined,
      faults: ['generation 2 to 1, step 1 (convert): "count": 2.5 cannot be turned into an integer without loss'],
    },
  ],
])('%s from generation %d to %d', (content, from, to, preview) => {
  expect(previewCast(type, jsonToBson(Buffer.from(content), 'content'), from, to)).toEqual(preview);
});
