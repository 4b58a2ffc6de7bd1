import { Writable } from 'node:stream';
import { Output } from './output';

/** A stream that takes nothing in until it is told to. */
function slowStream() {
  const written: string[] = [];
  const waiting: (() => void)[] = [];
  const stream = new Writable({
    highWaterMark: 10,
    decodeStrings: false,
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      waiting.push(done);
    },
  });
  const release = (): void => waiting.shift()?.();
  return { stream, written, release };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('lines to stdout', () => {
  it('are gathered within a turn', async () => {
    const { stream, written } = slowStream();
    const output = new Output(stream, () => undefined);
    await output.line('one');
    await output.line('two');
    expect(written).toEqual([]);
    await turn();
    expect(written).toEqual(['one\ntwo\n']);
  });

  it('are held back while the reader is slow', async () => {
    const { stream, release } = slowStream();
    const output = new Output(stream, () => undefined);
    let held = true;
    const line = output.line('x'.repeat(100_000)).then(() => (held = false));
    await turn();
    expect(held).toBe(true);
    release();
    await line;
    expect(held).toBe(false);
  });

  it('are given up when the reader has gone, and whoever waits goes on', async () => {
    const { stream } = slowStream();
    const gone = jest.fn();
    const output = new Output(stream, gone);
    const line = output.line('x'.repeat(100_000));
    await turn();
    stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await line;
    await output.line('more');
    await output.end();
    expect(gone).toHaveBeenCalledTimes(1);
  });

  it('are all written at the end', async () => {
    const { stream, written, release } = slowStream();
    const output = new Output(stream, () => undefined);
    await output.line('last');
    const ended = output.end();
    release();
    await turn();
    release();
    await ended;
    expect(written.join('')).toBe('last\n');
  });
});
