/** What is to be seen while a mongod is fetched: a bar on a terminal, now and then a log line elsewhere. */
import type { Logger } from 'pino';
import type { ServerConfig } from '../server/start';
import { bar, megabytes, ProgressLine } from './terminal';

type Progress = Parameters<NonNullable<ServerConfig['onProgress']>>[0];

/** Milliseconds between two log lines of one download. */
const LOG_EVERY_MS = 5_000;

export interface StartProgress {
  show(progress: Progress): void;
  end(): void;
}

export function startProgress(human: boolean, logger: Logger): StartProgress {
  return human ? onTerminal() : inLog(logger);
}

function onTerminal(): StartProgress {
  const line = new ProgressLine();
  return {
    show: (progress) => {
      if (progress.kind === 'bytes') line.show(() => `  ${progress.what}  ${bar(progress.done, progress.total)}`);
      else {
        line.clear();
        process.stderr.write(`  ${progress.text}\n`);
      }
    },
    end: () => line.clear(),
  };
}

function inLog(logger: Logger): StartProgress {
  let logged = performance.now();
  return {
    show: (progress) => {
      if (progress.kind === 'step') logger.info(progress.text);
      else if (performance.now() - logged > LOG_EVERY_MS) {
        logged = performance.now();
        const { what, done, total } = progress;
        logger.info(
          { done, total },
          `${what}: ${megabytes(done)}${total === undefined ? '' : ` of ${megabytes(total)}`}`,
        );
      }
    },
    end: () => undefined,
  };
}
