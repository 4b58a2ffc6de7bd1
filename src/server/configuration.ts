/** What a server is told, from options and environment, checked once; the option comes before the variable. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { AnnalsError } from '../kernel/annals-error';
import { DEFAULT_ADDRESS } from '../kernel/limits';

const MIB = 1024 * 1024;
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 1024,
  MIB,
  GIB: 1024 * MIB,
};

/** Room that the database keeps free: mongod aborts on a full disk, so appends are refused well before. */
const DEFAULT_MIN_FREE_DISK_BYTES = 256 * MIB;

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const HOST_PORT = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):(\d{1,5})$/;
const hostPort = z.string().refine((value) => Number(HOST_PORT.exec(value)?.[2] ?? Infinity) < 65_536, {
  error: 'is HOST:PORT with a port of 0 to 65535, such as 127.0.0.1:4400',
});

const bytes = z.union([z.number().nonnegative(), z.string()]).transform((value, context) => {
  if (typeof value === 'number') return value;
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-zA-Z]*)$/.exec(value.trim()) ?? [];
  const factor = UNITS[(unit ?? '?').toUpperCase()];
  if (amount !== undefined && factor !== undefined) return Math.floor(Number(amount) * factor);
  context.addIssue({ code: 'custom', message: 'is a number of bytes, such as 500MB or 1GiB' });
  return z.NEVER;
});

const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])])
  .transform((v) => v === true || v === 'true' || v === '1');

const schema = z.object({
  /** Where embedded MongoDB keeps its data. */
  dataFolder: z.string().min(1, 'is a folder'),
  listen: hostPort,
  /** Where others reach the server, when that is not where it listens. */
  advertise: hostPort.optional(),
  /** Somebody's own replica set; absent: an embedded one. */
  mongodbUrl: z
    .string()
    .regex(/^mongodb(\+srv)?:\/\//, 'starts with mongodb:// or mongodb+srv://')
    .optional(),
  unsafe: flag,
  minFreeDiskBytes: bytes,
  logLevel: z.enum(LOG_LEVELS),
});

export type Configuration = z.infer<typeof schema>;

/** The options of `annals start`, as the command line has them. */
export interface GivenOptions {
  readonly data?: string | undefined;
  readonly listen?: string | undefined;
  readonly mongodb?: string | undefined;
  readonly advertise?: string | undefined;
  readonly unsafe?: boolean | undefined;
  readonly minFreeDisk?: string | number | undefined;
  readonly logLevel?: string | undefined;
}

/** How a person names each setting: its option and its variable. */
const NAMES: Record<keyof Configuration, readonly [option: string, variable: string]> = {
  dataFolder: ['--data', 'ANNALS_DATA'],
  listen: ['--listen', 'ANNALS_LISTEN'],
  advertise: ['--advertise', 'ANNALS_ADVERTISE'],
  mongodbUrl: ['--mongodb', 'ANNALS_MONGODB_URL'],
  unsafe: ['--unsafe', 'ANNALS_UNSAFE'],
  minFreeDiskBytes: ['--min-free-disk', 'ANNALS_MIN_FREE_DISK'],
  logLevel: ['--log-level', 'ANNALS_LOG_LEVEL'],
};

/** @throws AnnalsError INVALID_CONFIGURATION, naming the option. */
export function readConfiguration(options: GivenOptions, env: NodeJS.ProcessEnv): Configuration {
  const given: Record<keyof Configuration, unknown> = {
    dataFolder: options.data,
    listen: options.listen,
    advertise: options.advertise,
    mongodbUrl: options.mongodb,
    unsafe: options.unsafe,
    minFreeDiskBytes: options.minFreeDisk,
    logLevel: options.logLevel,
  };
  const defaults: Partial<Record<string, unknown>> = {
    dataFolder: 'annals-data',
    listen: DEFAULT_ADDRESS,
    unsafe: false,
    minFreeDiskBytes: DEFAULT_MIN_FREE_DISK_BYTES,
    logLevel: 'info',
  };
  const settings = Object.fromEntries(
    Object.entries(NAMES).map(([key, [, variable]]) => [
      key,
      // An empty variable is how shells and compose files say that there is none.
      given[key as keyof Configuration] ?? (env[variable] || undefined) ?? defaults[key],
    ]),
  );
  const parsed = schema.safeParse(settings);
  if (parsed.success) return { ...parsed.data, dataFolder: resolve(parsed.data.dataFolder) };
  const [issue] = parsed.error.issues;
  const key = issue?.path[0] as keyof Configuration;
  const [option, variable] = NAMES[key];
  throw new AnnalsError('INVALID_CONFIGURATION', `${option} (${variable}) ${issue?.message ?? 'is not of its form'}`, {
    field: option,
    metadata: { actual: String(settings[key]) },
  });
}
