import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Servers } from './servers';
import { CORRELATION } from './tuning';

let servers: Servers;
beforeEach(() => {
  servers = new Servers();
});
afterEach(() => servers.close());

/** How long it takes to know that the server does not answer. */
async function unanswered(host: string): Promise<number> {
  const began = performance.now();
  await expect(servers.look([host], {}, CORRELATION.serverMs)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  return performance.now() - began;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens at a port has one.
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

it('where nobody listens that is known at once, and asked again each time', async () => {
  const server = createServer();
  const host = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  for (const _ of [1, 2]) expect(await unanswered(host)).toBeLessThan(CORRELATION.connectMs);
});

it('a server that is silent is waited for once', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  const host = await listening(server);
  try {
    expect(await unanswered(host)).toBeGreaterThan(CORRELATION.connectMs / 2);
    const connections = sockets.length;
    expect(await unanswered(host)).toBeLessThan(CORRELATION.connectMs / 2);
    expect(sockets).toHaveLength(connections);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});
