import { createServer, type AddressInfo } from 'node:net';
import { LIMITS } from '../kernel/limits';
import { AppendStream } from './append-stream';
import { Connection } from './connection';
import {
  failed,
  recorded,
  startScriptedServer,
  type AppendCall,
  type Script,
  type ScriptedServer,
} from './scripted-server.testing';

/** Milliseconds, for calls that a test expects to be answered. */
const PATIENCE_MS = 10_000;
/** Milliseconds, for calls that a test expects to run out of time: long enough for a message to go there and back. */
const SHORT_MS = 700;

const append = (text: string) => Buffer.from(text);
const opened: { servers: ScriptedServer[]; connections: Connection[] } = { servers: [], connections: [] };

async function serve(script: Script): Promise<ScriptedServer> {
  const server = await startScriptedServer(script);
  opened.servers.push(server);
  return server;
}

function streamTo(...hosts: string[]): AppendStream {
  const connection = new Connection(hosts);
  opened.connections.push(connection);
  return new AppendStream(connection);
}

/** A port that nobody listens on. */
async function deadAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (error: unknown) => (error as { code?: unknown }).code,
  );

afterEach(() => {
  for (const connection of opened.connections.splice(0)) connection.close();
  for (const server of opened.servers.splice(0)) server.stop();
});

describe('appends that are called together travel together', () => {
  test('those of one turn of the event loop are one message', async () => {
    const messages: number[] = [];
    const server = await serve({
      onAppends: (items, _call, answer) => {
        messages.push(items.length);
        answer(...items.map((item) => recorded(item)));
      },
    });
    const stream = streamTo(server.address);
    await stream.append(append('first, which opens the stream'), PATIENCE_MS, undefined);
    await Promise.all(Array.from({ length: 100 }, () => stream.append(append('x'), PATIENCE_MS, undefined)));
    expect(messages).toEqual([1, 100]);
    expect(server.streams()).toBe(1);
  });

  test('a message stays under its bytes, and what is larger goes alone', async () => {
    const MIB = 1024 * 1024;
    const messages: number[][] = [];
    const server = await serve({
      onAppends: (items, _call, answer) => {
        messages.push(items.map((item) => item.append.length / MIB));
        answer(...items.map((item) => recorded(item)));
      },
    });
    const stream = streamTo(server.address);
    const sizes = [1, 2, 6, 1, 3, 1];
    await Promise.all(sizes.map((size) => stream.append(Buffer.alloc(size * MIB), PATIENCE_MS, undefined)));
    expect(messages).toEqual([[1, 2], [6], [1, 3], [1]]);
  });

  test('answers come to their own appends in any order', async () => {
    const server = await serve({
      onAppends: (items, _call, answer) => answer(...items.map((item, i) => recorded(item, i)).reverse()),
    });
    const stream = streamTo(server.address);
    const answers = await Promise.all([0, 1, 2].map(() => stream.append(append('x'), PATIENCE_MS, undefined)));
    expect(answers.map((answer) => 'appended' in answer && answer.appended.firstSequenceNumber)).toEqual([0, 1, 2]);
  });
});

test('what is in flight is bounded, and what waits is sent once there is room', async () => {
  const limit = LIMITS.appendsPerMessage;
  let unanswered = 0;
  let most = 0;
  const held: (() => void)[] = [];
  const server = await serve({
    onAppends: (items, _call, answer) => {
      unanswered += items.length;
      most = Math.max(most, unanswered);
      held.push(() => {
        unanswered -= items.length;
        answer(...items.map((item) => recorded(item)));
      });
      // Nothing more comes while nothing is answered: only then is anything answered.
      if (unanswered === limit) for (const release of held.splice(0)) release();
      if (finalPart()) for (const release of held.splice(0)) release();
    },
  });
  let sent = 0;
  const total = limit + 500;
  const finalPart = () => sent >= total - limit && unanswered <= 500;
  const stream = streamTo(server.address);
  await Promise.all(
    Array.from({ length: total }, async () => {
      await stream.append(append('x'), PATIENCE_MS, undefined);
      sent++;
    }),
  );
  expect(most).toBe(limit);
});

