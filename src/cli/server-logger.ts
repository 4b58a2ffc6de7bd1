/** The server's log: JSON lines for programs and containers, readable lines on a terminal. */
import pino, { type Logger } from 'pino';
import type { Colors } from './terminal';

/** A logger to stdout. With `colors` it writes for a person, otherwise JSON with times in ISO form. */
export async function serverLogger(level: string, colors: Colors | undefined): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (colors === undefined) return pino({ ...options, formatters: { level: (label) => ({ level: label }) } });
  // Loaded here: in containers nobody needs it, and a server is there sooner without it.
  const { default: pretty } = await import('pino-pretty');
  const stream = pretty({
    colorize: colors.isColorSupported,
    translateTime: 'HH:MM:ss',
    ignore: 'pid,hostname',
    sync: true,
  });
  return pino(options, stream);
}
