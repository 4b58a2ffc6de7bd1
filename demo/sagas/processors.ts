/**
 * The program that works the steps, in a process of its own that is killed on the way: it books at the ledger and has
 * the mailer send, each over HTTP and under the step's idempotency key.
 */
import { connect, PermanentFailure, type Step } from '../../src/client';
import { ACCOUNTING, NOTICE, type InvoiceContent } from './invoices';

const [, , connection = '', ledger = '', mailer = ''] = process.argv;

/** What the service made of it. @throws PermanentFailure when it never will. */
async function ask(url: string, { event, idempotencyKey, signal }: Step): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify(event.content),
    signal,
  });
  // As the service answers.
  const { id, message } = (await response.json()) as { id?: string; message?: string };
  if (response.status === 409) throw new PermanentFailure(message);
  if (id === undefined) throw Object.assign(new Error(message), { code: `http.${response.status}` });
  return id;
}

const annals = connect(connection);
const processing = annals.orderedSequences.process(
  {
    [ACCOUNTING]: async (step) => {
      // Every event of this type was appended with this content.
      const { invoice_id } = step.event.content as unknown as InvoiceContent;
      return { entry_id: await ask(ledger, step), invoice_id };
    },
    [NOTICE]: async (step) => ({ notice_id: await ask(mailer, step) }),
  },
  { name: `processor ${process.pid}` },
);

process.once('SIGTERM', () => {
  void annals.close();
});

async function main(): Promise<void> {
  await processing.registered;
  process.stdout.write('ready\n');
  await processing.done;
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
