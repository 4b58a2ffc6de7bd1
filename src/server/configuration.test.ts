import { resolve } from 'node:path';
import fc from 'fast-check';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_ADDRESS } from '../kernel/limits';
import { readConfiguration, type GivenOptions } from './configuration';

function refused(options: GivenOptions, env: NodeJS.ProcessEnv = {}): AnnalsError {
  try {
    readConfiguration(options, env);
  } catch (error) {
    if (error instanceof AnnalsError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('what a server is told', () => {
  it('has a default for everything', () => {
    expect(readConfiguration({}, {})).toEqual({
      dataFolder: resolve('annals-data'),
      listen: DEFAULT_ADDRESS,
      unsafe: false,
      minFreeDiskBytes: 256 * 1024 * 1024,
      logLevel: 'info',
    });
  });

  it('comes from options or variables, and an option comes before its variable', () => {
    const env = {
      ANNALS_DATA: '/from/env',
      ANNALS_LISTEN: '0.0.0.0:1',
      ANNALS_ADVERTISE: 'annals.example:4400',
      ANNALS_MONGODB_URL: 'mongodb://env/',
      ANNALS_UNSAFE: 'true',
      ANNALS_MIN_FREE_DISK: '1GiB',
      ANNALS_LOG_LEVEL: 'debug',
    };
    expect(readConfiguration({}, env)).toEqual({
      dataFolder: '/from/env',
      listen: '0.0.0.0:1',
      advertise: 'annals.example:4400',
      mongodbUrl: 'mongodb://env/',
      unsafe: true,
      minFreeDiskBytes: 2 ** 30,
      logLevel: 'debug',
    });
    const options: GivenOptions = {
      data: '/option',
      listen: '[::1]:0',
      advertise: 'here:1',
      mongodb: 'mongodb+srv://option/',
      unsafe: false,
      minFreeDisk: 5,
      logLevel: 'silent',
    };
    expect(readConfiguration(options, env)).toEqual({
      dataFolder: '/option',
      listen: '[::1]:0',
      advertise: 'here:1',
      mongodbUrl: 'mongodb+srv://option/',
      unsafe: false,
      minFreeDiskBytes: 5,
      logLevel: 'silent',
    });
  });

  it('an empty variable is none', () => {
    expect(readConfiguration({}, { ANNALS_LISTEN: '', ANNALS_MONGODB_URL: '' })).toEqual(readConfiguration({}, {}));
  });

  it('a folder is taken from where the command was given', () => {
    expect(readConfiguration({ data: 'here' }, {}).dataFolder).toBe(resolve('here'));
  });
});

describe('an amount of bytes', () => {
  it.each([
    ['0', 0],
    ['123', 123],
    ['1B', 1],
    ['500MB', 500e6],
    ['1.5 GiB', 1.5 * 2 ** 30],
    ['2tb', 2e12],
    ['10kib', 10 * 1024],
  ])('%s is %d', (text, bytes) => {
    expect(readConfiguration({ minFreeDisk: text }, {}).minFreeDiskBytes).toBe(bytes);
  });

  it('is any whole number as it is', () => {
    fc.assert(
      fc.property(fc.nat(), (n) => expect(readConfiguration({ minFreeDisk: String(n) }, {}).minFreeDiskBytes).toBe(n)),
    );
  });
});

describe('what is not of its form is INVALID_CONFIGURATION and names the option', () => {
  it.each<[string, GivenOptions]>([
    ['--listen', { listen: 'localhost' }],
    ['--listen', { listen: ':4400' }],
    ['--listen', { listen: 'localhost:65536' }],
    ['--listen', { listen: 'localhost:-1' }],
    ['--listen', { listen: 'a b:1' }],
    ['--listen', { listen: '::1:80' }],
    ['--advertise', { advertise: 'nowhere' }],
    ['--mongodb', { mongodb: 'http://localhost' }],
    ['--mongodb', { mongodb: 'localhost:27017' }],
    ['--min-free-disk', { minFreeDisk: 'plenty' }],
    ['--min-free-disk', { minFreeDisk: '-1' }],
    ['--min-free-disk', { minFreeDisk: '1 parsec' }],
    ['--min-free-disk', { minFreeDisk: -1 }],
    ['--min-free-disk', { minFreeDisk: '1constructor' }],
    ['--log-level', { logLevel: 'loud' }],
    ['--data', { data: '' }],
  ])('%s: %j', (option, options) => {
    const error = refused(options);
    expect(error).toMatchObject({ code: 'INVALID_CONFIGURATION', field: option });
    expect(error.message).toContain(option);
  });

  it('a variable too, and the message names it', () => {
    expect(refused({}, { ANNALS_UNSAFE: 'maybe' }).message).toContain('ANNALS_UNSAFE');
  });
});
