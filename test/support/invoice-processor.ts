/** Starts processors of the invoice sequence in a process of their own; what they ask for is answered here. */
import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PermanentFailure } from '../../src/client';
import type { Exit } from './annals-process';
import type { ProcessorPoint, ServiceAnswer } from './invoice-processor-child';
import type { Work } from './invoice-work';

export interface InvoiceProcessor {
  /** Resolves when it is registered; rejects when it has ended before. */
  readonly registered: Promise<void>;
  readonly exited: Promise<Exit>;
  kill9(): Promise<Exit>;
}

/** @param at where it dies, working a step of this order; unless given, it lives. */
export function startInvoiceProcessor(
  connectionString: string,
  service: (work: Work) => Promise<object>,
  at?: { readonly point: ProcessorPoint; readonly order: number },
): InvoiceProcessor {
  const compiled = join(__dirname, '../../dist/test/support/invoice-processor-child.js');
  if (!existsSync(compiled)) throw new Error(`${compiled} is missing: run \`npm run build\` first`);
  const child = fork(compiled, [connectionString, ...(at === undefined ? [] : [at.point, String(at.order)])], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const answer = async (id: number, work: Work): Promise<ServiceAnswer> => {
    try {
      return { id, done: await service(work) };
    } catch (error) {
      return { id, failed: { message: (error as Error).message, permanent: error instanceof PermanentFailure } };
    }
  };
  const registered = new Promise<void>((resolve, reject) => {
    child.on('message', (message: 'registered' | { readonly id: number; readonly work: Work }) => {
      if (message === 'registered') return resolve();
      void answer(message.id, message.work).then((told) => {
        // It may be gone meanwhile.
        if (child.connected) child.send(told, () => undefined);
      });
    });
    void exited.then(() => reject(new Error('the processor has ended before it was registered')));
  });
  registered.catch(() => undefined);
  return {
    registered,
    exited,
    kill9: async () => {
      child.kill('SIGKILL');
      return exited;
    },
  };
}
