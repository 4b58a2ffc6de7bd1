import { connectionUrl } from './connection-options';

describe('the connection string', () => {
  it.each([
    ['the default', {}, {}, 'annals://127.0.0.1:4400/default'],
    ['the environment', {}, { ANNALS_URL: 'annals://a:1/orders' }, 'annals://a:1/orders'],
    ['an empty environment', {}, { ANNALS_URL: '' }, 'annals://127.0.0.1:4400/default'],
    [
      '--server before the environment',
      { server: 'annals://b:2' },
      { ANNALS_URL: 'annals://a:1' },
      'annals://b:2/default',
    ],
    ['a bare address', { server: 'b:2' }, {}, 'annals://b:2/default'],
    ['several addresses', { server: 'annals://a:1,b:2/orders' }, {}, 'annals://a:1,b:2/orders'],
    ['--store over the URL', { server: 'annals://a:1/x', store: 'orders' }, {}, 'annals://a:1/orders'],
    [
      '--namespace over the URL',
      { server: 'annals://a:1/x?namespace=b', namespace: 'c' },
      {},
      'annals://a:1/x?namespace=c',
    ],
    ['other parameters as they are', { server: 'annals://a:1/x?tls=true' }, {}, 'annals://a:1/x?tls=true'],
    ['a store that is no name, for the client to refuse', { store: 'a/b' }, {}, 'annals://127.0.0.1:4400/a%2Fb'],
  ])('comes from %s', (_, options, env, expected) => {
    expect(connectionUrl(options, env)).toBe(expected);
  });
});
