/** `annals diagnose`: is all well, and which command comes next when not. */
import type { Command } from 'commander';
import type { Annals } from '../client';
import { AnnalsError } from '../kernel/annals-error';
import { addStoreOptions, connectionUrl, withAnnals, type StoreOptions } from './connection-options';
import { Exit, exitCodeOf } from './exit-codes';
import type { Invocation } from './invocation';
import { COMMAND, printable, type Colors } from './terminal';

type Health = 'ok' | 'warning' | 'failing';

interface Finding {
  readonly subject: string;
  readonly health: Health;
  readonly message: string;
  readonly remedy?: string;
}

/** Milliseconds that two clocks may lie apart before somebody should look: an order above a bad NTP. */
const CLOCK_SKEW_MS = 2_000;

const EXAMPLES = `
Examples:
  annals diagnose
  annals diagnose --store orders                      also: is the store there
  annals diagnose --json && echo well                 exit code 0 means that nothing fails`;

export function addDiagnose(program: Command, invocation: Invocation): void {
  const command = program
    .command('diagnose')
    .description('look at the server, its database, its disk and its clock, and say what to do next')
    .addHelpText('after', EXAMPLES)
    .action((options: StoreOptions) => diagnose(options, invocation));
  addStoreOptions(command);
}

async function diagnose(options: StoreOptions, invocation: Invocation): Promise<void> {
  const { output, colors } = invocation;
  const url = connectionUrl(options, process.env);
  const { findings, exit } = await findingsAt(options, url);
  if (options.json === true) {
    for (const finding of findings) await output.line(JSON.stringify(finding));
  } else {
    for (const finding of findings) for (const line of findingLines(finding, colors)) await output.line(line);
    await output.line(conclusion(findings, colors));
  }
  invocation.exitCode = exit;
}

async function findingsAt(options: StoreOptions, url: string): Promise<{ findings: Finding[]; exit: Exit }> {
  try {
    const findings = await withAnnals(options, (annals) => findingsOf(annals, url));
    const failing = findings.find((finding) => finding.health === 'failing');
    return { findings, exit: failing === undefined ? Exit.OK : Exit.FAILED };
  } catch (error) {
    if (!(error instanceof AnnalsError) || exitCodeOf(error) !== Exit.UNREACHABLE) throw error;
    return { findings: [notReached(error, url)], exit: Exit.UNREACHABLE };
  }
}

async function findingsOf(annals: Annals, url: string): Promise<Finding[]> {
  const info = await annals.server.info();
  const sent = Date.now();
  const seen = await annals.server.diagnose();
  const received = Date.now();
  const database = `MongoDB ${info.mongodbVersion}${info.mongodbEmbedded ? `, its own, data in ${info.dataFolder}` : ''}`;
  return [
    { subject: 'server', health: 'ok', message: `Annals ${info.version} answers at ${info.address}; ${database}` },
    ...seen.findings.map(fromServer),
    clockFinding(seen.now.getTime(), sent, received),
    await storeFinding(annals, url),
  ];
}

function fromServer(finding: { subject: string; health: string; message: string; remedy: string }): Finding {
  const { subject, message, remedy } = finding;
  const health = finding.health === 'ok' || finding.health === 'warning' ? finding.health : 'failing';
  return { subject, health, message, ...(remedy === '' ? {} : { remedy }) };
}

/** The server's clock beside ours: what lies between sending and receiving is no difference. */
export function clockFinding(server: number, sent: number, received: number): Finding {
  const skew = server < sent ? sent - server : Math.max(0, server - received);
  const subject = 'clock here';
  if (skew <= CLOCK_SKEW_MS) return { subject, health: 'ok', message: "this machine's clock and the server's agree" };
  return {
    subject,
    health: 'warning',
    message: `this machine's clock and the server's are ${(skew / 1000).toFixed(1)} s apart`,
    remedy: 'Let NTP set both (`timedatectl set-ntp true`). No order depends on it, but the times of events do.',
  };
}

async function storeFinding(annals: Annals, url: string): Promise<Finding> {
  try {
    const sequences = await annals.listSequences();
    const events = sequences.reduce((sum, { tail }) => sum + (tail === undefined ? 0 : tail + 1), 0);
    return {
      subject: 'store',
      health: 'ok',
      message: `it is there, with ${events} events in ${sequences.length} sequences`,
    };
  } catch (error) {
    if (!(error instanceof AnnalsError)) throw error;
    return { subject: 'store', health: 'failing', message: `${error.message} (${url})`, remedy: error.remedy };
  }
}

const notReached = (error: AnnalsError, url: string): Finding => ({
  subject: 'server',
  health: 'failing',
  message: `nobody answers at ${url}: ${error.message}`,
  remedy: `Start one with \`${COMMAND} start\`, or name where it is with --server annals://HOST:PORT.`,
});

const MARKS: Readonly<Record<Health, (colors: Colors) => string>> = {
  ok: (colors) => colors.green('✓'),
  warning: (colors) => colors.yellow('!'),
  failing: (colors) => colors.red('✗'),
};

function findingLines({ subject, health, message, remedy }: Finding, colors: Colors): string[] {
  const line = `${MARKS[health](colors)} ${colors.bold(subject.padEnd(11))} ${printable(message)}`;
  return remedy === undefined ? [line] : [line, `${' '.repeat(13)} → ${printable(remedy)}`];
}

function conclusion(findings: readonly Finding[], colors: Colors): string {
  const worst =
    findings.find(({ health }) => health === 'failing') ?? findings.find(({ health }) => health === 'warning');
  if (worst === undefined) return colors.dim(`All is well. Next: ${COMMAND} follow`);
  return `${worst.health === 'failing' ? 'Something fails' : 'It works, but look at this'}: ${worst.subject}.`;
}
