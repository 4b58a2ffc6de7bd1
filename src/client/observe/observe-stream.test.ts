import { encodeRegistered, encodeServerHeartbeat } from '../../contract/observe-codec';
import { messageCodec } from '../../contract/services';
import { Link } from '../link';
import { startScriptedServer, type ObserveCall, type ScriptedServer } from '../scripted-server.testing';
import { observeStream } from './observe-stream';
import type { Registered } from './registration';

const HEARTBEAT_MS = 50;

let server: ScriptedServer;
let link: Link;

afterEach(() => {
  link.abandon();
  server.stop();
});

/** A stream to a server that does this with it. */
async function observe(onObserve: (call: ObserveCall) => void) {
  server = await startScriptedServer({ onObserve });
  link = new Link(server.address);
  expect(await link.connect()).toBe(true);
  const told: Registered[] = [];
  const events = { registered: (registered: Registered) => told.push(registered), deliver: () => undefined };
  return { stream: observeStream(link, Buffer.alloc(0), events, HEARTBEAT_MS), told };
}

const registered = (heartbeatMs: number): Buffer =>
  encodeRegistered(
    messageCodec<object>('Registered').encode({ heartbeatInterval: { seconds: 0, nanos: heartbeatMs * 1_000_000 } }),
  );

const SILENT = { code: 'SERVER_UNREACHABLE', message: expect.stringContaining('has fallen silent') as unknown };

test('a server that takes the call and never answers is given up', async () => {
  const { stream, told } = await observe(() => undefined);
  expect(await stream.over).toMatchObject(SILENT);
  expect(told).toEqual([]);
});

test('a server that takes long to register, and says that it lives, is waited for', async () => {
  const { stream, told } = await observe((call) => {
    let beats = 0;
    const beating = setInterval(() => {
      call.write(encodeServerHeartbeat());
      if (++beats < 20) return;
      clearInterval(beating);
      call.write(registered(60_000));
      call.end();
    }, HEARTBEAT_MS / 5);
  });
  expect(await stream.over).toBeUndefined();
  expect(told).toHaveLength(1);
});

test('a server that falls silent after it has registered us is given up after three of its intervals', async () => {
  const { stream, told } = await observe((call) => call.write(registered(20)));
  expect(await stream.over).toMatchObject(SILENT);
  expect(told).toMatchObject([{ heartbeatMs: 20 }]);
});
