import { AnnalsError } from '../kernel/annals-error';
import { parseConnectionString } from './connection-string';

test.each([
  ['annals://127.0.0.1:4400/shop?namespace=acme', ['127.0.0.1:4400'], 'shop', 'acme'],
  ['annals://localhost', ['localhost:4400'], 'default', 'default'],
  ['annals://localhost/', ['localhost:4400'], 'default', 'default'],
  ['annals://a:1,b,[::1]:3/shop', ['a:1', 'b:4400', '[::1]:3'], 'shop', 'default'],
  ['annals://a?namespace=acme', ['a:4400'], 'default', 'acme'],
])('%s', (text, hosts, store, namespace) => {
  expect(parseConnectionString(text)).toEqual({ hosts, store, namespace });
});

test.each([
  ['http://localhost', 'scheme'],
  ['', 'scheme'],
  ['annals://', 'host'],
  ['annals://a,,b', 'host'],
  ['annals://a b', 'host'],
  ['annals://a:b', 'host'],
  ['annals://a:0', 'port'],
  ['annals://a:65536', 'port'],
  ['annals://me:secret@a', 'user'],
  ['annals://a/Shop', 'store'],
  ['annals://a/shop/orders', 'store'],
  ['annals://a/%zz', 'store'],
  ['annals://a/shop?namespace=-x', 'namespace'],
  ['annals://a/shop?namespace=x&namespace=y', 'namespace'],
  ['annals://a/shop?namespce=x', 'namespce'],
  ['annals://a/shop#x', 'fragment'],
])('%s is refused, naming the %s', (text, part) => {
  const parse = () => parseConnectionString(text);
  expect(parse).toThrow(AnnalsError);
  expect(parse).toThrow(expect.objectContaining({ code: 'INVALID_CONNECTION_STRING', field: part }));
});
