/** Who the ids in `causedBy` are: described, renamed with a history, erased for good; told over a real server. */
import { MongoClient } from 'mongodb';
import type { Annals } from '../src/client';
import { LIMITS } from '../src/kernel/limits';
import { refusal } from './support/raw-client';
import { all, startServices, type Services } from './support/services';

let services: Services;
let mongo: MongoClient;
beforeAll(async () => {
  services = await startServices();
  mongo = await MongoClient.connect(services.databases[0]?.url ?? '');
});
afterAll(async () => {
  await mongo.close();
  await services.stop();
});

const ANN = { kind: 'person', name: 'Ann Ash', subject: 'auth0|ann', onBehalfOf: 'shop' } as const;

const listed = async (annals: Annals, options?: Parameters<Annals['identities']['list']>[0]): Promise<string[]> => {
  const ids: string[] = [];
  for await (const { id } of annals.identities.list(options)) ids.push(id);
  return ids;
};

it('the same again changes nothing, and another name is a rename with its history kept', async () => {
  const annals = await services.service('who');
  const first = await annals.identities.describe('u-1', ANN);
  expect(first).toMatchObject({
    changed: true,
    identity: { id: 'u-1', ...ANN, former: [], erased: undefined, described: expect.any(Date) },
  });
  expect(await annals.identities.describe('u-1', ANN)).toEqual({ identity: first.identity, changed: false });
  const second = await annals.identities.describe('u-1', { kind: 'person', name: 'Ann Birch', subject: 'auth0|ann' });
  expect(second).toMatchObject({ changed: true, identity: { name: 'Ann Birch', onBehalfOf: '' } });
  expect(second.identity.former).toEqual([{ ...ANN, until: second.identity.described }]);
  await annals.identities.describe('u-1', { kind: 'system', name: 'Ann, the bot' });
  const { former } = await annals.identities.get('u-1');
  expect(former.map(({ name }) => name)).toEqual(['Ann Ash', 'Ann Birch']);
});

it('the history is bounded: beyond the limit the oldest goes', async () => {
  const annals = await services.service('who');
  await annals.identities.describe('u-1', ANN);
  const [identities] = [mongo.db(`annals+${annals.store}`).collection<{ _id: string }>('identities')];
  const former = Array.from({ length: LIMITS.formerIdentities }, (_, i) => ({
    ...ANN,
    name: `${i}`,
    until: new Date(),
  }));
  await identities.updateOne({ _id: 'u-1' }, { $set: { former } });
  const { identity } = await annals.identities.describe('u-1', { kind: 'person', name: 'Ann Birch' });
  expect(identity.former).toHaveLength(LIMITS.formerIdentities);
  expect([identity.former[0]?.name, identity.former.at(-1)?.name]).toEqual(['1', 'Ann Ash']);
});

it('erasure leaves the id, when and why, and nothing else anywhere in the store', async () => {
  const annals = await services.service('who');
  await annals.identities.describe('u-1', ANN);
  await annals.identities.describe('u-1', { kind: 'person', name: 'Ann Birch' });
  await annals.eventLog.append({ type: 'order.placed', eventSourceId: 'o-1', content: {}, causedBy: 'u-1' });
  const erased = await annals.identities.erase('u-1', 'asked for');
  expect(erased).toEqual({
    id: 'u-1',
    kind: 'unspecified',
    subject: '',
    name: '',
    onBehalfOf: '',
    described: undefined,
    former: [],
    erased: { at: expect.any(Date), reason: 'asked for' },
  });
  expect(await annals.identities.get('u-1')).toEqual(erased);
  expect((await all(annals.eventLog))[0]?.causedBy).toBe('u-1');
  for (const database of [`annals+${annals.store}`, `annals+${annals.store}+default`]) {
    for (const { name } of await mongo.db(database).listCollections().toArray()) {
      const documents = JSON.stringify(await mongo.db(database).collection(name).find().toArray());
      expect(documents).not.toMatch(/Ann|auth0/);
    }
  }
});

it('an erasure is for good: again it stands as it was, and nobody is described under the id', async () => {
  const annals = await services.service('who');
  await annals.identities.describe('u-1', ANN);
  const erased = await annals.identities.erase('u-1', 'asked for');
  expect(await annals.identities.erase('u-1', 'once more')).toEqual(erased);
  await expect(annals.identities.describe('u-1', ANN)).rejects.toMatchObject({ code: 'IDENTITY_ERASED', field: 'id' });
  expect(await annals.identities.get('u-1')).toEqual(erased);
});

