/** The invoices told to a person. */
import { auditLine } from '../../src/cli/ordered/sequence-lines';
import { count, printable, type Colors } from '../../src/cli/terminal';
import { heading } from '../report';
import { BLOCKED, CANCELLED, sequenceOf } from './invoices';
import type { SagaStory } from './facts';

export interface SagaSurroundings {
  readonly colors: Colors;
  readonly columns: number;
  readonly connection: string;
  readonly folder: string;
  readonly kept: boolean;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

export const sagaReport = (story: SagaStory, around: SagaSurroundings): string[] => [
  ...killingLines(story, around),
  ...effectLines(story, around),
  ...rollbackLines(story, around),
];

function killingLines({ killing, invoices, settledMs }: SagaStory, around: SagaSurroundings): string[] {
  return [
    ...heading('Killed in the middle', around),
    `  kill -9 of the server, its database and the processors: ${killing.booked} of ${invoices.length} were booked`,
    `  the server listened again after ${seconds(killing.restartMs)}, and ${killing.settled} invoices were settled already`,
    `  all were settled ${seconds(settledMs)} later`,
    around.colors.dim('  (who owned the sequences is waited for, ten seconds at most: it might have lived)'),
  ];
}

function effectLines({ ledger, mailer }: SagaStory, around: SagaSurroundings): string[] {
  const line = (name: string, { asked, repeated, effects }: SagaStory['ledger']): string =>
    `  ${around.colors.cyan(name.padEnd(8))} asked ${count(asked)} times, did ${count(effects.length)} things; ${count(repeated)} requests were known by their key`;
  return [...heading('What the two services did', around), line('ledger', ledger), line('mailer', mailer)];
}

/** One that was rolled back, from its log. */
function rollbackLines({ invoices, audits, compensations }: SagaStory, around: SagaSurroundings): string[] {
  const invoice = invoices.find(({ content }) => content.customer === BLOCKED);
  if (invoice === undefined) return [];
  const { sequenceId } = sequenceOf(invoice);
  const event = compensations.find(({ type, eventSourceId }) => type === CANCELLED && eventSourceId === invoice.id);
  return [
    ...heading(`One that was rolled back: npx annals ordered audit ${sequenceId}`, around),
    ...(audits.get(sequenceId) ?? []).map((entry) => `  ${auditLine(entry, around.colors)}`),
    '',
    `  ${around.colors.yellow(CANCELLED)} ${printable(JSON.stringify(event?.content))}`,
  ];
}

/** Where the server is that is still there, and what to type. */
export function stillThere({ connection, folder, kept, colors }: SagaSurroundings): string[] {
  const dim = (text: string): string => colors.dim(text);
  return [
    '',
    colors.bold('The server is still there. In another terminal, in this folder:'),
    '',
    `  export ANNALS_URL=${connection}`,
    `  npx annals ordered list --archived               ${dim('every invoice, and how it ended')}`,
    `  npx annals ordered show seq_invoice-005          ${dim('one that was rolled back')}`,
    `  npx annals ordered statistics                    ${dim('which step fails, and why')}`,
    `  npx annals trace 'order of invoice-005'          ${dim('what caused what')}`,
    '',
    `  Ctrl-C here ends it${kept ? `; the log stays in ${folder}` : ' and removes its folder'}.`,
    '',
  ];
}

export function whatNext({ folder, kept, colors }: SagaSurroundings): string[] {
  const lines = kept
    ? [`  npx annals start --data ${folder}/invoices`, `  npx annals ordered list --archived`]
    : [
        `  npm run demo:sagas -- --keep                     ${colors.dim('the same, and the log stays')}`,
        `  npx annals ordered --help`,
      ];
  const title = kept ? `The log lies in ${folder}. Next:` : 'The folder of the demo is gone again. Next:';
  return ['', colors.bold(title), '', ...lines, ''];
}
