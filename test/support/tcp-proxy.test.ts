/** The fault tests stand on this wire, so each of its tricks is shown to happen. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { awaitFact } from './await-fact';
import { startTcpProxy, type TcpProxy } from './tcp-proxy';

let target: Server;
let received: string;
let proxy: TcpProxy;

beforeEach(async () => {
  received = '';
  target = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received += chunk.toString();
      if (socket.writable) socket.write(`echo ${chunk.toString()}`);
    });
  });
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  proxy = await startTcpProxy((target.address() as AddressInfo).port);
});

afterEach(async () => {
  await proxy.close();
  await new Promise((resolve) => target.close(resolve));
});

async function caller() {
  const socket: Socket = connect({ port: proxy.port, host: '127.0.0.1' });
  const seen = { answers: '', closed: false };
  socket.on('data', (chunk) => (seen.answers += chunk.toString()));
  socket.on('error', () => undefined);
  socket.on('close', () => (seen.closed = true));
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, seen };
}

it('carries requests and answers', async () => {
  const { socket, seen } = await caller();
  socket.write('a');
  await awaitFact('the answer', () => seen.answers === 'echo a');
});

it('holds back requests and delivers them on release', async () => {
  const { socket, seen } = await caller();
  proxy.hold('requests');
  socket.write('a');
  await awaitFact('the request is held', () => proxy.holds('requests', 'a'));
  expect([received, proxy.holds('requests', 'b')]).toEqual(['', false]);
  proxy.release();
  await awaitFact('the answer', () => seen.answers === 'echo a');
});

it('holds back answers while requests pass', async () => {
  const { socket, seen } = await caller();
  proxy.hold('answers');
  socket.write('a');
  await awaitFact('the answer is held', () => proxy.heldBytes('answers') === 'echo a'.length);
  expect([received, seen.answers]).toEqual(['a', '']);
  proxy.release('answers');
  await awaitFact('the answer', () => seen.answers === 'echo a');
});

it('delivers a held request after its sender has gone', async () => {
  const { socket, seen } = await caller();
  proxy.hold('requests');
  socket.write('late');
  await awaitFact('the request is held', () => proxy.heldBytes('requests') === 4);
  socket.destroy();
  await awaitFact('the sender has gone', () => seen.closed);
  proxy.release();
  await awaitFact('the request arrives', () => received === 'late');
});

it('cuts every connection, and what was held on it is lost', async () => {
  const { socket, seen } = await caller();
  proxy.hold('requests');
  socket.write('lost');
  await awaitFact('the request is held', () => proxy.heldBytes('requests') === 4);
  proxy.cut();
  await awaitFact('the connection is gone', () => seen.closed);
  proxy.release();
  expect(proxy.connections()).toBe(0);
  const again = await caller();
  again.socket.write('b');
  await awaitFact('the next connection works', () => again.seen.answers === 'echo b');
  expect(received).toBe('b');
});

it('lets nobody in while it refuses', async () => {
  proxy.refuseNew(true);
  const { seen } = await caller();
  await awaitFact('the connection is closed', () => seen.closed);
  proxy.refuseNew(false);
  const { socket, seen: later } = await caller();
  socket.write('a');
  await awaitFact('the answer', () => later.answers === 'echo a');
});