it('every change is an act on `system`, told by id and revision alone, and once', async () => {
  const annals = await services.service('who');
  const long = 'u'.repeat(LIMITS.metadataIdLength);
  for (const id of ['u-1', long]) {
    await annals.identities.describe(id, ANN);
    await annals.identities.describe(id, ANN);
    await annals.identities.describe(id, { kind: 'person', name: 'Ann Birch' });
    await annals.identities.erase(id, 'asked for');
    await annals.identities.erase(id, 'asked for');
  }
  const acts = (await all(annals.system)).filter(({ type }) => type.startsWith('Identity'));
  const of = (identity: string) => [
    ['IdentityDescribed', { identity, revision: '1' }],
    ['IdentityDescribed', { identity, revision: '2' }],
    ['IdentityErased', { identity, revision: '3' }],
  ];
  expect(acts.map(({ type, content }) => [type, content])).toEqual([...of('u-1'), ...of(long)]);
});

it('of several that describe an identity at once none is lost from its history', async () => {
  const annals = await services.service('who');
  const names = Array.from({ length: 8 }, (_, i) => `name ${i}`);
  await Promise.all(names.map(async (name) => annals.identities.describe('u-1', { kind: 'person', name })));
  const { name, former } = await annals.identities.get('u-1');
  expect([...former.map((was) => was.name), name].sort()).toEqual(names);
});

it('are listed by id a page at a time, all of them or those of a subject', async () => {
  const annals = await services.service('who');
  for (const i of [3, 1, 2]) {
    await annals.identities.describe(`u-${i}`, { kind: 'person', name: `${i}`, subject: i === 2 ? 'two' : 'odd' });
  }
  expect(await listed(annals, { pageSize: 2 })).toEqual(['u-1', 'u-2', 'u-3']);
  expect(await listed(annals, { pageSize: 1, subject: 'odd' })).toEqual(['u-1', 'u-3']);
  expect(await listed(annals, { subject: 'nobody' })).toEqual([]);
  await annals.identities.erase('u-1', 'asked for');
  expect(await listed(annals, { subject: 'odd' })).toEqual(['u-3']);
  expect(await listed(annals)).toEqual(['u-1', 'u-2', 'u-3']);
  const page = { store: annals.store, pageSize: 3 };
  const raw = services.servers[0]?.client;
  expect(await raw?.unary('Identities', 'List', page)).toMatchObject({ nextPageToken: '' });
});

it('an identity belongs to its store', async () => {
  const [one, other] = [await services.service('who'), await services.service('who')];
  await one.identities.describe('u-1', ANN);
  await expect(other.identities.get('u-1')).rejects.toMatchObject({ code: 'UNKNOWN_IDENTITY', field: 'id' });
  await expect(other.identities.erase('u-1', 'asked for')).rejects.toMatchObject({ code: 'UNKNOWN_IDENTITY' });
});

describe('what is wrong with a call is said with its field and limit, and nothing changes', () => {
  const PERSON = { id: 'u-1', kind: 'IDENTITY_KIND_PERSON' };
  const long = 'x'.repeat(LIMITS.identityTextLength + 1);
  it.each([
    ['no id', 'Describe', { ...PERSON, id: '' }, 'INVALID_FIELD', 'id'],
    ['an id too long', 'Describe', { ...PERSON, id: long }, 'INVALID_FIELD', 'id'],
    ['no kind', 'Describe', { id: 'u-1' }, 'INVALID_FIELD', 'kind'],
    ['a kind that there is not', 'Describe', { ...PERSON, kind: 17 }, 'INVALID_FIELD', 'kind'],
    ['a name too long', 'Describe', { ...PERSON, name: long }, 'INVALID_FIELD', 'name'],
    ['a subject too long', 'Describe', { ...PERSON, subject: long }, 'INVALID_FIELD', 'subject'],
    ['itself on behalf of itself', 'Describe', { ...PERSON, onBehalfOf: 'u-1' }, 'INVALID_FIELD', 'on_behalf_of'],
    ['a store that there is not', 'Describe', { ...PERSON, store: 'nowhere' }, 'UNKNOWN_STORE', 'sequence.store'],
    ['a store’s name', 'List', { store: 'No Name' }, 'INVALID_NAME', 'store'],
    ['a page too large', 'List', { pageSize: 1_001 }, 'INVALID_FIELD', 'page_size'],
    ['a token of nobody', 'List', { pageToken: '~~' }, 'INVALID_FIELD', 'page_token'],
    ['an erasure without a reason', 'Erase', { id: 'u-1', reason: ' ' }, 'INVALID_FIELD', 'reason'],
    ['a reason too long', 'Erase', { id: 'u-1', reason: 'x'.repeat(1_001) }, 'INVALID_FIELD', 'reason'],
    ['an id that nobody described', 'Get', { id: 'u-1' }, 'UNKNOWN_IDENTITY', 'id'],
  ])('%s', async (_, method, request, code, field) => {
    const client = services.servers[0]?.client;
    if (client === undefined) throw new Error('no server');
    expect(await refusal(client.unary('Identities', method, request))).toMatchObject({ code, field });
  });
});
