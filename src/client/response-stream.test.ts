import { Connection } from './connection';
import { SUBSCRIBE } from './calls';
import { ResponseStream } from './response-stream';
import { startScriptedServer, type ScriptedServer, type ServedStream } from './scripted-server.testing';

const MESSAGES = 200;
const MESSAGE_BYTES = 1024 * 1024;
/** Messages that may lie between server and program: what grpc-js takes ahead on either side, and the HTTP/2 window. */
const AHEAD = 60;

let connection: Connection;
let server: ScriptedServer;
afterEach(() => {
  connection.close();
  server.stop();
});

async function subscribe(onSubscribe: (call: ServedStream) => void, signal: AbortSignal): Promise<ResponseStream> {
  server = await startScriptedServer({ onSubscribe });
  connection = new Connection([server.address]);
  const link = await connection.ready(signal);
  return new ResponseStream(link.responses(SUBSCRIBE.path, Buffer.alloc(0)), signal);
}

const never = new AbortController().signal;

/** Turns of the event loop: enough for whatever is on its way between two sockets of one process. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves once the number has not changed for long. */
async function settled(value: () => number): Promise<number> {
  const STILL_TURNS = 500;
  for (let last = -1; last !== value(); await turns(STILL_TURNS)) last = value();
  return value();
}

test('a program that does not pull holds the server back, and has everything in order when it does', async () => {
  let written = 0;
  const stream = await subscribe((call) => {
    const write = () => {
      while (written < MESSAGES)
        if (!call.write(Buffer.alloc(MESSAGE_BYTES, written++))) return void call.once('drain', write);
      call.end();
    };
    write();
  }, never);
  expect((await stream.next())?.[0]).toBe(0);
  expect(await settled(() => written)).toBeLessThan(AHEAD);
  for (let n = 1; n < MESSAGES; n++) expect((await stream.next())?.[0]).toBe(n);
  expect(await stream.next()).toBeUndefined();
});

test('messages that came before a failure are read before it is thrown', async () => {
  const stream = await subscribe((call) => {
    for (const n of [1, 2, 3]) call.write(Buffer.from([n]));
    call.emit('error', Object.assign(new Error('no more'), { code: 14, details: 'no more' }));
  }, never);
  for (const n of [1, 2, 3]) expect((await stream.next())?.[0]).toBe(n);
  await expect(stream.next()).rejects.toMatchObject({ code: 14 });
});

test('closing ends the call on the server', async () => {
  let cancelled: (() => void) | undefined;
  const atServer = new Promise<void>((resolve) => (cancelled = resolve));
  const stream = await subscribe((call) => {
    call.on('cancelled', () => cancelled?.());
    call.write(Buffer.from([1]));
  }, never);
  await stream.next();
  stream.close();
  await atServer;
});

test('aborting ends a wait at once, and the call on the server', async () => {
  const stop = new AbortController();
  let cancelled: (() => void) | undefined;
  const atServer = new Promise<void>((resolve) => (cancelled = resolve));
  const stream = await subscribe((call) => {
    call.on('cancelled', () => cancelled?.());
    call.write(Buffer.from([1]));
  }, stop.signal);
  await stream.next();
  const waiting = stream.next();
  stop.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
  await atServer;
});
