import { MongodLog } from './mongod-log';

const entry = (s: string, msg: string, attr: object = {}) => JSON.stringify({ t: {}, s, c: 'CONTROL', msg, attr });
const logOf = (...lines: string[]): MongodLog => {
  const log = new MongodLog();
  for (const line of lines) log.add(line);
  return log;
};

describe("what is read from a mongod's log", () => {
  it('tells data in use and a taken port from everything else', () => {
    const inUse = entry('E', 'DBException in initAndListen, terminating', { error: 'DBPathInUse: Unable to lock' });
    const taken = entry('E', 'Error setting up listener', { error: { errmsg: 'Address already in use' } });
    expect(logOf(inUse).failure).toBe('data-in-use');
    expect(logOf(taken).failure).toBe('port-taken');
    expect(logOf(entry('F', 'Wrong mongod version')).failure).toBe('other');
  });

  it('shows the error, not the shutdown that follows it', () => {
    const shutdown = Array.from({ length: 30 }, (_, index) => entry('I', `Shutting down part ${index}`));
    const log = logOf(
      entry('I', 'Starting'),
      entry('W', 'You run as root'),
      entry('E', 'Cannot open', { error: 'no permission' }),
      ...shutdown,
    );
    expect(log.telling).toEqual(['E Cannot open: no permission']);
  });

  it('shows what the loader says as it is, else warnings, else the last lines', () => {
    expect(logOf('mongod: error while loading shared libraries: libcurl.so.4').telling).toEqual([
      'mongod: error while loading shared libraries: libcurl.so.4',
    ]);
    expect(logOf(entry('W', 'a warning'), entry('I', 'one')).telling).toEqual(['W a warning']);
    expect(logOf(entry('I', 'one'), entry('I', 'two')).telling).toEqual(['I one', 'I two']);
  });

  it('keeps a bounded number of lines', () => {
    const log = logOf('a crash', ...Array.from({ length: 1_000 }, () => entry('I', 'chatter')));
    expect(log.telling).not.toContain('a crash');
  });
});
