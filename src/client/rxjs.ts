/**
 * rxjs, loaded when somebody first asks for an Observable: its 250 files are a fifth of the time in which a process that
 * only iterates, as the `annals` command does, is ready.
 */
import type * as Rxjs from 'rxjs';

export function rxjs(): typeof Rxjs {
  // Node keeps what it has loaded. An `import` would load it with this file, or make Observables come later.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  return require('rxjs') as typeof Rxjs;
}