describe('an append whose answer was lost is sent again, the same bytes, until it is answered', () => {
  test('when the stream ends in good order', async () => {
    const seen: string[] = [];
    const server = await serve({
      onAppends: (items, call, answer) => {
        seen.push(...items.map((item) => item.append.toString()));
        if (seen.length === 1) call.end();
        else answer(...items.map((item) => recorded(item, 7)));
      },
    });
    const answer = await streamTo(server.address).append(append('a'), PATIENCE_MS, undefined);
    expect(answer).toMatchObject({ appended: { firstSequenceNumber: 7 } });
    expect(seen).toEqual(['a', 'a']);
  });

  test('when the server is gone, by the next host', async () => {
    const first = await serve({ onAppends: () => first.stop() });
    const second = await serve({ onAppends: (items, _call, answer) => answer(...items.map((item) => recorded(item))) });
    const stream = streamTo(first.address, second.address);
    expect(await codeOf(stream.append(append('a'), PATIENCE_MS, undefined))).toBe('answered');
    expect([first.streams(), second.streams()]).toEqual([1, 1]);
  });

  test('when no server listened at the first address', async () => {
    const server = await serve({ onAppends: (items, _call, answer) => answer(...items.map((item) => recorded(item))) });
    const stream = streamTo(await deadAddress(), server.address);
    expect(await codeOf(stream.append(append('a'), PATIENCE_MS, undefined))).toBe('answered');
  });

  test.each(['OVERLOADED', 'DATABASE_UNAVAILABLE', 'OUTCOME_UNKNOWN'] as const)(
    'when the server says %s',
    async (code) => {
      let attempts = 0;
      const server = await serve({
        onAppends: (items, _call, answer) =>
          answer(...items.map((item) => (++attempts < 3 ? failed(item, code) : recorded(item)))),
      });
      expect(await codeOf(streamTo(server.address).append(append('a'), PATIENCE_MS, undefined))).toBe('answered');
      expect(attempts).toBe(3);
      expect(server.streams()).toBe(1);
    },
  );

  test('when the server says SHUTTING_DOWN, at the next host, and others on the old stream are still answered', async () => {
    const leaving = await serve({
      onAppends: (items, _call, answer) => {
        const [toMove, ...toAnswer] = items;
        if (toMove === undefined) return;
        answer(failed(toMove, 'SHUTTING_DOWN'));
        answer(...toAnswer.map((item) => recorded(item, 1)));
      },
    });
    const staying = await serve({
      onAppends: (items, _call, answer) => answer(...items.map((item) => recorded(item, 2))),
    });
    const stream = streamTo(leaving.address, staying.address);
    const answers = await Promise.all(['a', 'b'].map((text) => stream.append(append(text), PATIENCE_MS, undefined)));
    expect(answers.map((answer) => 'appended' in answer && answer.appended.firstSequenceNumber)).toEqual([2, 1]);
  });
});

test('a failure that comes on a stream that was left does not make it sent again', async () => {
  let answerAgain: () => void = () => undefined;
  const leaving = await serve({
    onAppends: (items, _call, answer) => {
      answerAgain = () => answer(...items.map((item) => failed(item, 'SHUTTING_DOWN')));
      answerAgain();
    },
    // It may still answer what it has.
    onAppendsEnd: () => undefined,
  });
  let arrived = 0;
  const staying = await serve({
    onAppends: (items) => {
      arrived += items.length;
      answerAgain();
    },
  });
  const stream = streamTo(leaving.address, staying.address);
  expect(await codeOf(stream.append(append('a'), SHORT_MS, undefined))).toBe('OUTCOME_UNKNOWN');
  expect(arrived).toBe(1);
});

