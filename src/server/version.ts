import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The package's folder, seen from the sources and from `dist`. */
const ROOTS = ['../..', '../../..'];

/** The version of this package. */
export const VERSION: string =
  ROOTS.flatMap((up) => {
    try {
      const { version } = JSON.parse(readFileSync(join(__dirname, up, 'package.json'), 'utf8')) as { version?: string };
      return version ?? [];
    } catch {
      return [];
    }
  })[0] ?? 'unknown';
