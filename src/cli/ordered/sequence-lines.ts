/** An ordered sequence as a person sees it, and as a program does: pure. */
import type { AuditEntry, CompensationInfo, OrderedSequenceInfo, StepInfo } from '../../client';
import { span } from '../span';
import { table } from '../table';
import { clip, printable, type Colors } from '../terminal';

const HEADING = ['SEQUENCE', 'NAME', 'VERSION', 'STATUS', 'PHASE', 'STEPS', 'UPDATED'];

/** Signs of a reason or a message in its line. */
const TEXT_LENGTH = 200;

/** One row for each; why it waits is said behind its row. */
export function sequenceTable(sequences: readonly OrderedSequenceInfo[], colors: Colors): string[] {
  const rows = sequences.map((sequence) => {
    const { document } = sequence;
    return [
      document.sequenceId,
      document.name,
      document.version,
      document.status,
      phaseWords(sequence),
      progressOf(sequence),
      document.updated_at ?? document.created_at ?? '-',
    ];
  });
  const [heading = '', ...lines] = table(HEADING, rows, colors);
  return [
    heading,
    ...lines.flatMap((line, i) => {
      const sequence = sequences[i];
      if (sequence === undefined) return [];
      const reason = sequence.reason === '' ? [] : [`  ${clip(printable(sequence.reason), TEXT_LENGTH)}`];
      return sequence.phase === 'needs-person' ? [line, ...reason].map(colors.red) : [line, ...reason];
    }),
  ];
}

const phaseWords = ({ phase, paused, outcome }: OrderedSequenceInfo): string =>
  outcome ?? (paused ? `${phase}, paused` : phase);

/** `2/3`: how many are processed, or were passed. */
const progressOf = ({ steps }: OrderedSequenceInfo): string =>
  `${steps.filter(({ status, skipped }) => status === 'processed' || skipped).length}/${steps.length}`;

/** Everything of one. */
export function sequenceLines(sequence: OrderedSequenceInfo, colors: Colors): string[] {
  const { document, archived } = sequence;
  const { metadata } = document;
  const tags = Object.entries(metadata.tags).map(([key, value]) => `${key}=${value}`);
  const facts: [string, string][] = [
    ['name', `${document.name} ${document.version}`],
    ['status', `${document.status}, ${phaseWords(sequence)}`],
    ['reason', sequence.reason],
    ['source', `${metadata.source.type} ${metadata.source.name} ${metadata.source.id}`.trim()],
    ['correlation', metadata.correlationId],
    ['causation', metadata.causationId],
    ['tags', tags.join(' ')],
    ['rollback', `${document.rollback_strategy.type}, ${document.rollback_strategy.max_retries} retries at most`],
    ['created', document.created_at ?? ''],
    ['completed', document.completed_at ?? ''],
    ['archived', archived === undefined ? '' : `under ${archived}`],
  ];
  const told = facts.filter(([, value]) => value !== '');
  const width = Math.max(...told.map(([name]) => name.length));
  return [
    colors.bold(printable(document.sequenceId)),
    ...told.map(([name, value]) => `  ${colors.dim(name.padEnd(width))}  ${printable(value)}`),
    ...stepLines(sequence, colors),
    ...sequence.compensations.map((one) => compensationLine(one, colors)),
  ];
}

const STEP_HEADING = ['ORDER', 'EVENT', 'TYPE', 'REQUIRED', 'STATUS', 'DONE WHEN', 'ATTEMPTS', 'NOTE'];

export function stepLines({ steps, document }: OrderedSequenceInfo, colors: Colors): string[] {
  const rows = steps.map((step, i) => [
    String(step.order),
    step.eventId,
    step.eventType ?? '-',
    document.events[i]?.required === false ? 'no' : 'yes',
    step.status,
    step.doneWhen ?? '-',
    String(step.attempts),
    clip(stepNote(step), TEXT_LENGTH),
  ]);
  const [heading = '', ...lines] = table(STEP_HEADING, rows, colors);
  return [heading, ...lines.map((line, i) => (steps[i]?.status === 'failed' ? colors.red(line) : line))];
}

function stepNote({ error, skipped, nextAttempt, sequenceNumber, status, started }: StepInfo): string {
  const notes = [
    skipped ? 'passed' : '',
    error === undefined ? '' : `${error.code}: ${error.message}`,
    nextAttempt === undefined ? '' : `again at ${nextAttempt.toISOString()}`,
    sequenceNumber === undefined ? 'its event has not come' : '',
    status === 'pending' && started !== undefined ? `at work since ${span(Date.now() - started.getTime())}` : '',
  ];
  return notes.filter((note) => note !== '').join('; ');
}

const compensationLine = (one: CompensationInfo, colors: Colors): string => {
  const at = one.sequenceNumber === undefined ? 'is to be appended' : `is at ${one.sequence} ${one.sequenceNumber}`;
  return `  ${colors.yellow('compensation')} ${printable(one.eventType)} ${at}  ${printable(JSON.stringify(one.content))}`;
};

export function auditLine({ recorded, type, text, who, why }: AuditEntry, colors: Colors): string {
  const person = who === '' ? '' : `  (${who}${why === '' ? '' : `: ${why}`})`;
  return `${colors.dim(recorded.toISOString())}  ${type.padEnd(20)}  ${printable(`${text}${person}`)}`;
}

/** What scripts get: as the client has it, with nulls where there is nothing. */
export const sequenceJson = (sequence: OrderedSequenceInfo): string =>
  JSON.stringify({
    ...sequence,
    outcome: sequence.outcome ?? null,
    archived: sequence.archived ?? null,
  });