test('a server that does not read holds the appends back, and has them all when it does', async () => {
  const BYTES = 500 * 1024;
  const COUNT = 50;
  let held: AppendCall | undefined;
  let arrived = 0;
  const server = await serve({
    onAppends: (items, call, answer) => {
      arrived += items.length;
      if (held === undefined) (held = call).pause();
      answer(...items.map((item) => recorded(item)));
    },
  });
  const stream = streamTo(server.address);
  await stream.append(append('the only one that is read'), PATIENCE_MS, undefined);
  const appends: Promise<unknown>[] = [];
  for (let i = 0; i < COUNT; i++) {
    appends.push(stream.append(Buffer.alloc(BYTES), PATIENCE_MS, undefined));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(arrived).toBeLessThan(COUNT);
  held?.resume();
  expect(await Promise.all(appends)).toHaveLength(COUNT);
});

describe('an append that fails says what is known of it', () => {
  test('an error that is final, at once and to its own append alone', async () => {
    const server = await serve({
      onAppends: (items, _call, answer) =>
        answer(...items.map((item, i) => (i === 0 ? failed(item, 'UNKNOWN_STORE') : recorded(item)))),
    });
    const stream = streamTo(server.address);
    const codes = await Promise.all(
      ['a', 'b'].map((text) => codeOf(stream.append(append(text), PATIENCE_MS, undefined))),
    );
    expect(codes).toEqual(['UNKNOWN_STORE', 'answered']);
  });

  test('SERVER_UNREACHABLE when it was never sent', async () => {
    expect(await codeOf(streamTo(await deadAddress()).append(append('a'), SHORT_MS, undefined))).toBe(
      'SERVER_UNREACHABLE',
    );
  });

  test('OUTCOME_UNKNOWN when it was sent and nobody answered', async () => {
    const server = await serve({ onAppends: () => undefined });
    expect(await codeOf(streamTo(server.address).append(append('a'), SHORT_MS, undefined))).toBe('OUTCOME_UNKNOWN');
  });

  test('OUTCOME_UNKNOWN when it was sent, the server went, and nobody came', async () => {
    const server = await serve({ onAppends: () => server.stop() });
    expect(await codeOf(streamTo(server.address).append(append('a'), SHORT_MS, undefined))).toBe('OUTCOME_UNKNOWN');
  });

  test('what the server said last when it said each time that nothing was recorded', async () => {
    const server = await serve({
      onAppends: (items, _call, answer) => answer(...items.map((item) => failed(item, 'OVERLOADED'))),
    });
    expect(await codeOf(streamTo(server.address).append(append('a'), SHORT_MS, undefined))).toBe('OVERLOADED');
  });

  test('OUTCOME_UNKNOWN still, when an attempt was lost and a later one was told that nothing of it was recorded', async () => {
    let attempts = 0;
    const server = await serve({
      onAppends: (items, call, answer) => {
        if (++attempts === 1) call.end();
        else answer(...items.map((item) => failed(item, 'OVERLOADED')));
      },
    });
    expect(await codeOf(streamTo(server.address).append(append('a'), SHORT_MS, undefined))).toBe('OUTCOME_UNKNOWN');
    expect(attempts).toBeGreaterThan(1);
  });

  test('CANCELLED at once when the caller aborts, and the others go on', async () => {
    const aborting = new AbortController();
    const server = await serve({
      onAppends: (items, _call, answer) => {
        aborting.abort();
        answer(...items.slice(1).map((item) => recorded(item)));
      },
    });
    const stream = streamTo(server.address);
    const codes = await Promise.all([
      codeOf(stream.append(append('a'), PATIENCE_MS, aborting.signal)),
      codeOf(stream.append(append('b'), PATIENCE_MS, undefined)),
    ]);
    expect(codes).toEqual(['CANCELLED', 'answered']);
  });

  test('CANCELLED without being sent when the signal was aborted before', async () => {
    const server = await serve({ onAppends: () => undefined });
    expect(await codeOf(streamTo(server.address).append(append('a'), PATIENCE_MS, AbortSignal.abort()))).toBe(
      'CANCELLED',
    );
    expect(server.streams()).toBe(0);
  });
});

test('closing waits for the answers of what was called before', async () => {
  let release: () => void = () => undefined;
  const arrived = new Promise<void>((resolve) => {
    void serve({
      onAppends: (items, _call, answer) => {
        release = () => answer(...items.map((item) => recorded(item)));
        resolve();
      },
    }).then((server) => {
      stream = streamTo(server.address);
      answered = codeOf(stream.append(append('a'), PATIENCE_MS, undefined));
    });
  });
  let stream: AppendStream | undefined;
  let answered: Promise<unknown> | undefined;
  await arrived;
  const closed = stream?.close();
  release();
  await closed;
  expect(await answered).toBe('answered');
});
