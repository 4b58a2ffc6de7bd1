import type { IdentityRecord } from '../../src/storage/identities';
import { IdentityLookup } from './identity-lookup';

const ann: IdentityRecord = { id: 'ann', revision: 1, state: 'erased', at: new Date(0), reason: '' };

it('asks once for each id, also for those that nobody described, until told to forget', async () => {
  const asked: string[][] = [];
  const lookup = new IdentityLookup({
    find: async (store, ids) => {
      asked.push([store, ...ids]);
      return Promise.resolve(new Map(ids.includes('ann') ? [['ann', ann]] : []));
    },
  });
  expect(await lookup.find('shop', ['ann', 'ann', 'nobody', ''])).toEqual(new Map([['ann', ann]]));
  expect(await lookup.find('shop', ['nobody', 'ann'])).toEqual(new Map([['ann', ann]]));
  expect(await lookup.find('shop', [])).toEqual(new Map());
  await lookup.find('mail', ['ann']);
  lookup.forget('shop', 'ann');
  await lookup.find('shop', ['ann', 'nobody']);
  expect(asked).toEqual([
    ['shop', 'ann', 'nobody'],
    ['mail', 'ann'],
    ['shop', 'ann'],
  ]);
});
