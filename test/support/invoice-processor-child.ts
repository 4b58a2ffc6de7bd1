/**
 * The processors of the invoice sequence in a process of their own, which dies where it is told to, without warning:
 * `invoice-processor-child ANNALS [POINT ORDER]`. The services that they ask are its parent's.
 */
import { connect, PermanentFailure } from '../../src/client';
import { invoiceHandlers, type Work } from './invoice-work';

/** Where it can die, while it works a step. */
export const PROCESSOR_POINTS = ['step received', 'effect done', 'before the answer', 'after the answer'] as const;
export type ProcessorPoint = (typeof PROCESSOR_POINTS)[number];

/** What the parent answers to a request with this id. */
export interface ServiceAnswer {
  readonly id: number;
  readonly done?: object;
  readonly failed?: { readonly message: string; readonly permanent: boolean };
}

/** Steps at a time: enough for hundreds of sequences to be at work. */
const CONCURRENCY = 64;

const [url = '', point = '', order = ''] = process.argv.slice(2);

const waiting = new Map<number, (answer: ServiceAnswer) => void>();
let serial = 0;

/** What is asked of another process, and has been done there when it is answered. */
const ask = async (work: Work): Promise<ServiceAnswer> =>
  new Promise((resolve) => {
    const id = ++serial;
    waiting.set(id, resolve);
    process.send?.({ id, work });
  });

const die = (): void => void process.kill(process.pid, 'SIGKILL');

async function handle(work: Work): Promise<object> {
  const dies = (at: ProcessorPoint) => at === point && String(work.order) === order;
  if (dies('step received')) die();
  const { done, failed } = await ask(work);
  if (dies('effect done')) die();
  // After the promises that make the answer, before the turn of the event loop that sends it; and after that.
  if (dies('before the answer')) process.nextTick(die);
  if (dies('after the answer')) setImmediate(() => setImmediate(die));
  if (failed === undefined) return done ?? {};
  throw failed.permanent ? new PermanentFailure(failed.message) : new Error(failed.message);
}

async function main(): Promise<void> {
  process.on('message', (answer: ServiceAnswer) => {
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  // Nobody would end it.
  process.once('disconnect', die);
  const processing = connect(url).orderedSequences.process(invoiceHandlers(handle), {
    name: 'child',
    concurrency: CONCURRENCY,
  });
  await processing.registered;
  process.send?.('registered');
  await processing.done;
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}
