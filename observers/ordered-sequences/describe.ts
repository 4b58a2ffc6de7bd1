/** Each entry of a sequence's log as a sentence that an auditor can read without knowing the code. */
import { compensatingOf } from './resolve-target';
import { nameOf } from './steps';
import type {
  SequenceCreated,
  SequenceEntry,
  SequenceFailed,
  SequenceResolved,
  StepFailed,
  StepStarted,
} from './log-entry';
import type { DoneWhen } from '../../src/contract/sequence-document';
import type { SequenceState } from './sequence-state';

/** @param state of any moment: only names are taken from it. */
export function describe(entry: SequenceEntry, state: SequenceState): string {
  const step = 'step' in entry && entry.step !== null ? capital(nameOf(state.document, entry.step)) : '';
  switch (entry.type) {
    case 'SequenceCreated':
      return created(entry);
    case 'StepArrived':
      return `The event of ${nameOf(state.document, entry.step)} is on the log: ${entry.eventType} at number ${String(entry.sequenceNumber)}, about ${entry.eventSourceId}.`;
    case 'StepStarted':
      return `${step} ${begun(entry)}, attempt ${String(entry.attempt)}${entry.deadline === null ? '' : `, to be done by ${iso(entry.deadline)}`}.`;
    case 'StepProcessed':
      return `${step} is processed: ${DONE_BY[entry.doneWhen](entry.by)}${entry.output === null ? '' : `, with the output ${clipped(JSON.stringify(entry.output))}`}.`;
    case 'StepFailed':
      return stepFailed(step, entry);
    case 'SequenceCompleted':
      return 'The sequence is completed: every required step is processed or was passed by a person.';
    case 'SequenceFailed':
      return `The sequence has failed at ${nameOf(state.document, entry.step)}: ${entry.message} (${entry.code}). ${THEN[entry.then]}`;
    case 'RollbackRendered': {
      const { compensations, left } = entry;
      const appended = compensations.map((each) => `${compensatingOf(state, each.entry)} for ${each.eventSourceId}`);
      const out = left.map((each) => `${compensatingOf(state, each.entry)} is left out: ${each.why}`);
      const first =
        appended.length === 0 ? 'nothing is to be appended' : `to be appended in this order: ${appended.join(', ')}`;
      return `The rollback is rendered, ${[first, ...out].join('; ')}.`;
    }
    case 'RollbackStopped':
      return `The rollback has stopped at ${compensatingOf(state, entry.entry)} and waits for a person: ${entry.faults.join('; ')}.`;
    case 'CompensationAppended':
      return `${capital(compensatingOf(state, entry.entry))} is appended, at number ${String(entry.sequenceNumber)}.`;
    case 'RollbackCompleted':
      return 'The sequence is rolled back: every compensating event that applies is appended.';
    case 'SequenceResolved':
      return resolved(entry, state);
  }
}

function created({ document, depth }: SequenceCreated): string {
  const { name, version, events, rollback_strategy: strategy } = document;
  const caused = depth === 0 ? '' : `, ${String(depth)} sequences deep in what caused each other`;
  return `The sequence ${name} ${version} is created with ${counted(events.length, 'step')}${caused}; when a required one fails: ${strategy.type}.`;
}

/** Characters of an output in a sentence; the facts have all of it. */
const OUTPUT_LENGTH = 200;

const clipped = (text: string): string => (text.length <= OUTPUT_LENGTH ? text : `${text.slice(0, OUTPUT_LENGTH)}…`);

const counted = (count: number, word: string): string => `${String(count)} ${word}${count === 1 ? '' : 's'}`;

function begun({ doneWhen, processor }: StepStarted): string {
  switch (doneWhen) {
    case 'processed':
      return `is handed to the processor ${processor}`;
    case 'observed':
      return 'waits for its observer';
    case 'followed':
      return 'waits for the event that follows';
    case 'appended':
      return 'begins';
  }
}

const DONE_BY: Readonly<Record<DoneWhen, (by: string) => string>> = {
  processed: (by) => `the processor ${by} has answered`,
  appended: (by) => `its event ${by} is on the log, which is all it needs`,
  observed: (by) => `the observer ${by} has handled its event`,
  followed: (by) => `the event ${by} has followed`,
};

function stepFailed(step: string, { attempt, code, message, permanent, by, retryAt }: StepFailed): string {
  const who = by === '' ? '' : `, said by ${by}`;
  const said = `${step} failed at attempt ${String(attempt)}: ${message} (${code}${who})`;
  if (retryAt !== null) return `${said}; it is tried again at ${iso(retryAt)}.`;
  return `${said}; ${permanent ? 'trying again will not help' : 'no retry is left'}.`;
}

const THEN: Readonly<Record<SequenceFailed['then'], string>> = {
  rollback: 'What was processed is compensated.',
  person: 'It waits for a person.',
  end: 'Nothing more happens to it.',
};

function resolved(entry: SequenceResolved, state: SequenceState): string {
  const { action, who, why, step, entry: place } = entry;
  const about =
    step !== null
      ? ` ${nameOf(state.document, step)}`
      : place !== null
        ? ` ${compensatingOf(state, place)}`
        : ' the sequence';
  return [`${who} decided to ${action}${about}: ${why}.`, ...entry.consequences].join(' ');
}

const iso = (ms: number): string => new Date(ms).toISOString();
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
